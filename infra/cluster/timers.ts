import { failureBudgets, longest } from "./forecast/budget";
import { CheckTimers, Mode, Timers } from "./spec";

export type Preset = "fast" | "patient" | "common";

/** What the configuration says of availability. Seconds; what is left out is derived. */
export interface Wishes {
  preset?: Preset;
  maxWriteOutage?: number;
  ttl?: number;
  loopWait?: number;
  retryTimeout?: number;
}

/**
 * Least values. Patroni's own, below which it rewrites (patroni/config.py, _validate_and_adjust_timeouts), but for ttl: its 20 is
 * lifted by images/postgres/quick-patroni, and 8 is what `npx pgha drill torture` lost no healthy primary by.
 */
export const floor = { ttl: 8, loopWait: 1, retryTimeout: 3 };

/** Patroni's own floor: what sits out a machine that stands still for 10 s. */
const PATIENT_TTL = 20;

/** Beyond this a longer wait keeps no healthy primary: a network that was away for a minute is a failure. */
const MAX_TTL = 60;

/** Redundancy that timers are derived for; what a cluster lacks of it is for rules.ts to say. */
const redundant = { etcd: 3, proxies: 2, poolers: 2 };

/**
 * Timers of Patroni, HAProxy and PgBouncer that go together. Without a wish the fastest; with maxWriteOutage the most patient
 * whose worst outage keeps it, because patience spares a healthy primary on a slow network. A promise that cannot be kept
 * gets the fastest, and rules.ts refuses it.
 */
export function planTimers(mode: Mode, wishes: Wishes = {}): Timers {
  const { preset = presetOf(mode), maxWriteOutage, ttl } = wishes;
  if (preset === "common") return change(common, wishes);
  if (wishes.preset || maxWriteOutage === undefined || ttl !== undefined)
    return derive(mode, ttl ?? (preset === "patient" ? PATIENT_TTL : floor.ttl), wishes);
  for (let longer = MAX_TTL; longer > floor.ttl; longer--) {
    const timers = derive(mode, longer, wishes);
    const { worst } = longest(failureBudgets(timers, mode, redundant));
    if (worst !== null && worst <= maxWriteOutage) return timers;
  }
  return derive(mode, floor.ttl, wishes);
}

/** In asynchronous mode a takeover can lose commits: one that was not needed costs more there than one that comes later. */
export function presetOf(mode: Mode): Preset {
  return mode === "asynchronous" ? "patient" : "fast";
}

/**
 * What goes with a ttl: all that a hiccup could trip waits in proportion to it from Patroni's own floor on. retry_timeout is as
 * long as Patroni allows: it has to sit out the election of an etcd leader.
 */
function derive(mode: Mode, ttl: number, wishes: Wishes): Timers {
  const calm = Math.max(1, ttl / PATIENT_TTL);
  const { loopWait = ttl < PATIENT_TTL ? 1 : 2 } = wishes;
  const timers: Timers = {
    ttl,
    loopWait,
    retryTimeout: Math.max(floor.retryTimeout, Math.floor((ttl - loopWait) / 2)),
    primaryStartTimeout: 0,
    // Nobody renews the lease while Patroni ends: Postgres has to be down before it is over
    primaryStopTimeout: Math.max(1, Math.min(10, ttl - loopWait - 1)),
    check: {
      interval: Math.round(500 * calm),
      fastInterval: Math.round(250 * calm),
      downInterval: 250,
      timeout: Math.round(1000 * calm),
      rise: 1,
      fall: 2,
    },
    pooler: { loginRetry: 0.2, connectTimeout: Math.round(2 * calm), tcpUserTimeout: Math.round(3000 * calm) },
  };
  const chosen = change(timers, wishes);
  return mode === "asynchronous" ? { ...chosen, primaryStartTimeout: startTimeout(chosen, wishes) } : chosen;
}

/** An asynchronous primary that crashed is restarted in place first: a standby can lack its last commits. */
function startTimeout(timers: Timers, { maxWriteOutage }: Wishes): number {
  if (maxWriteOutage === undefined) return 30;
  const beside = failureBudgets({ ...timers, primaryStartTimeout: 1 }, "asynchronous", redundant)
    .filter(({ failure }) => failure === "crash-without-restart" || failure === "backend-crash")
    .map(({ worst }) => (worst ?? 1) - 1);
  return Math.min(300, Math.max(5, Math.floor(maxWriteOutage - Math.max(...beside))));
}

/** Within which every proxy finds a server down that was stopped: its first check is refused, the others may find nobody there. Milliseconds. */
export function noticedWithin({ interval, fastInterval, timeout, fall }: CheckTimers): number {
  return interval + (fall - 1) * (fastInterval + timeout);
}

/** What most clusters run with: the defaults of Patroni and PgBouncer, and HAProxy's as Patroni's example has them. */
const common: Timers = {
  ttl: 30,
  loopWait: 10,
  retryTimeout: 10,
  primaryStartTimeout: 300,
  primaryStopTimeout: 0,
  check: { interval: 3000, fastInterval: 3000, downInterval: 3000, timeout: 3000, rise: 4, fall: 3 },
  pooler: { loginRetry: 15, connectTimeout: 15, tcpUserTimeout: 0 },
};

function change(timers: Timers, { ttl, loopWait, retryTimeout }: Wishes): Timers {
  return {
    ...timers,
    ttl: ttl ?? timers.ttl,
    loopWait: loopWait ?? timers.loopWait,
    retryTimeout: retryTimeout ?? timers.retryTimeout,
  };
}
