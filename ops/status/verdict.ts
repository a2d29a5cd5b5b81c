import { counted } from "../../tools/words";
import { formatBytes, formatSeconds } from "../format";
import { alertProblems } from "./alerts";
import { maintenanceProblems } from "./maintenance";
import { backupProblems } from "./backup";
import { lacksWal, slotProblems } from "./wal";
import { ClusterState, Member, StatusReport, Verdict } from "./report";

export interface Evidence
  extends Pick<StatusReport, "members" | "etcd" | "poolers" | "proxies" | "endpoints" | "certificates" | "maintenance" | "wal" | "alerts" | "backup"> {
  now: Date;
  state?: ClusterState;
  /** Days between backups. */
  promised?: { full: number; differential: number; proof?: number };
  replication: { mode: "asynchronous" | "priority" | "quorum" | "strict"; synchronousStandbys: number };
}

/** Days before the end of a certificate from which it counts as a problem. */
export const certificateWarning = 30;

/** What a takeover would have to replay first. Bytes. */
const MUCH_TO_REPLAY = 16 * 2 ** 20;

/** Whether a standby follows the primary and could take over. */
const streams = (member: Member) => !member.error && member.role === "standby" && member.state === "streaming";

/** One line for a tired person, and every problem behind it. */
export function judge(evidence: Evidence): Verdict {
  const { members } = evidence;
  const problems = [
    ...memberProblems(evidence),
    ...etcdProblems(evidence),
    ...wayProblems(evidence),
    ...evidence.certificates
      .filter(({ days }) => days < certificateWarning)
      .map(({ name, days }) => (days < 0 ? `the certificate of ${name} has expired` : `the certificate of ${name} expires in ${days} days`)),
  ];
  const primary = members.find(({ error, role }) => !error && role === "primary");
  // Without a way to the primary that is what is wrong
  if (evidence.maintenance && evidence.endpoints.every(({ name, error }) => name !== "write" || !error))
    problems.push(...maintenanceProblems(evidence.maintenance, primary, evidence.now));
  if (evidence.backup) problems.push(...backupProblems(evidence.backup, evidence.wal, evidence.now, evidence.promised));
  if (evidence.wal) problems.push(...slotProblems(evidence.wal, members));
  if (evidence.alerts) problems.push(...alertProblems(evidence.alerts));
  const primaries = members.filter(({ error, role, state }) => !error && role === "primary" && state === "running");
  const standbys = members.filter(streams);
  if (members.every(({ error }) => error))
    return { level: "unreachable", summary: "unreachable: no Patroni answers", problems };
  if (primaries.length === 0) {
    const word = standbys.length > 0 ? `${counted(standbys.length, "standby")} streaming` : "nobody takes writes";
    return { level: "no primary", summary: `no primary: ${word}`, problems };
  }
  if (primaries.length > 1) problems.unshift(`two primaries: ${primaries.map(({ name }) => name).join(" and ")}; Patroni should demote one within seconds`);
  const line = [
    ...(evidence.state?.paused ? ["MAINTENANCE MODE"] : []),
    `primary ${primaries.map(({ name }) => name).join(" and ")}`,
    `${standbys.length > 0 ? counted(standbys.length, "standby") : "no standbys"} streaming`,
    synchrony(standbys, evidence.replication),
  ].join(", ");
  if (problems.length === 0) return { level: "healthy", summary: `healthy: ${line}`, problems };
  return { level: "degraded", summary: `degraded: ${line}; ${counted(problems.length, "problem")}`, problems };
}

function synchrony(standbys: Member[], { mode, synchronousStandbys }: Evidence["replication"]): string {
  if (mode === "asynchronous") return "asynchronous";
  const synchronous = standbys.filter(({ sync }) => sync === "synchronous").length;
  const quorum = standbys.filter(({ sync }) => sync === "quorum").length;
  return quorum > 0 ? `any ${Math.min(synchronousStandbys, quorum)} of ${quorum} synchronous` : `${synchronous} synchronous`;
}

