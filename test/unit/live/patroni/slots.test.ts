import assert from "node:assert/strict";
import { awaitSwitchover, NoCopy, planSwitchover, SwitchoverOptions } from "../../../../infra/live/patroni/switchover";
import { leaveLeadership } from "../../../../infra/live/patroni/leaveLeadership";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

const warehouse = { name: "warehouse", database: "app", active: false, unreadSince: "2026-01-02T03:04:05Z" };
const has = (...slots: object[]) => ({ slots });

describe("logical slots in a planned change", () => {
  let fake: FakePatroni | undefined;
  afterEach(() => fake?.close());

  /** A primary postgres-1 and two standbys, each with what its Patroni says of its slots: nothing where it is of an older version. */
  async function cluster(...slots: (Answers[string] | undefined)[]) {
    let looks = 0;
    const known = [1, 2, 3].map((n) => ({ name: `postgres-${n}`, role: n === 1 ? "leader" : "quorum_standby", state: n === 1 ? "running" : "streaming", lag: 0 }));
    const answers = (n: number): Answers => ({
      "GET /cluster": { members: known },
      "GET /config": { synchronous_mode: "quorum" },
      "GET /readiness": {},
      // The primary is late with its second answer
      "GET /patroni": () => (n === 1 && looks++ === 1 ? [503, "late"] : { patroni: { name: `postgres-${n}` } }),
      "GET /slots": slots[n - 1] ?? { state: "running", role: "primary" },
    });
    fake = await fakePatroni(Object.fromEntries([1, 2, 3].map((n) => [`postgres-${n}`, answers(n)])));
    return fake.control;
  }
  const successor = async (options: SwitchoverOptions, ...slots: Answers[string][]) => (await planSwitchover(await cluster(...slots), options)).to.name;

  it("go to a standby that has a ready copy of each, whoever is preferred", async () => {
    assert.equal(await successor({ prefer: ["postgres-2"] }, has(warehouse), has(), has(warehouse)), "postgres-3");
    assert.equal(await successor({ force: true, prefer: ["postgres-2"] }, has(warehouse), has(), has(warehouse)), "postgres-3");
  });

  it("that no standby has are named, with who does not read them and both ways out, and given up only by force", async () => {
    const says = /"warehouse" of database app, which nobody has read since 2026-01-02T03:04:05Z.*read on.*SELECT pg_drop_replication_slot\('warehouse'\)/;
    const control = await cluster(has(warehouse), has(), has());
    await assert.rejects(planSwitchover(control, {}), (error: Error) => error instanceof NoCopy && says.test(error.message));
    await assert.rejects(leaveLeadershipAtOnce(control), says);
    assert.equal((await planSwitchover(control, { force: true, prefer: ["postgres-2"] })).to.name, "postgres-2");
    assert.deepEqual(fake!.commands, []);
  });
  // The second in the row, a standby, goes first: nothing is replaced before the primary's turn fails
  const leaveLeadershipAtOnce = (control: FakePatroni["control"]) =>
    leaveLeadership({ name: "postgres-2", order: ["postgres-2", "postgres-3", "postgres-1"] }, control, 0);

  it("are waited for as long as a copy is on its way", async () => {
    let asked = 0;
    const control = await cluster(has(warehouse), () => has(...(asked++ < 2 ? [] : [warehouse])), has());
    const said: string[] = [];
    const { to } = await awaitSwitchover(control, { progress: (text) => said.push(text) }, 0, 30);
    assert.deepEqual([to.name, said], ["postgres-2", ["waiting for up to 30 s until a standby has a copy of every logical slot"]]);
  });

  it("hold up nobody where members are of a version that does not tell of them", async () => {
    assert.equal(await successor({ prefer: ["postgres-2"] }), "postgres-2");
    assert.equal(await successor({ to: "postgres-2" }, has(warehouse)), "postgres-2");
  });
});
