import { Mode } from "./spec";

/** What of a cluster's shape decides whether it survives; predicates that rules.ts and the policy pack share. */

/** Strict, and every standby is needed for a commit: one that is down stops all writes. */
export function lacksSpare(mode: Mode, synchronousStandbys: number, standbys: number): boolean {
  return mode === "strict" && synchronousStandbys >= standbys;
}

/** Patroni rewrites timers that break this, with no more than a warning in its log. Seconds. */
export function isRewritten({ ttl, loopWait, retryTimeout }: { ttl: number; loopWait: number; retryTimeout: number }): boolean {
  return loopWait + 2 * retryTimeout > ttl;
}

/** The zone whose loss takes the majority along; undefined where no zone holds one, or where there is no more than one zone to choose. */
export function majorityZone(zones: string[]): string | undefined {
  return zones.find((zone) => zones.filter((other) => other === zone).length > zones.length / 2);
}
