import assert from "node:assert/strict";
import { setMaintenance } from "../../../../infra/live/patroni/maintenance";
import { planReinit, reinit } from "../../../../infra/live/patroni/reinit";
import { choose } from "../../../../ops/commands/restart";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

let fake: FakePatroni | undefined;
const close = () => fake?.close();

describe("pgha reinit", function () {
  this.timeout(15_000);
  afterEach(close);
  const known = (name: string, role: string, state: string) => ({ name, role, state, lag: 0 });
  async function plan(name: string, states: string[], { force = false, lost = [] as string[] } = {}) {
    const members = states.map((state, index) => known(`postgres-${index + 1}`, index ? "replica" : "leader", state));
    const answers = (own: string): Answers => ({ "GET /cluster": { members }, "GET /config": {}, "GET /patroni": { patroni: { name: own } } });
    fake = await fakePatroni(Object.fromEntries(members.map((member) => [member.name, lost.includes(member.name) ? undefined : answers(member.name)])));
    return planReinit(fake.control, name, force).finally(() => fake!.close());
  }

  it("takes a standby that does not stream, or one of several that do", async () => {
    assert.equal((await plan("postgres-2", ["running", "running"])).name, "postgres-2");
    assert.equal((await plan("postgres-2", ["running", "streaming", "streaming"])).name, "postgres-2");
  });

  it("refuses the primary, a stranger, who does not answer, and the last copy beside the primary's", async () => {
    await assert.rejects(plan("postgres-1", ["running", "streaming"]), /postgres-1 is the primary/);
    await assert.rejects(plan("postgres-9", ["running", "streaming"]), /no member postgres-9; there are postgres-1, postgres-2/);
    await assert.rejects(plan("postgres-2", ["running", "running"], { lost: ["postgres-2"] }), /does not answer: start it first/);
    await assert.rejects(plan("postgres-2", ["running", "running"], { lost: ["postgres-1"] }), /no primary to copy from/);
    await assert.rejects(plan("postgres-2", ["running", "streaming", "running"]), /last standby that streams/);
    assert.ok(await plan("postgres-2", ["running", "streaming", "running"], { force: true }));
  });

  it("is done when another server process streams, not while the one before still does", async () => {
    const states = [
      { state: "running", replication_state: "streaming", postmaster_start_time: "before" }, // asked before
      { state: "running", replication_state: "streaming", postmaster_start_time: "before" },
      { state: "creating replica" },
      { state: "running", replication_state: "streaming", postmaster_start_time: "after" },
    ];
    let asked = 0;
    fake = await fakePatroni({ "postgres-2": { "GET /patroni": () => states[Math.min(asked++, 3)], "POST /reinitialize": [200, "reinitialize started"] } });
    const words: string[] = [];
    const member = { name: "postgres-2", address: fake.control.patroni[0], primary: false, state: "streaming", synchronous: true, barred: false, priority: 1 };
    await reinit(fake.control, member, 30, (text) => words.push(text.replace(/,.*/, "")));
    assert.deepEqual([asked, words], [4, ["postgres-2: streaming", "postgres-2: creating replica"]]);
    assert.deepEqual(fake.commands, ['postgres-2 POST /reinitialize {"force":true}']);
  });
});

describe("pgha pause and resume", () => {
  afterEach(close);
  it("change the cluster's configuration once, and wait until the members know", async () => {
    const config: { pause?: boolean } = {};
    let asked = 0;
    fake = await fakePatroni({
      "postgres-1": {
        "GET /config": () => ({ ...config }),
        "PATCH /config": ({ pause }) => ((config.pause = pause === true), {}),
        "GET /patroni": () => ({ patroni: { name: "postgres-1" }, ...(asked++ > 0 && config.pause ? { pause: true } : {}) }),
      },
    });
    assert.equal(await setMaintenance(fake.control, true), true);
    assert.ok(asked > 1);
    assert.equal(await setMaintenance(fake.control, true), false, "as before");
    assert.equal(await setMaintenance(fake.control, false), true);
    assert.deepEqual(fake.commands, ['postgres-1 PATCH /config {"pause":true}', 'postgres-1 PATCH /config {"pause":null}']);
  });
});

describe("pgha restart", () => {
  const member = (name: string) => ({ name, address: { host: "h", port: 1 }, primary: false, waits: false, paused: false, seen: 0 });
  it("takes one that is named, or all of them while none is away", () => {
    const both = [member("postgres-1"), member("postgres-2")];
    assert.equal(choose(both, 0).length, 2);
    assert.deepEqual(choose(both, 1, "postgres-2").map(({ name }) => name), ["postgres-2"]);
    assert.throws(() => choose(both, 1), /only postgres-1, postgres-2 answer/);
    assert.throws(() => choose(both, 0, "postgres-3"), /no member postgres-3 answers; there answer postgres-1, postgres-2/);
  });
});
