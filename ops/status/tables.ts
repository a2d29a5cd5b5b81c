import { Alert } from "../alerts/prometheus";
import { formatBytes, formatSeconds } from "../format";
import { Cell, Column } from "../table";
import { Tone } from "../terminal";
import { Budget } from "../outputs";
import { Endpoint, EtcdMember, Job, Member, PartitionedTable, Pooler, Proxy } from "./report";

// Why a part gives no answer stands in the verdict's problems: here it would push the columns apart.
const text = (value: string | number | undefined, tone?: Tone): Cell => ({ text: value === undefined ? "-" : String(value), tone });
const silent = (columns: Column[]): Cell[] => [text("no answer", "bad"), ...columns.slice(2).map(() => text(""))];

export const memberColumns: Column[] = [
  { title: "name" },
  { title: "role" },
  { title: "state" },
  { title: "timeline", align: "right", spare: 2 },
  { title: "lag", align: "right" },
  { title: "sync", spare: 1 },
  { title: "restart", spare: 3 },
  { title: "version", spare: 4 },
  { title: "up for", align: "right", spare: 5 },
];

export function memberRow(member: Member, time: string): Cell[] {
  const { name, error, role, state, timeline, lag, sync, pendingRestart, postgresVersion, startedAt } = member;
  const well = state === (role === "primary" ? "running" : "streaming");
  return [
    text(name),
    text(role, role === "primary" ? "bold" : undefined),
    error ? text("no answer", "bad") : text(state, well ? "good" : "warn"),
    text(timeline),
    text(lag === undefined ? undefined : formatBytes(lag)),
    text(sync),
    pendingRestart ? text("needed", "warn") : text(undefined),
    text(postgresVersion),
    text(startedAt && formatSeconds(Math.max(0, (Date.parse(time) - Date.parse(startedAt)) / 1000))),
  ];
}

export const etcdColumns: Column[] = [{ title: "name" }, { title: "state" }];

export function etcdRow({ name, healthy }: EtcdMember): Cell[] {
  return [text(name), healthy === undefined ? text("unknown") : healthy ? text("healthy", "good") : text("no answer", "bad")];
}

export const poolerColumns: Column[] = [
  { title: "name" },
  { title: "state" },
  { title: "clients", align: "right" },
  { title: "waiting", align: "right" },
  { title: "servers", align: "right" },
  { title: "idle", align: "right", spare: 1 },
  { title: "longest wait", align: "right", spare: 2 },
  { title: "queries/s", align: "right", spare: 3 },
  { title: "version", spare: 4 },
];

export function poolerRow({ name, error, clients, servers, paused = [], maxWait = 0, queriesPerSecond, version }: Pooler): Cell[] {
  if (error) return [text(name), ...silent(poolerColumns)];
  return [
    text(name),
    paused.length > 0 ? text(`paused: ${paused.join(", ")}`, "warn") : text("active", "good"),
    text(clients?.active),
    text(clients?.waiting, clients?.waiting ? "warn" : undefined),
    text(servers?.active),
    text(servers?.idle),
    text(formatSeconds(maxWait)),
    text(queriesPerSecond),
    text(version),
  ];
}

export const proxyColumns: Column[] = [
  { title: "name" },
  { title: "writes to" },
  { title: "reads from" },
  { title: "write sessions", align: "right", spare: 1 },
  { title: "read sessions", align: "right", spare: 1 },
];

export function proxyRow({ name, error, write = [], read = [], sessions }: Proxy): Cell[] {
  if (error) return [text(name), ...silent(proxyColumns)];
  return [
    text(name),
    write.length === 1 ? text(write[0], "good") : text(write.join(", ") || "nowhere", "bad"),
    read.length > 0 ? text(read.join(", "), "good") : text(write.length > 0 ? `${write[0]}, as no standby is up` : "nowhere", "warn"),
    text(sessions?.write),
    text(sessions?.read),
  ];
}

export const endpointColumns: Column[] = [
  { title: "name" },
  { title: "reaches" },
  { title: "connect", align: "right" },
  { title: "query", align: "right" },
  { title: "via", spare: 1 },
  { title: "URL" },
];

export function endpointRow({ name, error, url, host, reaches, connectMilliseconds, queryMilliseconds }: Endpoint): Cell[] {
  return [
    text(name),
    error ? text("no answer", "bad") : text(reaches, name.endsWith("write") === (reaches === "primary") ? "good" : "warn"),
    text(connectMilliseconds === undefined ? undefined : `${connectMilliseconds} ms`),
    text(queryMilliseconds === undefined ? undefined : `${queryMilliseconds} ms`),
    text(host),
    text(url),
  ];
}

export const jobColumns: Column[] = [
  { title: "name" },
  { title: "last run" },
  { title: "took", align: "right", spare: 2 },
  { title: "result" },
  { title: "failures", align: "right" },
  { title: "next run" },
  { title: "schedule", spare: 1 },
];

const minute = (time: string | undefined) => time?.slice(0, 16).replace("T", " ");

export function jobRow({ name, lastRun, seconds, active, result, failures, nextRun, schedule }: Job): Cell[] {
  return [
    text(name),
    text(minute(lastRun)),
    text(seconds === undefined ? undefined : `${seconds.toFixed(1)} s`),
    active ? text(result, result === "succeeded" ? "good" : result === "failed" ? "bad" : undefined) : text("switched off", "warn"),
    text(failures, failures > 0 ? "bad" : undefined),
    text(active ? minute(nextRun) : undefined),
    text(schedule),
  ];
}

export const partitionedColumns: Column[] = [
  { title: "name" },
  { title: "every" },
  { title: "partitions", align: "right" },
  { title: "from" },
  { title: "made until" },
];

export function partitionedRow({ name, every, partitions, oldest, aheadUntil }: PartitionedTable): Cell[] {
  return [text(name), text(every), text(partitions), text(oldest?.slice(0, 10)), text(aheadUntil?.slice(0, 10))];
}

export const budgetColumns: Column[] = [
  { title: "when" },
  { title: "typical", align: "right" },
  { title: "worst", align: "right" },
  { title: "may lose" },
];

export function budgetRow({ title, typical, worst, until, mayLose }: Budget["failures"][number], unflushed: number): Cell[] {
  const loss = mayLose === "unflushed commits" ? `${mayLose} of ${formatSeconds(unflushed)}` : mayLose;
  return [
    text(title),
    text(typical === null ? undefined : `${typical} s`),
    worst === null ? text(`until ${until}`, "warn") : text(`${worst} s`),
    text(loss, loss === "nothing" ? undefined : "warn"),
  ];
}

export const alertColumns: Column[] = [{ title: "severity" }, { title: "alert" }, { title: "for", align: "right", spare: 1 }, { title: "means" }];

export function alertRow({ severity, name, since, summary }: Alert, time: string): Cell[] {
  const tone = severity === "critical" ? "bad" : severity === "warning" ? "warn" : undefined;
  return [text(severity, tone), text(name), text(formatSeconds(Math.max(0, (Date.parse(time) - Date.parse(since)) / 1000))), text(summary)];
}
