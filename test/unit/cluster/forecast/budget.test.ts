import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget, Failure, failureBudgets, planBudget } from "../../../../infra/cluster/forecast/budget";
import { planCluster } from "../../../../infra/plan";
import { planTimers, Wishes } from "../../../../infra/cluster/timers";
import { parseConfig } from "../../../../infra/config";
import { MACHINE } from "../../support/monitor";

const redundant = { etcd: 3, proxies: 2, poolers: 2 };
const modes = fc.constantFrom("asynchronous", "priority", "quorum", "strict");
const ttls = fc.integer({ min: 8, max: 600 });
const budget = (raw: unknown = {}): Budget => planBudget(planCluster(parseConfig(raw, "test", MACHINE)));
const of = ({ failures }: Budget, wanted: Failure) => failures.find(({ failure }) => failure === wanted)!;

/** Longest outages measured by hand on 2 cores, synchronous. Seconds. */
const measured: { wishes: Wishes; failure: Failure; seconds: number }[] = [
  { wishes: {}, failure: "postgres-crash", seconds: 3.8 },
  { wishes: {}, failure: "host-loss", seconds: 9.8 },
  { wishes: {}, failure: "host-loss-with-etcd-leader", seconds: 11.8 },
  { wishes: {}, failure: "partition", seconds: 9.8 },
  { wishes: {}, failure: "frozen-patroni", seconds: 11.3 },
  { wishes: { preset: "patient" }, failure: "host-loss", seconds: 21.4 },
  { wishes: { preset: "patient" }, failure: "host-loss-with-etcd-leader", seconds: 25.7 },
  { wishes: { preset: "patient" }, failure: "frozen-patroni", seconds: 23 },
  { wishes: {}, failure: "switchover", seconds: 4.3 },
  { wishes: {}, failure: "etcd-leader-loss", seconds: 0.02 },
  { wishes: {}, failure: "etcd-quorum-loss", seconds: 0.02 },
  { wishes: { preset: "common" }, failure: "postgres-crash", seconds: 15 },
  { wishes: { preset: "common" }, failure: "host-loss", seconds: 41.5 },
  { wishes: { preset: "common" }, failure: "switchover", seconds: 15 },
];

describe("the budget of write outages", () => {
  for (const { wishes, failure, seconds } of measured)
    it(`${failure} ${JSON.stringify(wishes)}: no less at worst than the ${seconds} s that were measured`, () => {
      const { worst } = failureBudgets(planTimers("quorum", wishes), "quorum", redundant).find((one) => one.failure === failure)!;
      assert.ok(worst! >= seconds, `${worst}`);
    });

  it("states for the defaults what the requirements ask for, typical and worst", () => {
    const defaults = budget();
    const figures = (failure: Failure) => [of(defaults, failure).typical!, of(defaults, failure).worst!];
    const within = (failure: Failure, typical: number, worst: number) => {
      assert.ok(figures(failure)[0] <= typical && figures(failure)[1] <= worst, `${failure} ${figures(failure)}`);
    };
    within("postgres-crash", 4, 7);
    within("backend-crash", 4, 11);
    within("clean-stop", 3, 9);
    within("switchover", 3, 9);
    within("host-loss", 10, 12);
    within("host-loss-with-etcd-leader", 12, 14);
    within("frozen-patroni", 10, 14);
    within("etcd-leader-loss", 1, 1);
    within("proxy-loss", 3, 7);
    within("pooler-loss", 3, 5);
  });

  it("is at worst no less than typically", () =>
    fc.assert(fc.property(modes, ttls, fc.constantFrom("fast" as const, "common" as const), (mode, ttl, preset) => {
      for (const { failure, typical, worst } of failureBudgets(planTimers(mode, { preset, ttl }), mode, redundant))
        assert.ok(typical! >= 0 && worst! >= typical!, failure);
    })));

  it("grows with ttl, and never shrinks", () =>
    fc.assert(fc.property(modes, ttls, fc.integer({ min: 1, max: 100 }), (mode, ttl, more) => {
      const less = failureBudgets(planTimers(mode, { ttl }), mode, redundant);
      const longer = failureBudgets(planTimers(mode, { ttl: ttl + more }), mode, redundant);
      longer.forEach(({ failure, typical, worst }, index) => {
        assert.ok(worst! >= less[index].worst!, failure);
        if (failure.startsWith("host-loss")) assert.ok(worst! > less[index].worst! && typical! > less[index].typical!, failure);
      });
    })));

  it("loses nothing in the synchronous modes, and in asynchronous mode what it says", () => {
    for (const mode of ["priority", "quorum", "strict"]) assert.ok(budget({ replication: { mode } }).failures.every(({ mayLose }) => mayLose === "nothing"), mode);
    const asynchronous = budget({ replication: { mode: "asynchronous" } });
    const losing = asynchronous.failures.filter(({ mayLose }) => mayLose === "unsent commits").map(({ failure }) => failure);
    assert.deepEqual(losing, ["crash-without-restart", "host-loss", "host-loss-with-etcd-leader", "partition", "frozen-patroni"]);
    assert.equal(of(asynchronous, "postgres-crash").mayLose, "nothing");
  });

  it("states the loss window where commits do not wait for the disk", () => {
    const bulk = (wal_writer_delay: string | number) => budget({ profile: "bulk", postgres: { parameters: { wal_writer_delay } } });
    assert.equal(of(budget({ profile: "bulk" }), "postgres-crash").mayLose, "unflushed commits");
    assert.deepEqual([budget({ profile: "bulk" }), bulk("50ms"), bulk("1s"), bulk(100), budget()].map(({ unflushed }) => unflushed), [0.6, 0.15, 3, 0.3, 0]);
  });

  it("has no end where the only one of a kind is lost", () => {
    const single = budget({ etcd: { members: 1 }, haproxy: { instances: 1 }, pgbouncer: { instances: 1 } });
    const endless = single.failures.filter(({ worst }) => worst === null);
    assert.deepEqual(endless.map(({ failure }) => failure), ["host-loss-with-etcd-leader", "proxy-loss", "pooler-loss"]);
    for (const { typical, until } of endless) assert.ok(typical === null && until);
  });

  it("is plain data, with the promise in it", () => {
    const promised = budget({ availability: { maxWriteOutage: 26 } });
    assert.equal(promised.maxWriteOutage, 26);
    assert.deepEqual(JSON.parse(JSON.stringify(promised)), promised);
  });
});
