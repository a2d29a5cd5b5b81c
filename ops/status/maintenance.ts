import { describeFailure } from "../failure";
import { Outputs } from "../outputs";
import { connect, ConnectOptions, hangUp } from "../postgresUrl";
import { Job, Maintenance, Member } from "./report";

type Row = Record<string, string | number | boolean | Date | null>;

/** To the primary for the role that only watches; past the poolers, which would keep a pool for it. */
export function maintenanceUrl({ poolerUrls: [console], haproxyWriteUrl: url }: Pick<Outputs, "poolerUrls" | "haproxyWriteUrl">): string {
  return url.replace(/\/\/[^@]*@/, /\/\/[^@]*@/.exec(console)?.[0] ?? "//");
}

/** Asks for the jobs and the tables they keep; nothing where there are none yet. Never throws. */
export async function askMaintenance(url: string, options: ConnectOptions): Promise<Maintenance | undefined> {
  try {
    const { client } = await connect(url, options);
    try {
      const jobs = await client.query<Row>("SELECT *, now() FROM pgha.jobs()");
      const tables = await client.query<Row>("SELECT * FROM pgha.partitioned_tables()");
      return { jobs: jobs.rows.map(readJob), tables: tables.rows.map(readTable) };
    } finally {
      hangUp(client);
    }
  } catch (error) {
    // No such schema or function, or no right to it
    if (/^(3F000|42883|42501)$/.test((error as { code?: string }).code ?? "")) return undefined;
    return { error: describeFailure(error), jobs: [], tables: [] };
  }
}

function readJob({ job, schedule, active, last_start: start, last_end: end, last_status, last_message, failures, now }: Row): Job {
  return {
    name: String(job),
    schedule: String(schedule),
    active: active === true,
    lastRun: iso(start),
    seconds: start instanceof Date && end instanceof Date ? (end.getTime() - start.getTime()) / 1000 : undefined,
    result: last_status === null ? undefined : String(last_status),
    message: last_message === null ? undefined : String(last_message).split("\n")[0],
    nextRun: nextRun(String(schedule), now as Date)?.toISOString(),
    failures: Number(failures),
  };
}

function readTable({ parent, every, partitions, oldest, ahead_until: until }: Row) {
  return { name: String(parent), every: String(every), partitions: Number(partitions), oldest: iso(oldest), aheadUntil: iso(until) };
}

function iso(value: Row[string]): string | undefined {
  return value instanceof Date ? value.toISOString() : undefined;
}

/** Seconds between two runs, of a schedule by seconds or by the minute of each hour or day; undefined for others. */
export function period(schedule: string): number | undefined {
  const every = /^(\d+) seconds?$/.exec(schedule);
  if (every) return Number(every[1]);
  const [minute, hour, ...rest] = schedule.split(" ");
  if (!/^\d+$/.test(minute) || rest.join(" ") !== "* * *") return undefined;
  return hour === "*" ? 3600 : /^\d+$/.test(hour) ? 86_400 : undefined;
}

/** When a schedule by the hour or the day is due after `now`. */
export function nextRun(schedule: string, now: Date): Date | undefined {
  const seconds = period(schedule);
  if (seconds === undefined || seconds < 3600) return undefined;
  const [minute, hour] = schedule.split(" ").map(Number);
  const next = new Date(now);
  next.setUTCMinutes(minute, 0, 0);
  if (seconds === 86_400) next.setUTCHours(hour);
  return next > now ? next : new Date(next.getTime() + seconds * 1000);
}

/** What is wrong with the jobs and their tables, as far as one can tell by `now`. */
export function maintenanceProblems({ error, jobs, tables }: Maintenance, primary: Member | undefined, now: Date): string[] {
  const age = (time: string) => (now.getTime() - Date.parse(time)) / 1000;
  if (error) return [`the scheduled jobs cannot be asked for: ${error}`];
  return [
    ...jobs.flatMap(({ name, active, failures, message, lastRun, schedule }) => {
      const patience = Math.max(300, 2 * (period(schedule) ?? Infinity));
      if (!active) return [`the job ${name} is switched off`];
      if (failures > 0) return [`the job ${name} failed ${failures === 1 ? "once" : `${failures} times in a row`}: ${message}`];
      // A cluster that was down had nothing to run them
      const up = primary?.startedAt === undefined ? 0 : age(primary.startedAt);
      return lastRun !== undefined && Math.min(age(lastRun), up) > patience ? [`the job ${name} has not run since ${lastRun.slice(0, 16)} UTC`] : [];
    }),
    ...tables.filter(({ aheadUntil }) => aheadUntil === undefined || age(aheadUntil) > -86_400)
      .map(({ name, aheadUntil }) => `${name} has partitions until ${aheadUntil?.slice(0, 16) ?? "never"} UTC only`),
  ];
}
