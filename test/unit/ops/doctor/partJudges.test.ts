import assert from "node:assert/strict";
import { Context, isSql, PartCheck } from "../../../../ops/doctor/check";
import { checks } from "../../../../ops/doctor/checks";
import { readDisk, readStatus } from "../../../../ops/doctor/containers";
import { Parts, readMetrics } from "../../../../ops/doctor/parts";
import { StatusReport } from "../../../../ops/status/report";
import { healthy, primary, silent, standby } from "../evidence";

const GB = 2 ** 30;
const third = { ...standby, name: "postgres-3" };
const context = { cluster: { replication: { mode: "quorum", synchronousStandbys: 1 } } as Context["cluster"], expected: { configuration: { ttl: 20, postgresql: { parameters: { jit: "off" } } }, accessRules: [] } };
const pool = { database: "app", user: "app", cl_active: "4", cl_waiting: "0", sv_active: "2", sv_active_cancel: "0", maxwait: "0", maxwait_us: "0" };
const pooler = (name: string, more = {}) => ({
  name, pools: [pool], databases: [{ name: "app", pool_size: "25", paused: "0" }],
  config: [{ key: "max_client_conn", value: "2000" }, { key: "default_pool_size", value: "25" }, { key: "listen_port", value: "6432" }], stats: [{ database: "app", avg_wait_time: "10", avg_query_count: "5" }], ...more,
});
const rows: Record<string, string>[] = [{ pxname: "write", svname: "FRONTEND", scur: "3", slim: "4096", qcur: "" }, { pxname: "primary", svname: "postgres-1", econ: "2", stot: "500", qcur: "0" }, { pxname: "primary", svname: "BACKEND", qcur: "0" }];
const member = (name: string, more = {}) => ({ name, version: "3.5.16", size: 20_480, used: 8192, id: "1", leader: "9", index: 100, ...more });

/** All parts of a cluster with nothing wrong. */
function well(): Parts {
  const { now, state: _state, replication: _replication, ...status } = healthy();
  return {
    now,
    status: { ...status, proxies: [{ name: "haproxy-1", write: ["postgres-1"], read: ["postgres-2", "postgres-3"] }] } as unknown as StatusReport,
    cluster: { members: [primary, standby, third].map(({ name, role, state }) => ({ name, role, state })) },
    configuration: { ttl: 20, postgresql: { parameters: { jit: "off" } } },
    history: ["2026-11-21T09:00:00+00:00", "2026-11-20T13:00:00+00:00", "2026-11-21T10:00:00+00:00"],
    metrics: [{ name: "postgres-1", values: { patroni_failsafe_mode_is_active: 0 } }],
    proxies: [{ name: "haproxy-1", rows }],
    poolers: [pooler("pgbouncer-1"), pooler("pgbouncer-2")],
    etcd: { members: [member("etcd-1"), member("etcd-2"), member("etcd-3")], alarms: [] },
    disks: [{ name: "postgres-1", size: 100 * GB, free: 50 * GB }],
  };
}

function judge(id: string, parts: Parts): string[] {
  const check = checks.find((one): one is PartCheck => !isSql(one) && one.id === id)!;
  const { found, unknown = [] } = check.judge(parts, context);
  return [...found.map(({ severity = check.severity, where, evidence }) => `${severity} ${where}: ${evidence}`), ...unknown.map(({ where, why }) => `unknown ${where}: ${why}`)];
}

const status = (change: Partial<StatusReport>): Partial<Parts> => ({ status: { ...well().status, ...change } });
const etcd = (change: Partial<NonNullable<Parts["etcd"]>>): Partial<Parts> => ({ etcd: { ...well().etcd!, ...change } });
const endpoint = { name: "write", url: "" };

