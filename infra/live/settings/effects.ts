import { knownSettings } from "../../cluster/settings";
import { PostgresVersion } from "../../cluster/spec";
import { lowersShared, mergePatch } from "../patroni/configuration";

type Json = Record<string, unknown>;

/** How far a changed setting reaches. What would need a rebuild is no setting here: rules.ts knows none, and the preflight refuses the rest. */
export type Reach = "reload" | "restart";

/** One changed setting of Patroni's dynamic configuration, and what brings it about. */
export interface Effect {
  /** "postgresql.parameters.max_connections", "ttl". */
  setting: string;
  /** undefined: it was not set, or is not any more. */
  from: unknown;
  to: unknown;
  reach: Reach;
  /** Which servers restart before the others; only of a restart. */
  first?: "primary" | "standbys";
}

const PARAMETERS = "postgresql.parameters.";

/**
 * What a change of the dynamic configuration does to a running cluster, setting by setting, in the order of their names. `managed`:
 * what was declared before; a key of it that is wanted no more goes. The order of restarts is that of restart.ts: one for all of them.
 */
export function effectsOf(before: Json, after: Json, version: PostgresVersion, managed: Json = before): Effect[] {
  const first = lowersShared(before, after) ? "primary" : "standbys";
  return changes(mergePatch(before, after, managed), before, "")
    .map(({ setting, from, to }) => {
      const reach = reachOf(setting, version);
      return { setting, from, to, reach, ...(reach === "restart" ? { first } : {}) } satisfies Effect;
    })
    .sort((a, b) => (a.setting < b.setting ? -1 : 1));
}

/** In words: "200 → 150: restart, primary first". */
export function describeEffect({ from, to, reach, first }: Effect): string {
  const value = (one: unknown) => (one === undefined ? "not set" : typeof one === "string" ? one : JSON.stringify(one));
  return `${value(from)} → ${value(to)}: ${reach}${first ? `, ${first} first` : ""}`;
}

/** Patroni takes its own settings from etcd by itself; of Postgres' settings the context decides. Source: PostgreSQL's manual, 53.24. */
function reachOf(setting: string, version: PostgresVersion): Reach {
  if (!setting.startsWith(PARAMETERS)) return "reload";
  return knownSettings(version)[setting.slice(PARAMETERS.length)]?.context === "postmaster" ? "restart" : "reload";
}

function changes(patch: Json, before: Json, prefix: string): Pick<Effect, "setting" | "from" | "to">[] {
  return Object.entries(patch).flatMap(([key, to]) => {
    const from = before[key];
    if (typeof to === "object" && to !== null && !Array.isArray(to)) return changes(to as Json, isObject(from) ? from : {}, `${prefix}${key}.`);
    return [{ setting: prefix + key, from, to: to ?? undefined }];
  });
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
