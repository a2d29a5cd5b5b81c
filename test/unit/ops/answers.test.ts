import * as assert from "node:assert";
import { readCertificates } from "../../../ops/status/collect";
import { readClusterState, readMembers } from "../../../ops/status/members";
import { PatroniAnswer } from "../../../ops/status/patroni";
import { readPools } from "../../../ops/status/poolers";
import { readEtcd, readStatistics } from "../../../ops/status/proxies";

// As Patroni 4.1.5 answers.
const date = new Date(1_795_261_103_000);
const known = [
  { name: "postgres-1", role: "leader", state: "running", timeline: 4 },
  { name: "postgres-2", role: "quorum_standby", state: "streaming", timeline: 4, lag: 100, replay_lag: 2048 },
  { name: "postgres-3", role: "sync_standby", state: "stopped", lag: "unknown" as const },
];
const first: PatroniAnswer = {
  own: { state: "running", role: "primary", timeline: 4, server_version: 180006, postmaster_start_time: "2026-11-21 11:36:22.503995+00:00", dcs_last_seen: 1_795_261_100, patroni: { version: "4.1.5" } },
  known, date, config: { ttl: 20, maximum_lag_on_failover: 16_777_216 },
};
const second: PatroniAnswer = {
  own: { state: "running", role: "replica", timeline: 4, replication_state: "streaming", quorum_standby: true, pending_restart: true },
  known: [...known, { name: "left-over", role: "replica", state: "stopped" }], date,
};
const names = ["postgres-1", "postgres-2", "postgres-3"];
const refused: PatroniAnswer = { error: "refused", known: [] };

describe("pgha status: reading what the parts answer", () => {
  it("takes a member's own word, else what etcd knows", () => {
    const [one, two, three] = readMembers(names, [first, second, refused]);
    assert.deepStrictEqual(
      { role: one.role, state: one.state, version: one.postgresVersion, etcd: one.etcdSeenSecondsAgo, at: one.startedAt, lag: one.lag, sync: one.sync },
      { role: "primary", state: "running", version: "18.6", etcd: 3, at: "2026-11-21T11:36:22.503Z", lag: undefined, sync: undefined },
    );
    assert.deepStrictEqual([two.role, two.state, two.lag, two.sync, two.pendingRestart], ["standby", "streaming", 2048, "quorum", true]);
    assert.deepStrictEqual([three.error, three.role, three.state, three.lag, three.sync], ["refused", "standby", "stopped", undefined, "synchronous"]);
  });

  it("believes the primary's view, and without one the fullest; what is nobody's shows up too", () => {
    assert.strictEqual(readMembers(names, [first, second, refused]).length, 3);
    assert.strictEqual(readMembers(["postgres-2", "postgres-1"], [second, first]).length, 3);
    const all = readMembers(names, [refused, second, refused]);
    assert.strictEqual(all.length, 4);
    assert.match(all[3].error ?? "", /not among the outputs/);
  });

  it("takes a member that no one knows of for what it is: unknown", () => {
    const [one] = readMembers(["postgres-1"], [refused]);
    assert.deepStrictEqual([one.role, one.state, one.error], ["unknown", "unknown", "refused"]);
    const [fresh] = readMembers(["postgres-1"], [{ own: { role: "uninitialized", state: "stopped" }, known: [] }]);
    assert.strictEqual(fresh.role, "unknown");
  });

  it("reads the state of the cluster from whoever has it", () => {
    assert.deepStrictEqual(readClusterState([refused, first]), { paused: false, ttl: 20, maximumLagOnFailover: 16_777_216 });
    assert.strictEqual(readClusterState([refused, second]), undefined);
    assert.strictEqual(readClusterState([{ known: [], config: { pause: true } }])?.paused, true);
  });

  it("sums a pooler's pools, but not its console", () => {
    const pool = { database: "app", cl_active: 3, cl_waiting: 1, sv_active: 2, sv_idle: 4, sv_used: 1, sv_tested: 0, maxwait: 1, maxwait_us: 500_000 };
    const console = { database: "pgbouncer", cl_active: 9, cl_waiting: 9, sv_active: 9, sv_idle: 9, maxwait: 9 };
    const databases = [{ name: "app", paused: 1 }, { name: "app_ro", paused: 0 }];
    const stats = [{ database: "app", avg_query_count: "12" }, { database: "app_ro", avg_query_count: "8" }, { database: "pgbouncer", avg_query_count: "5" }];
    assert.deepStrictEqual(readPools([pool, { ...pool, database: "app_ro", maxwait: 0 }, console], databases, stats), {
      clients: { active: 6, waiting: 2 }, servers: { active: 4, idle: 10 }, paused: ["app"], maxWait: 1.5, queriesPerSecond: 20,
    });
    assert.strictEqual(readPools([], [], []).maxWait, 0);
  });

  it("reads which servers a proxy has up", () => {
    const csv = [
      "# pxname,svname,scur,status,",
      "write,FRONTEND,7,OPEN,", "read,FRONTEND,5,OPEN,",
      "primary,postgres-1,7,UP,", "primary,postgres-2,0,DOWN,", "primary,BACKEND,7,UP,",
      "standbys,postgres-1,0,DOWN,", "standbys,postgres-2,5,UP 1/2,", "standbys,postgres-3,0,MAINT,", "standbys,BACKEND,5,UP,", "",
    ].join("\n");
    assert.deepStrictEqual(readStatistics(csv), { write: ["postgres-1"], read: ["postgres-2"], etcd: undefined, sessions: { write: 7, read: 5 } });
    assert.deepStrictEqual(readStatistics(`${csv}etcd,etcd-1,0,DOWN,\netcd,etcd-2,0,UP 1/2,\n`).etcd, ["etcd-2"]);
  });

  it("counts a member of etcd as well if any proxy does", () => {
    const names = ["etcd-1", "etcd-2"];
    const states = (...proxies: object[]) => readEtcd(names, proxies.map((proxy) => ({ name: "haproxy", ...proxy }))).map(({ healthy }) => healthy);
    assert.deepStrictEqual(states({ etcd: ["etcd-1"] }, { etcd: [] }, { error: "refused" }), [true, false]);
    assert.deepStrictEqual(states({ error: "refused" }, {}), [undefined, undefined]);
  });

  it("counts the days that certificates are still valid", () => {
    const now = new Date("2026-11-21T12:00:00Z");
    const served = [{ name: "a", validTo: new Date("2026-11-23T11:00:00Z") }, { name: "b", validTo: new Date("2026-11-21T11:59:00Z") }, { name: "c" }];
    assert.deepStrictEqual(readCertificates(served, now).map(({ name, days }) => [name, days]), [["a", 1], ["b", -1]]);
  });
});