/** For each check: what is another way than in a cluster that is well, and what is said of it. */
const ill: [id: string, change: Partial<Parts>, says: string[]][] = [
  ["members-silent", status({ members: [primary, silent(standby), third] }), ["critical postgres-2: refused: nothing listens there"]],
  ["primary", status({ members: [standby, third] }), ["critical cluster: nobody takes writes"]],
  ["primary", status({ members: [primary, { ...primary, name: "postgres-2" }] }), ["critical cluster: postgres-1 and postgres-2 are both primaries"]],
  ["standbys", status({ members: [primary, { ...standby, state: "starting" }] }), ["critical postgres-2: it is starting"]],
  ["standbys", status({ members: [primary, { ...standby, state: "starting", position: 100 }], wal: { oldest: 200, slots: [] } }), ["critical postgres-2: it is starting and needs WAL that the primary has no more"]],
  ["synchronous-standbys", status({ members: [primary, { ...standby, sync: "asynchronous" }] }), ["critical cluster: 0 of 1"]],
  ["takeover", { cluster: { members: ["postgres-2", "postgres-3"].map((name) => ({ name, role: "replica", state: "streaming", tags: { nofailover: true } })) } }, ["critical cluster: postgres-2, postgres-3 must not take over, and no other streams"]],
  ["paused", { cluster: { ...well().cluster!, pause: true } }, ["warning cluster: Patroni is paused"]],
  ["switchover-scheduled", { cluster: { ...well().cluster!, scheduled_switchover: { at: "2026-11-22T03:00:00Z" } } }, ["note cluster: at 2026-11-22T03:00:00Z, to any standby"]],
  ["failsafe", { metrics: [{ name: "postgres-1", values: { patroni_failsafe_mode_is_active: 1 } }, { name: "postgres-2", error: "refused" }] }, ["critical postgres-1: failsafe mode is active"]],
  ["etcd-unseen", status({ members: [{ ...primary, etcdSeenSecondsAgo: 25 }] }), ["critical postgres-1: not for 25 s"]],
  ["timelines", status({ members: [primary, { ...standby, timeline: 2 }] }), ["critical cluster: postgres-1 3, postgres-2 2"]],
  ["failovers", { history: [1, 2, 3, 4].map((hour) => `2026-11-21T0${hour}:00:00+00:00`) }, ["warning cluster: 4 times in 24 hours, switchovers included"]],
  ["configuration-declared", { configuration: { ttl: 30, pause: true, postgresql: { parameters: { jit: "off" } } } }, ["warning cluster: Patroni's ttl value is 30, declared 20"]],
  ["lease", status({ members: [{ ...primary, leastTtl: 25 }] }), ["note postgres-1: at least 25 s, declared 20 s"]],
  ["etcd-members", status({ etcd: [{ name: "etcd-1", healthy: false }, { name: "etcd-2", healthy: true }, { name: "etcd-3" }] }), ["warning etcd-1: no proxy gets an answer"]],
  ["etcd-quorum", status({ etcd: [{ name: "etcd-1", healthy: false }, { name: "etcd-2", healthy: true }, { name: "etcd-3" }] }), ["critical etcd: 1 of 3 members are lost: one more, and there is no failover"]],
  ["etcd-size", etcd({ members: [member("etcd-1", { size: 0.9 * GB, used: 0.1 * GB })] }), ["critical etcd-1: 922 MB of 1 GB, of which 102 MB are in use"]],
  ["etcd-alarms", etcd({ alarms: ["memberID:1 alarm:NOSPACE"] }), ["critical etcd: memberID:1 alarm:NOSPACE"]],
  ["etcd-alarms", etcd({ alarms: undefined }), ["unknown etcd: no member of etcd said"]],
  ["etcd-leader", etcd({ members: [member("etcd-1"), member("etcd-2", { leader: "" })] }), ["critical etcd: etcd-1 9, etcd-2 none"]],
  ["etcd-behind", etcd({ members: [member("etcd-1"), member("etcd-2", { index: 9000 })] }), ["warning etcd-1: 8900 entries behind"]],
  ["etcd-versions", etcd({ members: [member("etcd-1"), member("etcd-2", { version: "3.6.0" })] }), ["note etcd: etcd-1 3.5.16, etcd-2 3.6.0"]],
  ["etcd-size", { etcd: undefined, noContainers: "asked in containers only" }, ["unknown etcd: asked in containers only"]],
  ["disks", { disks: [{ name: "postgres-1", size: 100 * GB, free: 15 * GB }] }, ["warning postgres-1: 85 % of 100 GB are used, 15 GB are free"]],
  ["disks", { disks: undefined, noContainers: "asked in containers only" }, ["unknown disks: asked in containers only"]],
  ["endpoints", status({ endpoints: [{ ...endpoint, reaches: "standby" }, { ...endpoint, name: "read", error: "refused" }] }), ["critical write endpoint: reaches a standby", "critical read endpoint: refused"]],
  ["endpoints-slow", status({ endpoints: [{ ...endpoint, reaches: "primary", connectMilliseconds: 1200 }] }), ["note write endpoint: 1200 ms"]],
  ["certificates", status({ certificates: [{ name: "a", expires: "", days: 20 }, { name: "b", expires: "", days: -1 }, { name: "c", expires: "", days: 21 }] }), ["warning a: it expires in 20 days", "critical b: it has expired"]],
  ["jobs", status({ maintenance: { jobs: [{ ...healthy().maintenance!.jobs[0], failures: 2, message: "boom" }], tables: [] } }), ["warning postgres-1: the job pgha-maintenance failed 2 times in a row: boom"]],
  ["proxies-silent", { proxies: [{ name: "haproxy-1", error: "refused" }] }, ["critical haproxy-1: refused"]],
  ["proxies-write", status({ proxies: [{ name: "haproxy-1", write: [] }, { name: "haproxy-2", write: ["postgres-2"] }] }), ["critical haproxy-1: sends writes nowhere", "critical haproxy-2: sends writes to postgres-2"]],
  ["proxies-read", status({ proxies: [{ name: "haproxy-1", read: ["postgres-2"] }] }), ["warning haproxy-1: no reads go to postgres-3"]],
  ["proxies-full", { proxies: [{ name: "haproxy-1", rows: [{ ...rows[0], scur: "4000" }] }] }, ["warning haproxy-1: 4000 of 4096 sessions of write"]],
  ["proxies-failures", { proxies: [{ name: "haproxy-1", rows: [{ ...rows[1], econ: "200" }] }] }, ["note haproxy-1: 200 of 500 to postgres-1 in primary"]],
  ["proxies-queue", { proxies: [{ name: "haproxy-1", rows: [{ ...rows[2], qcur: "5" }] }] }, ["critical haproxy-1: 5 sessions for primary"]],
  ["poolers-silent", { poolers: [{ name: "pgbouncer-1", error: "refused" }] }, ["critical pgbouncer-1: refused"]],
  ["poolers-paused", { poolers: [pooler("pgbouncer-1", { databases: [{ name: "app", paused: "1" }] })] }, ["critical pgbouncer-1: app"]],
  ["pools-waiting", { poolers: [pooler("pgbouncer-1", { pools: [{ ...pool, cl_waiting: "3", maxwait: "7", maxwait_us: "500000" }] })] }, ["warning pgbouncer-1: 3 clients of app in app, the first for 7.5 s"]],
  ["pools-full", { poolers: [pooler("pgbouncer-1", { pools: [{ ...pool, sv_active: "25" }, { ...pool, user: "b", sv_active: "23", cl_waiting: "2", maxwait: "1" }] })] }, ["warning pgbouncer-1: 23 of 25 connections of b in app are in use, 2 clients wait"]],
  ["poolers-full", { poolers: [pooler("pgbouncer-1", { pools: [{ ...pool, cl_active: "1700" }] })] }, ["warning pgbouncer-1: 1700 of 2000 clients"]],
  ["pools-slow", { poolers: [pooler("pgbouncer-1", { stats: [{ database: "app", avg_wait_time: "250000", avg_query_count: "5" }] })] }, ["warning pgbouncer-1: 250 ms on average in app"]],
  ["poolers-differ", { poolers: [pooler("pgbouncer-1"), pooler("pgbouncer-2", { config: [{ key: "max_client_conn", value: "100" }, { key: "listen_port", value: "1" }] })] },
    ["note poolers: max_client_conn: pgbouncer-1 2000, pgbouncer-2 100", "note poolers: default_pool_size: pgbouncer-1 25, pgbouncer-2 "]],
];

