import * as assert from "node:assert";
import { codeOf } from "../../../ops/commands/status";
import { nextRun } from "../../../ops/status/maintenance";
import { Evidence, judge } from "../../../ops/status/verdict";
import { healthy, primary, silent, standby } from "./evidence";

const third = { ...standby, name: "postgres-3" };
const judgeWith = (change: Partial<Evidence>) => judge({ ...healthy(), ...change });
const onlyProblem = (change: Partial<Evidence>, expected: RegExp) => {
  const { level, problems } = judgeWith(change);
  assert.strictEqual(level, "degraded");
  assert.strictEqual(problems.length, 1, problems.join("\n"));
  assert.match(problems[0], expected);
};

describe("pgha status: the verdict", () => {
  it("says in one line that all is well", () => {
    const { level, summary, problems } = judge(healthy());
    assert.deepStrictEqual({ level, problems }, { level: "healthy", problems: [] });
    assert.strictEqual(summary, "healthy: primary postgres-1, 2 standbys streaming, any 1 of 2 synchronous");
    const one = [primary, { ...standby, sync: "synchronous" as const }, { ...third, sync: "asynchronous" as const }];
    assert.match(judgeWith({ members: one, replication: { mode: "priority", synchronousStandbys: 1 } }).summary, /, 1 synchronous$/);
    assert.match(judgeWith({ replication: { mode: "asynchronous", synchronousStandbys: 1 } }).summary, /, asynchronous$/);
  });

  it("tells no primary from no answer at all", () => {
    const none = judgeWith({ members: [silent({ ...primary }), standby, third] });
    assert.strictEqual(none.level, "no primary");
    assert.strictEqual(none.summary, "no primary: 2 standbys streaming");
    // What etcd still says of a member that does not answer makes it no primary.
    const stopped = judgeWith({ members: [{ ...primary, state: "stopped" }, { ...standby, state: "starting" }] });
    assert.strictEqual(stopped.summary, "no primary: nobody takes writes");
    const all = judgeWith({ members: [primary, standby, third].map(silent) });
    assert.deepStrictEqual([all.level, all.problems.length], ["unreachable", 4], all.problems.join("\n"));
  });

  it("sees jobs that fail, stand still or are late, and tables that run out of partitions", () => {
    const { jobs: [job], tables: [table] } = healthy().maintenance!;
    const withJob = (change: object) => ({ maintenance: { jobs: [{ ...job, ...change }], tables: [table] } });
    onlyProblem(withJob({ failures: 3, message: "no room" }), /pgha-maintenance failed 3 times in a row: no room/);
    onlyProblem(withJob({ active: false }), /switched off/);
    const up = (since: string) => ({ members: [{ ...primary, startedAt: since }, standby, third] });
    const late = withJob({ lastRun: "2026-11-21T09:17:00.000Z" });
    onlyProblem({ ...late, ...up("2026-11-01T00:00:00Z") }, /has not run since 2026-11-21T09:17 UTC/);
    assert.deepStrictEqual(judgeWith({ ...late, ...up("2026-11-21T11:30:00Z") }).problems, [], "it was down");
    onlyProblem({ maintenance: { jobs: [job], tables: [{ ...table, aheadUntil: "2026-11-22T00:00:00.000Z" }] } }, /app\.events has partitions until 2026-11-22T00:00 UTC only/);
    onlyProblem({ maintenance: { error: "gave no answer in time", jobs: [], tables: [] } }, /cannot be asked for: gave no answer/);
    assert.deepStrictEqual(judgeWith({ maintenance: undefined }).problems, []);
  });

  it("names a standby that comes back by a new copy only, with the command", () => {
    const behind = { ...standby, state: "running", position: 1000 };
    onlyProblem({ members: [primary, behind, third], wal: { oldest: 1001, slots: [] } }, /postgres-2 is running and needs WAL that the primary has no more: npx pgha reinit postgres-2/);
    onlyProblem({ members: [primary, behind, third], wal: { oldest: 1000, slots: [] } }, /^postgres-2 is running$/);
    assert.deepStrictEqual(judgeWith({ wal: { oldest: 9999, slots: [] } }).problems, []);
  });

  it("names slots whose consumers have lost their place, or will, but not those of members", () => {
    const slot = { name: "warehouse", type: "logical" as const, database: "app", active: false, walStatus: "reserved", retainedBytes: 7 };
    const found = (change: object) => ({ wal: { slots: [{ ...slot, ...change }] } });
    assert.deepStrictEqual(judgeWith(found({})).problems, []);
    onlyProblem(found({ walStatus: "lost", reason: "wal_removed" }), /logical slot warehouse is lost \(wal_removed\).*pg_drop_replication_slot\('warehouse'\) in database app/);
    onlyProblem(found({ walStatus: "extended" }), /warehouse has no consumer and holds 7 B of WAL/);
    assert.deepStrictEqual(judgeWith(found({ walStatus: "extended", active: true })).problems, []);
    onlyProblem(found({ walStatus: "unreserved", active: true }), /warehouse is behind/);
    assert.deepStrictEqual(judgeWith(found({ name: "postgres_3", type: "physical", walStatus: "lost" })).problems, []);
  });

  it("knows when a job is due again", () => {
    const now = new Date("2026-11-21T12:17:00Z");
    for (const [schedule, next] of [["17 * * * *", "2026-11-21T13:17"], ["40 * * * *", "2026-11-21T12:40"], ["40 2 * * *", "2026-11-22T02:40"], ["18 12 * * *", "2026-11-21T12:18"]])
      assert.strictEqual(nextRun(schedule, now)?.toISOString().slice(0, 16), next, schedule);
    for (const schedule of ["5 seconds", "*/5 * * * *", "@hourly", "0 0 1 * *"]) assert.strictEqual(nextRun(schedule, now), undefined, schedule);
  });

  it("counts only what streams and answers", () => {
    const { level, summary } = judgeWith({ members: [primary, silent(standby), { ...third, state: "creating replica" }] });
    assert.strictEqual(level, "degraded");
    assert.match(summary, /primary postgres-1, no standbys streaming, 0 synchronous; 3 problems$/);
  });

  it("names a second primary first", () => {
    const { level, problems } = judgeWith({ members: [primary, { ...primary, name: "postgres-2" }, third] });
    assert.strictEqual(level, "degraded");
    assert.match(problems[0], /^two primaries: postgres-1 and postgres-2/);
  });

  it("names a lost member of etcd, and how far the quorum is", () => {
    const without = (...lost: string[]) => ({ etcd: healthy().etcd.map(({ name }) => ({ name, healthy: !lost.includes(name) })) });
    onlyProblem(without("etcd-2"), /^etcd-2 does not answer: one more, and there is no failover$/);
    onlyProblem(without("etcd-1", "etcd-3"), /^etcd-1 and etcd-3 do not answer: no failover until there is a quorum again$/);
    const five = ["etcd-1", "etcd-2", "etcd-3", "etcd-4", "etcd-5"].map((name, index) => ({ name, healthy: index > 0 }));
    onlyProblem({ etcd: five }, /^etcd-1 does not answer: 1 more may be lost$/);
    assert.deepStrictEqual(judgeWith({ etcd: [{ name: "etcd-1" }] }).problems, [], "no proxy says");
  });

  it("names whatever is wrong with a member", () => {
    onlyProblem({ members: [primary, silent(standby), third] }, /^postgres-2 refused/);
    onlyProblem({ members: [primary, { ...standby, state: "in archive recovery" }, third] }, /^postgres-2 is in archive recovery/);
    onlyProblem({ members: [primary, { ...standby, lag: 33_554_432 }, third] }, /^postgres-2 lags 32 MB/);
    onlyProblem({ members: [primary, { ...standby, lag: 33_554_432 }, third], state: { paused: false, ttl: 8, maximumLagOnFailover: 2 ** 50 } }, /^postgres-2 lags 32 MB: a takeover would wait/);
    onlyProblem({ members: [{ ...primary, pendingRestart: true }, standby, third] }, /^postgres-1 waits for a restart/);
    onlyProblem({ members: [{ ...primary, etcdSeenSecondsAgo: 75 }, standby, third] }, /^postgres-1 has not reached etcd for 1 min 15 s/);
    onlyProblem({ state: { paused: false, ttl: 8, maximumLagOnFailover: 1 }, members: [{ ...primary, leastTtl: 20 }, { ...standby, leastTtl: 7 }, third] },
      /^postgres-1 takes no ttl below 20 s: its loss costs that long, not 8 s/);
    onlyProblem({ members: [primary, { ...standby, timeline: 2 }, third] }, /different timelines: 3, 2$/);
    onlyProblem({ members: [primary, standby, third].map((member) => ({ ...member, sync: "asynchronous" as const })) }, /^no synchronous standby of 1 wanted/);
    onlyProblem({ state: { paused: true, ttl: 20, maximumLagOnFailover: 1 } }, /maintenance mode/);
  });

  it("names whatever is wrong with the way to them", () => {
    const { proxies: [proxy], poolers: [pooler], endpoints: [write, read] } = healthy();
    onlyProblem({ poolers: [{ name: "pgbouncer-1", error: "gave no answer in time" }] }, /^pgbouncer-1 gave no answer/);
    onlyProblem({ poolers: [{ ...pooler, paused: ["app"] }] }, /^pgbouncer-1 has paused app/);
    onlyProblem({ proxies: [{ name: "haproxy-1", error: "answers 401" }] }, /^haproxy-1 answers 401/);
    onlyProblem({ proxies: [{ ...proxy, write: [] }] }, /^haproxy-1 sends writes nowhere/);
    onlyProblem({ proxies: [{ ...proxy, write: ["postgres-2"] }] }, /^haproxy-1 sends writes to postgres-2/);
    onlyProblem({ proxies: [{ ...proxy, read: [] }] }, /^haproxy-1 has no standby/);
    onlyProblem({ endpoints: [write, { ...read, reaches: "primary" }] }, /^the read endpoint reaches a primary/);
    onlyProblem({ endpoints: [{ ...write, reaches: undefined, error: "refused" }, read] }, /^the write endpoint fails: refused/);
    onlyProblem({ certificates: [{ name: "haproxy-1", expires: "", days: 29 }] }, /of haproxy-1 expires in 29 days/);
    onlyProblem({ certificates: [{ name: "haproxy-1", expires: "", days: -1 }] }, /of haproxy-1 has expired/);
  });

  it("becomes the exit code", () => {
    const codes = (["healthy", "degraded", "no primary", "unreachable"] as const).map((level) =>
      codeOf({ verdict: { level, summary: "", problems: [] } }),
    );
    assert.deepStrictEqual(codes, [0, 3, 3, 1]);
  });
});
