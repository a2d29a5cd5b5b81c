import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { longest, planBudget } from "../../../infra/cluster/forecast/budget";
import { planCluster } from "../../../infra/plan";
import { ClusterSpec, Mode } from "../../../infra/cluster/spec";
import { floor, noticedWithin, planTimers, Wishes } from "../../../infra/cluster/timers";
import { parseConfig } from "../../../infra/config";
import { dynamicConfiguration } from "../../../infra/render/dynamic";
import { haproxyFile } from "../../../infra/render/haproxy";
import { pgbouncerFile } from "../../../infra/render/pgbouncer";
import { MACHINE } from "../support/monitor";

const modes = fc.constantFrom("asynchronous", "priority", "quorum", "strict");
const promises = fc.integer({ min: 14, max: 3600 });
const plan = (raw: unknown) => planCluster(parseConfig(raw, "test", MACHINE));
const worst = (spec: ClusterSpec) => longest(planBudget(spec).failures).worst;

describe("timers", () => {
  const lease = (mode: Mode, wishes?: Wishes) => {
    const { ttl, loopWait, retryTimeout } = planTimers(mode, wishes);
    return [ttl, loopWait, retryTimeout];
  };

  it("are the shortest that keep a healthy primary, unless something is asked for", () => {
    for (const mode of ["priority", "quorum", "strict"] as const) assert.deepEqual(lease(mode), [8, 1, 3], mode);
    assert.equal(planTimers("quorum").primaryStartTimeout, 0);
    assert.deepEqual(planTimers("quorum", { preset: "fast", maxWriteOutage: 300 }), planTimers("quorum"));
    assert.deepEqual(lease("quorum", { preset: "patient" }), [20, 2, 9]);
  });

  it("are patient where a takeover can lose commits, unless somebody wants it otherwise", () => {
    assert.deepEqual(lease("asynchronous"), [20, 2, 9]);
    assert.deepEqual(lease("asynchronous", { preset: "fast" }), [8, 1, 3]);
  });

  it("end a clean stop before the lease does, which nobody renews meanwhile", () =>
    fc.assert(fc.property(modes, fc.integer({ min: floor.ttl, max: 600 }), (mode, wished) => {
      const { ttl, loopWait, primaryStopTimeout } = planTimers(mode, { ttl: wished });
      assert.ok(primaryStopTimeout > 0 && primaryStopTimeout <= 10 && loopWait + primaryStopTimeout < ttl);
    })));

  it("tell how long a server that was stopped may still be sent to: one check is refused, the next runs into its time-out", () => {
    const { check } = planTimers("quorum");
    assert.equal(noticedWithin(check), 500 + 250 + 1000);
    assert.equal(noticedWithin({ ...check, fall: 3 }), 500 + 2 * (250 + 1000));
  });

  it("have a least ttl that the servers' Patroni takes", () => {
    const program = fs.readFileSync(path.join(__dirname, "../../../images/postgres/quick-patroni"), "utf8");
    const [, least] = /^LEAST_TTL = (\d+)$/m.exec(program)!;
    assert.equal(Number(least), floor.loopWait + 2 * floor.retryTimeout);
    assert.ok(floor.ttl >= Number(least));
  });

  it("are never such that Patroni rewrites them, and outlast the election of an etcd leader", () =>
    fc.assert(fc.property(modes, fc.option(promises, { nil: undefined }), (mode, maxWriteOutage) => {
      const { ttl, loopWait, retryTimeout } = planTimers(mode, { maxWriteOutage });
      assert.ok(ttl >= floor.ttl && loopWait >= 1 && retryTimeout >= 3);
      assert.ok(loopWait + 2 * retryTimeout <= ttl);
    })));

  it("keep every promise from 14 s on, with as much patience as it allows and at most a minute of it", () =>
    fc.assert(fc.property(modes, promises, (mode, maxWriteOutage) => {
      const spec = plan({ replication: { mode }, availability: { maxWriteOutage } });
      assert.ok(worst(spec)! <= maxWriteOutage);
      const { ttl } = spec.timers;
      assert.ok(ttl === 60 || ttl > maxWriteOutage - 8, `ttl ${ttl} for ${maxWriteOutage} s`);
    })));

  it("have an asynchronous primary restart in place first, within the promise; a synchronous one fails over at once", () => {
    assert.equal(planTimers("asynchronous").primaryStartTimeout, 30);
    assert.equal(planTimers("asynchronous", { maxWriteOutage: 26 }).primaryStartTimeout, 18);
    assert.equal(planTimers("asynchronous", { maxWriteOutage: 14 }).primaryStartTimeout, 7);
    assert.equal(planTimers("asynchronous", { maxWriteOutage: 3600 }).primaryStartTimeout, 300);
    for (const mode of ["priority", "quorum", "strict"] as const) assert.equal(planTimers(mode, { maxWriteOutage: 60 }).primaryStartTimeout, 0);
  });

  it("keep no candidate out by its lag where votes prove what it has", () => {
    const lag = (mode: Mode) => dynamicConfiguration(plan({ replication: { mode } })).maximum_lag_on_failover as number;
    assert.equal(lag("asynchronous"), 2 ** 24);
    for (const mode of ["priority", "quorum", "strict"] as const) assert.ok(lag(mode) > 2 ** 45, mode);
  });

  it("take a single one from the configuration, and derive the others from it", () => {
    assert.equal(plan({ availability: { ttl: 40 } }).timers.retryTimeout, 19);
    assert.deepEqual(plan({ availability: { ttl: 40, retryTimeout: 12, loopWait: 5 } }).timers, { ...planTimers("quorum", { ttl: 40 }), retryTimeout: 12, loopWait: 5 });
  });

  it("reach Patroni, HAProxy and PgBouncer", () => {
    const spec = plan({ availability: { preset: "common" } });
    const { ttl, loop_wait, retry_timeout, primary_start_timeout, primary_stop_timeout } = dynamicConfiguration(spec);
    assert.deepEqual([ttl, loop_wait, retry_timeout, primary_start_timeout, primary_stop_timeout], [30, 10, 10, 300, 0]);
    const haproxy = haproxyFile(spec, spec.proxies[0]).content;
    assert.match(haproxy, /inter 3000ms fastinter 3000ms downinter 3000ms rise 4 fall 3 /);
    assert.match(haproxy, /timeout check 3000ms/);
    const pgbouncer = pgbouncerFile(spec, spec.poolers[0]).content;
    for (const line of ["server_login_retry = 15", "server_connect_timeout = 15", "tcp_user_timeout = 0"]) assert.ok(pgbouncer.includes(`\n${line}\n`), line);
  });
});
