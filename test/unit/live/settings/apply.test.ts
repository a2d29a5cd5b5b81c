import assert from "node:assert/strict";
import { applySettings } from "../../../../infra/live/settings/apply";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

const live = { loop_wait: 0, synchronous_mode_strict: true, postgresql: { parameters: { work_mem: "4MB", max_connections: "200" } } };
/** Reads from etcd at every question. */
let reads = 0;
const state = (name: string, waits = false) => ({ patroni: { name }, role: "replica", dcs_last_seen: ++reads, ...(waits && { pending_restart: true }) });
const member = (name: string, more: Answers = {}): Answers => ({
  "GET /patroni": () => state(name), "GET /config": live, "PATCH /config": {}, "GET /readiness": {}, "POST /restart": {}, ...more,
});

describe("a change of the settings while members are away", function () {
  this.timeout(15_000);
  let fake: FakePatroni;
  afterEach(() => fake.close());

  async function change(members: Record<string, Answers | undefined>, wanted: object) {
    fake = await fakePatroni(members);
    await applySettings({ control: fake.control, version: 18, configuration: { ...live, ...wanted }, accessRules: [], drift: [] }, live);
    return fake.commands;
  }

  it("is made where it restarts nothing: the one that lets a strict cluster write again, too", async () => {
    const commands = await change({ "postgres-2": undefined, "postgres-1": member("postgres-1"), "postgres-3": undefined }, { synchronous_mode_strict: false });
    assert.deepEqual(commands, ['postgres-1 PATCH /config {"synchronous_mode_strict":false}']);
  });

  it("is refused before anything is touched where it needs a restart", async () => {
    const wanted = { postgresql: { parameters: { ...live.postgresql.parameters, max_connections: "300" } } };
    await assert.rejects(change({ "postgres-1": member("postgres-1"), "postgres-2": undefined }, wanted),
      /Patroni at 127.0.0.1:\d+ does not answer, and postgresql.parameters.max_connections needs a restart.*Nothing was changed/);
    assert.deepEqual(fake.commands, []);
  });

  it("restarts nobody, though a restart is waited for", async () => {
    const waiting = member("postgres-1", { "GET /patroni": () => state("postgres-1", true) });
    const commands = await change({ "postgres-1": waiting, "postgres-2": undefined }, { synchronous_mode_strict: false });
    assert.equal(commands.length, 1, commands.join());
  });

  it("restarts one after the other where all are there, and is taken back when one does not come back", async () => {
    let waits = true;
    const patient = (answer: Answers[string]) => member("postgres-1", { "GET /patroni": () => state("postgres-1", waits), "POST /restart": answer });
    const wanted = { postgresql: { parameters: { ...live.postgresql.parameters, max_connections: "300" } } };
    const commands = await change({ "postgres-1": patient(() => ((waits = false), {})) }, wanted);
    assert.deepEqual(commands.map((each) => each.split(" ")[2]), ["/config", "/restart"]);
    fake.close();
    waits = true;
    await assert.rejects(change({ "postgres-1": patient([503, "still starting"]) }, wanted), /still starting/);
    assert.match(fake.commands[2], /PATCH \/config .*"max_connections":"200"/);
  });

  it("restarts a busy one, too, that reads its settings late", async () => {
    let asked = 0;
    const busy = member("postgres-1", {
      // Its clock stands still for the first questions; what it has read it has put into force when it reads again
      "GET /patroni": () => ({ ...state("postgres-1", ++asked > 20 && asked < 23), dcs_last_seen: Math.max(0, asked - 18) }),
    });
    const commands = await change({ "postgres-1": busy }, { postgresql: { parameters: { ...live.postgresql.parameters, max_connections: "300" } } });
    assert.deepEqual(commands.map((each) => each.split(" ")[2]), ["/config", "/restart"]);
  });

  it("goes on where a standby has restarted by itself meanwhile: Patroni refuses, and nothing waits there any more", async () => {
    let waits = true;
    const ahead = member("postgres-1", { "GET /patroni": () => state("postgres-1", waits), "POST /restart": () => ((waits = false), [503, "restart conditions are not satisfied"]) });
    const commands = await change({ "postgres-1": ahead }, { postgresql: { parameters: { ...live.postgresql.parameters, max_connections: "300" } } });
    assert.deepEqual(commands.map((each) => each.split(" ")[2]), ["/config", "/restart"]);
  });
});
