import { Mode, Timers } from "./spec";

/**
 * The shortest timers that kept a healthy primary in every measured failure: ttl at Patroni's minimum of 20 s, and
 * retry_timeout long enough to sit out the election of an etcd leader. Patroni rewrites what breaks
 * loop_wait + 2 × retry_timeout ≤ ttl. An asynchronous primary that crashed is restarted in place before a standby
 * may take over, because the standby can lack its last commits.
 */
export function planTimers(mode: Mode): Timers {
  return {
    ttl: 20,
    loopWait: 2,
    retryTimeout: 9,
    primaryStartTimeout: mode === "asynchronous" ? 30 : 0,
    primaryStopTimeout: 10,
    checkIntervalMs: 500,
    fastCheckIntervalMs: 250,
  };
}
