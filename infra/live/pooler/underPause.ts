import { randomUUID } from "node:crypto";
import type { Control } from "../access";
import { armGuard } from "./guard";
import { Attempt, busyServers, keepNoMinimum, namesOf, pauseAll, resumeAll } from "./poolers";
import { runOnce } from "../postgres/sql";

export interface PauseOptions {
  /** The longest the poolers may stay paused, from the first PAUSE on; a third of it for open transactions to end. Seconds; default 15. */
  seconds?: number;
  /** Goes on when transactions are still open after that: they end with the server that they are on. */
  force?: boolean;
  /** What is going on, line by line. */
  progress?: (text: string) => void;
  /** Calls it off as long as the work has not begun; what has begun ends by itself or by the limit. */
  signal?: AbortSignal;
}

export const PAUSE_SECONDS = 15;
/** The keeper of a pooler ends every pause that is longer (images/pgbouncer/keeper.py, WANTED_SECONDS), the guard's grace included. */
export const MAX_PAUSE_SECONDS = 60;
/** How long after the limit the guard steps in when this process hangs. Seconds. */
export const GRACE_SECONDS = 5;

/** Nothing was done: transactions were still open. */
export class Busy extends Error {}
/** The writers were let go by the limit; the work was begun, and may still go on. */
export class Overdue extends Error {}

export interface Paused<T> {
  result: T;
  /** From the first PAUSE to the last RESUME. */
  milliseconds: number;
}

/**
 * Runs `work` while every pooler holds its writers back, and lets them go again whatever happens: when it succeeds,
 * throws, takes longer than allowed, is called off, or when this process is killed. `work` gets the time that is left.
 */
export async function underPause<T>(control: Control, options: PauseOptions, work: (left: () => number) => Promise<T>): Promise<Paused<T>> {
  const { seconds = PAUSE_SECONDS, progress = () => undefined, signal } = options;
  const pausing = { ...control, session: `pgha pause ${randomUUID()}` };
  const guard = await armGuard(pausing, seconds + GRACE_SECONDS);
  const keepMinimum = await keepNoMinimum(control);
  const started = Date.now();
  const left = () => started + seconds * 1000 - Date.now();
  let attempts: Attempt[] = [];
  let result: T;
  let milliseconds = 0;
  let stuck: string[] = [];
  try {
    attempts = await pauseAll(pausing, (seconds * 1000) / 3, signal);
    await judge(control, attempts, options);
    const silent = namesOf(attempts.filter(({ outcome }) => outcome === "silent"));
    progress(`paused ${control.poolers.length - silent.length} of ${control.poolers.length} poolers${silent.map((name) => `; ${name} does not answer`).join("")}`);
    result = await within(left(), `the poolers had been paused for ${seconds} s`, work(left));
  } finally {
    // Where a PAUSE was not answered it may still be on its way
    const answered = attempts.every(({ outcome }) => outcome === "paused" || outcome === "silent");
    stuck = await resumeAll(answered ? control : pausing, 10_000, attempts.filter(({ outcome }) => outcome !== "silent"));
    milliseconds = Date.now() - started;
    progress(`resumed after ${(milliseconds / 1000).toFixed(2)} s`);
    await keepMinimum();
    if (!stuck.length) guard.release();
  }
  if (stuck.length) throw new Error(`the poolers ${stuck.join(", ")} did not take RESUME; a background process goes on trying for a minute, then their keepers`);
  return { result, milliseconds };
}

/** Throws where the work must not begin. */
async function judge(control: Control, attempts: Attempt[], { seconds = PAUSE_SECONDS, force, signal }: PauseOptions): Promise<void> {
  if (signal?.aborted) throw new Error("interrupted");
  const failed = attempts.find(({ error }) => error);
  if (failed?.error) throw failed.error;
  const late = attempts.filter(({ outcome }) => outcome === "late");
  if (!late.length || force) return;
  const busy = await describeBusy(control, await busyServers(control.authority, late));
  const after = Math.round(seconds / 0.3) / 10;
  throw new Busy(`transactions were still open on ${namesOf(late).join(", ")} after ${after} s${busy}; end them, allow more time, or have them cut off`);
}

/** ": pid 4711 of app, 12 s: UPDATE …" by the primary's word, or nothing where it does not say. */
async function describeBusy({ writers, authority }: Control, pids: number[]): Promise<string> {
  const statement = `SELECT pid, usename, round(extract(epoch FROM clock_timestamp() - xact_start)) AS age, regexp_replace(left(query, 80), '\\s+', ' ', 'g') AS query
    FROM pg_stat_activity WHERE pid = ANY ('{${pids.join()}}') AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 5`;
  const rows = writers.length && pids.length ? await runOnce(writers[0], authority, statement, 1000).catch(() => []) : [];
  const lines = rows.map(({ pid, usename, age, query }) => `pid ${pid} of ${usename}, ${age} s: ${query}`);
  return lines.length ? `: ${lines.join("; ")}` : "";
}

async function within<T>(milliseconds: number, because: string, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Overdue(`gave up: ${because}`)), Math.max(0, milliseconds));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
