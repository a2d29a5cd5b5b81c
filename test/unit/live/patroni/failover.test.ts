import assert from "node:assert/strict";
import { describeLoss, planFailover } from "../../../../infra/live/patroni/failover";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

const NAMES = ["postgres-1", "postgres-2", "postgres-3"];

/** As Patroni 4.1.5 answers while nobody is primary. `lag`: of what the last primary made known every loop_wait. */
function standby(name: string, received: number | undefined, mode: string, role: string): Answers {
  const known = { "postgres-1": { name: "postgres-1", role: "replica", state: "stopped", lag: "unknown" } };
  const others = ["postgres-2", "postgres-3"].map((each) => ({ name: each, role, state: "running", lag: 0, replay_lag: 0 }));
  return {
    "GET /cluster": { members: [...Object.values(known), ...others] },
    "GET /config": { synchronous_mode: mode },
    "GET /patroni": { patroni: { name }, ...(received === undefined ? {} : { xlog: { received_location: received } }) },
    "GET /primary": [503, "{}"],
  };
}

describe("what a failover may lose", () => {
  let fake: FakePatroni | undefined;
  afterEach(() => fake?.close());
  const plan = async (members: Record<string, Answers | undefined>) => planFailover((fake = await fakePatroni(members)).control, "postgres-2", NAMES);
  const lost = { "postgres-1": undefined };

  it("in a quorum is never said to be nothing while one of its voters cannot be asked", async () => {
    const found = await plan({ ...lost, "postgres-2": standby("postgres-2", 100, "quorum", "quorum_standby"), "postgres-3": undefined });
    assert.equal(found.complete, false);
    assert.match(describeLoss(found), /may be another one: acknowledged rows may be lost for good\npostgres-1 and postgres-3 cannot be asked\n.*overwritten when they return/);
  });

  it("counts a member that etcd has forgotten among those that cannot be asked", async () => {
    const forgotten: Answers = { ...standby("postgres-2", 100, "quorum", "quorum_standby"), "GET /cluster": { members: [{ name: "postgres-2", role: "quorum_standby", state: "running", lag: 0 }] } };
    assert.deepEqual((await plan({ ...lost, "postgres-2": forgotten, "postgres-3": undefined })).unasked, ["postgres-1", "postgres-3"]);
  });

  it("is told by what each has received now: the lag behind the last known position is 0 for both", async () => {
    const found = await plan({ ...lost, "postgres-2": standby("postgres-2", 100, "quorum", "quorum_standby"), "postgres-3": standby("postgres-3", 177, "quorum", "quorum_standby") });
    assert.match(describeLoss(found), /lost for good\npostgres-3 has 77 bytes more\npostgres-1 cannot be asked/);
  });

  it("in a quorum is nothing where every other member is asked and none has more", async () => {
    const members = Object.fromEntries(NAMES.map((name) => [name, standby(name, 100, "quorum", "quorum_standby")]));
    const found = await plan(members);
    assert.ok(found.complete);
    assert.match(describeLoss(found), /every member was asked and none has more: no acknowledged row should be missing$/);
    fake!.close();
    assert.ok(!(await plan({ ...members, "postgres-3": standby("postgres-3", undefined, "quorum", "quorum_standby") })).complete, "one that does not say");
    fake!.close();
    fake!.close();
    const others = Object.fromEntries(NAMES.map((name) => [name, standby(name, 100, "quorum", "replica")]));
    assert.ok(!(await plan(others)).complete, "not a voter");
  });

  it("in mode priority is nothing on a synchronous standby, and may be anything on another", async () => {
    const alone = (role: string, mode = "on") => plan({ ...lost, "postgres-2": standby("postgres-2", 100, mode, role), "postgres-3": undefined });
    assert.match(describeLoss(await alone("sync_standby")), /commits waited for it: no acknowledged row should be missing/);
    fake!.close();
    assert.match(describeLoss(await alone("replica")), /not a synchronous standby: acknowledged rows may be lost for good/);
    fake!.close();
    assert.match(describeLoss(await alone("replica", "off")), /acknowledged rows may be lost for good/);
  });

  it("is not asked for while a primary is well", async () => {
    const primary: Answers = { ...standby("postgres-1", 100, "quorum", "quorum_standby"), "GET /primary": {} };
    await assert.rejects(plan({ "postgres-1": primary, "postgres-2": standby("postgres-2", 100, "quorum", "quorum_standby") }), /postgres-1 is the primary and is well/);
  });
});