describe("pgha doctor: what is said of Patroni, etcd, the proxies and the poolers", () => {
  it("is nothing where all is well", () => {
    const all = checks.filter((check): check is PartCheck => !isSql(check));
    assert.deepEqual(all.flatMap(({ id }) => judge(id, well()).map((line) => `${id} ${line}`)), []);
    assert.deepEqual(all.map(({ id }) => id).filter((id) => !ill.some(([tried]) => tried === id)), [], "not tried");
  });

  it("is one thing where no member answers: who is the primary is not known then", () => {
    const parts = { ...well(), ...status({ members: [silent(primary), silent(standby)] }) };
    assert.deepEqual(["primary", "synchronous-standbys", "takeover", "proxies-write"].flatMap((id) => judge(id, parts)), []);
  });

  it("is nothing of a standby that is declared to take no reads", () => {
    const tagged = well().cluster!.members.map((member) => (member.name === "postgres-3" ? { ...member, tags: { noloadbalance: true } } : member));
    assert.deepEqual(judge("proxies-read", { ...well(), ...status({ proxies: [{ name: "haproxy-1", read: ["postgres-2"] }] }), cluster: { members: tagged } }), []);
  });

  for (const [id, change, says] of ill)
    it(`is what is wrong: ${id}, ${says[0]}`, () => assert.deepEqual(judge(id, { ...well(), ...change }), says));

  it("is read from what the programs print", () => {
    const json = '[{"Endpoint":"https://localhost:2379","Status":{"header":{"cluster_id":14841639068965178418,"member_id":10276657743932975437,"revision":7,"raft_term":2},"version":"3.5.16","dbSize":20480,"leader":12276657743932975437,"raftIndex":8,"raftTerm":2,"raftAppliedIndex":8,"dbSizeInUse":16384}}]';
    assert.deepEqual(readStatus("etcd-1", json), { name: "etcd-1", version: "3.5.16", size: 20_480, used: 16_384, id: "10276657743932975437", leader: "12276657743932975437", index: 8 });
    assert.equal(readStatus("etcd-1", ""), undefined);
    assert.deepEqual(readDisk("postgres-1", "/dev/sda1 1000 700 300 70% /var/lib/pgha"), { name: "postgres-1", size: 1000, free: 300 });
    assert.deepEqual(readMetrics('# HELP x\npatroni_paused{scope="c",name="p"} 1\nplain 2.5\n'), { patroni_paused: 1, plain: 2.5 });
  });
});
