import { Mode } from "./spec";

/** What of a cluster's shape decides whether it survives; predicates that rules.ts and the policy pack share. */

/** Strict never commits on the primary alone: it waits for one standby, however many are wanted. Source: patroni/global_config.py, min_synchronous_nodes. */
export const STRICT_LEAST = 1;

/** Strict with a single standby: one that is down stops all writes. */
export function lacksSpare(mode: Mode, standbys: number): boolean {
  return mode === "strict" && standbys <= STRICT_LEAST;
}

/** Patroni rewrites timers that break this, with no more than a warning in its log. Seconds. */
export function isRewritten({ ttl, loopWait, retryTimeout }: { ttl: number; loopWait: number; retryTimeout: number }): boolean {
  return loopWait + 2 * retryTimeout > ttl;
}

/** The zone whose loss takes the majority along; undefined where no zone holds one, or where there is no more than one zone to choose. */
export function majorityZone(zones: string[]): string | undefined {
  return zones.find((zone) => zones.filter((other) => other === zone).length > zones.length / 2);
}