function memberProblems({ members, state, replication, wal }: Evidence): string[] {
  const problems = members.flatMap((member) => {
    const { name, error, role, state: word, lag, pendingRestart, etcdSeenSecondsAgo, leastTtl = 0 } = member;
    if (error) return [`${name} ${error}`];
    const found: string[] = [];
    if (lacksWal(member, wal)) found.push(`${name} is ${word} and needs WAL that the primary has no more: npx pgha reinit ${name}`);
    else if (role === "unknown" || (role === "primary" ? word !== "running" : word !== "streaming")) found.push(`${name} is ${word}`);
    if (lag !== undefined && state && lag > Math.min(state.maximumLagOnFailover, MUCH_TO_REPLAY))
      found.push(`${name} lags ${formatBytes(lag)}: ${replication.mode === "asynchronous" ? "too far behind to take over" : "a takeover would wait until it has replayed that"}`);
    if (pendingRestart) found.push(`${name} waits for a restart that its settings need`);
    if (state && leastTtl > state.ttl) found.push(`${name} takes no ttl below ${leastTtl} s: its loss costs that long, not ${state.ttl} s`);
    if (etcdSeenSecondsAgo !== undefined && etcdSeenSecondsAgo > (state?.ttl ?? 30))
      found.push(`${name} has not reached etcd for ${formatSeconds(etcdSeenSecondsAgo)}`);
    return found;
  });
  const timelines = new Set(members.filter(({ error }) => !error).flatMap(({ timeline }) => timeline ?? []));
  if (timelines.size > 1) problems.push(`the members are on different timelines: ${[...timelines].join(", ")}`);
  const fit = members.filter((member) => streams(member) && member.sync !== "asynchronous").length;
  const answers = members.some(({ error }) => !error);
  if (answers && replication.mode !== "asynchronous" && fit < replication.synchronousStandbys)
    problems.push(`${fit === 0 ? "no" : fit} synchronous standby of ${replication.synchronousStandbys} wanted`);
  if (state?.paused) problems.push("Patroni is in maintenance mode: no failover by itself; npx pgha resume");
  return problems;
}

function etcdProblems({ etcd }: Evidence): string[] {
  const lost = etcd.filter(({ healthy }) => healthy === false).map(({ name }) => name);
  if (lost.length === 0) return [];
  const left = etcd.length - lost.length;
  const quorum = Math.floor(etcd.length / 2) + 1;
  const means = left < quorum ? "no failover until there is a quorum again" : left === quorum ? "one more, and there is no failover" : `${left - quorum} more may be lost`;
  return [`${lost.join(" and ")} ${lost.length === 1 ? "does" : "do"} not answer: ${means}`];
}

function wayProblems({ members, poolers, proxies, endpoints }: Evidence): string[] {
  const primary = members.find(({ error, role }) => !error && role === "primary")?.name;
  return [
    ...poolers.flatMap(({ name, error, paused = [] }) =>
      error ? [`${name} ${error}`] : paused.map((database) => `${name} has paused ${database}: its clients wait`),
    ),
    ...proxies.flatMap(({ name, error, write = [], read = [] }) => {
      if (error) return [`${name} ${error}`];
      const found: string[] = [];
      if (write.length === 0) found.push(`${name} sends writes nowhere`);
      else if (write.some((server) => server !== primary)) found.push(`${name} sends writes to ${write.join(" and ")}`);
      if (read.length === 0) found.push(`${name} has no standby for reads`);
      return found;
    }),
    ...endpoints.flatMap(({ name, error, reaches }) => {
      if (error) return [`the ${name} endpoint fails: ${error}`];
      const wanted = name.endsWith("write") ? "primary" : "standby";
      return reaches === wanted ? [] : [`the ${name} endpoint reaches a ${reaches}`];
    }),
  ];
}
