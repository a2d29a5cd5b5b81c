import type { Control } from "../patroni/client";
import { armGuard } from "./guard";
import { pauseAll, resumeAll } from "./poolers";

export interface PauseOptions {
  /** The longest the poolers may stay paused, from the first PAUSE on. Seconds; default 15. */
  seconds?: number;
  /** What is going on, line by line. */
  progress?: (text: string) => void;
  /** Calls it off as long as the work has not begun; what has begun ends by itself or by the limit. */
  signal?: AbortSignal;
}

export const PAUSE_SECONDS = 15;
/** How long after the limit the guard steps in when this process hangs. Seconds. */
const GRACE_SECONDS = 5;

export interface Paused<T> {
  result: T;
  /** From the first PAUSE to the last RESUME. */
  milliseconds: number;
}

/**
 * Runs `work` while every pooler holds its writers back, and lets them go again whatever happens: when it succeeds,
 * throws, takes longer than allowed, is called off, or when this process is killed. `work` gets the time that is left.
 */
export async function underPause<T>(
  control: Control,
  { seconds = PAUSE_SECONDS, progress = () => undefined, signal }: PauseOptions,
  work: (left: () => number) => Promise<T>,
): Promise<Paused<T>> {
  const guard = await armGuard(control, seconds + GRACE_SECONDS);
  signal?.throwIfAborted();
  const started = Date.now();
  const left = () => started + seconds * 1000 - Date.now();
  let result: T;
  let stuck: string[] = [];
  try {
    const silent = await withSignal(pauseAll(control, (seconds * 1000) / 3), signal);
    progress(`paused ${control.poolers.length - silent.length} of ${control.poolers.length} poolers${silent.map((name) => `; ${name} does not answer`).join("")}`);
    result = await within(left(), `the poolers had been paused for ${seconds} s`, work(left));
  } finally {
    stuck = await resumeAll(control, 10_000);
    if (!stuck.length) guard.release();
    progress(`resumed after ${((Date.now() - started) / 1000).toFixed(2)} s`);
  }
  if (stuck.length) throw new Error(`the poolers ${stuck.join(", ")} did not take RESUME; a background process goes on trying for a minute`);
  return { result, milliseconds: Date.now() - started };
}

async function withSignal<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  work.catch(() => undefined);
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new Error("interrupted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener("abort", abort));
}

async function within<T>(milliseconds: number, because: string, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up: ${because}`)), Math.max(0, milliseconds));
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
