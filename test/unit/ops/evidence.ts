import { Evidence } from "../../../ops/status/verdict";
import { Member } from "../../../ops/status/report";

export const primary: Member = { name: "postgres-1", role: "primary", state: "running", timeline: 3, pendingRestart: false, etcdSeenSecondsAgo: 1 };
export const standby: Member = { name: "postgres-2", role: "standby", state: "streaming", timeline: 3, lag: 0, sync: "quorum", pendingRestart: false };
export const silent = (member: Member): Member => ({ ...member, error: "refused: nothing listens there" });

/** A cluster with nothing wrong. */
export function healthy(): Evidence {
  const read = ["postgres-2", "postgres-3"];
  const sessions = { write: 3, read: 2 };
  const endpoint = (name: string, reaches: "primary" | "standby") => ({ name, url: `postgresql://app@localhost/${name}`, host: "localhost:1", reaches, connectMilliseconds: 60, queryMilliseconds: 1.5 });
  return {
    members: [primary, standby, { ...standby, name: "postgres-3" }],
    etcd: ["etcd-1", "etcd-2", "etcd-3"].map((name) => ({ name, healthy: true })),
    poolers: [{ name: "pgbouncer-1", clients: { active: 4, waiting: 0 }, servers: { active: 2, idle: 8 }, paused: [], maxWait: 0, queriesPerSecond: 12, version: "1.26.1" }],
    proxies: [{ name: "haproxy-1", write: ["postgres-1"], read, sessions }],
    endpoints: [endpoint("write", "primary"), endpoint("read", "standby")],
    certificates: [{ name: "postgres-1", expires: "2027-12-24T11:36:18.000Z", days: 397 }],
    maintenance: {
      jobs: [{ name: "pgha-maintenance", schedule: "17 * * * *", active: true, lastRun: "2026-11-21T11:17:00.000Z", seconds: 0.4, result: "succeeded", nextRun: "2026-11-21T12:17:00.000Z", failures: 0 }],
      tables: [{ name: "app.events", every: "month", partitions: 5, oldest: "2026-11-01T00:00:00.000Z", aheadUntil: "2027-03-01T00:00:00.000Z" }],
    },
    now: new Date("2026-11-21T12:00:00.000Z"),
    state: { paused: false, ttl: 20, maximumLagOnFailover: 16_777_216 },
    replication: { mode: "quorum", synchronousStandbys: 1 },
  };
}
