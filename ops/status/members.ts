import { Known, Own, PatroniAnswer } from "./patroni";
import { ClusterState, Member } from "./report";

/** Every member, as it and the others say. */
export function readMembers(names: string[], answers: PatroniAnswer[]): Member[] {
  const known = bestView(answers);
  const others = known.map(({ name }) => name).filter((name) => !names.includes(name));
  return [...names, ...others].map((name, index) => {
    const answer = answers[index] ?? { error: "is not among the outputs of this stack", known: [] };
    return readMember(name, answer, known.find((member) => member.name === name));
  });
}

/** The primary's view of the cluster is the freshest one; else the fullest. */
function bestView(answers: PatroniAnswer[]): Known[] {
  const primary = answers.find(({ own, known }) => isPrimary(own?.role) && known.length > 0);
  return primary?.known ?? answers.map(({ known }) => known).sort((a, b) => b.length - a.length)[0] ?? [];
}

function readMember(name: string, { own, error, date, leastTtl }: PatroniAnswer, known: Known | undefined): Member {
  const role = own?.role ?? known?.role;
  const standby = role !== undefined && !isPrimary(role);
  const lag = known?.replay_lag ?? known?.lag;
  return {
    name,
    error,
    role: role === undefined || role === "uninitialized" ? "unknown" : standby ? "standby" : "primary",
    state: own?.replication_state ?? own?.state ?? known?.state ?? "unknown",
    timeline: own?.timeline ?? known?.timeline,
    lag: standby && typeof lag === "number" ? lag : undefined,
    position: standby ? own?.xlog?.received_location : undefined,
    sync: standby ? syncState(own, known?.role) : undefined,
    pendingRestart: own?.pending_restart ?? known?.pending_restart ?? false,
    postgresVersion: own?.server_version ? readVersion(own.server_version) : undefined,
    patroniVersion: own?.patroni?.version,
    leastTtl,
    startedAt: own?.postmaster_start_time ? new Date(own.postmaster_start_time).toISOString() : undefined,
    etcdSeenSecondsAgo: own?.dcs_last_seen && date ? Math.max(0, Math.round(date.getTime() / 1000 - own.dcs_last_seen)) : undefined,
  };
}

function isPrimary(role = ""): boolean {
  return ["primary", "master", "leader"].includes(role);
}

function syncState(own: Own | undefined, knownRole: string | undefined): Member["sync"] {
  if (own ? own.sync_standby : knownRole === "sync_standby") return "synchronous";
  if (own ? own.quorum_standby : knownRole === "quorum_standby") return "quorum";
  return "asynchronous";
}

/** 180006 → 18.6 */
function readVersion(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}

/** What the first member that answers says of the whole cluster. */
export function readClusterState(answers: PatroniAnswer[]): ClusterState | undefined {
  const config = answers.find((answer) => answer.config)?.config;
  if (config === undefined) return undefined;
  // Patroni's own defaults where nothing is set.
  return { paused: config.pause ?? false, ttl: config.ttl ?? 30, maximumLagOnFailover: config.maximum_lag_on_failover ?? 1_048_576 };
}
