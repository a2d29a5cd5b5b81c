import type { Json } from "./client";

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What turns `live` into `wanted`, as a JSON merge patch; keys that were `managed` and are wanted no more become null. */
export function mergePatch(live: unknown, wanted: Json, managed: unknown): Json {
  const patch: Json = {};
  const before = isObject(live) ? live : {};
  for (const [key, value] of Object.entries(wanted)) {
    if (isObject(value)) {
      const inner = mergePatch(before[key], value, isObject(managed) ? managed[key] : undefined);
      if (Object.keys(inner).length || !isObject(before[key])) patch[key] = inner;
    } else if (JSON.stringify(before[key]) !== JSON.stringify(value)) patch[key] = value;
  }
  for (const key of Object.keys(isObject(managed) ? managed : {})) if (!(key in wanted) && key in before) patch[key] = null;
  return patch;
}

/** The part of `live` that is managed here: what somebody added by hand to other keys is theirs. */
export function managedPart(live: unknown, managed: Json): Json {
  const source = isObject(live) ? live : {};
  const known = Object.entries(managed).filter(([key]) => key in source);
  return Object.fromEntries(known.map(([key, value]) => [key, isObject(value) ? managedPart(source[key], value) : source[key]]));
}

/**
 * Whether one of the five settings a standby must not have lower than its primary goes down: then the primary
 * restarts first. Source: PostgreSQL's manual, 26.4.3.
 */
export function lowersShared(before: unknown, after: unknown): boolean {
  const shared = ["max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction"];
  const value = (configuration: unknown, name: string) => {
    const postgresql = isObject(configuration) ? configuration.postgresql : undefined;
    const parameters = isObject(postgresql) ? postgresql.parameters : undefined;
    return isObject(parameters) ? Number(parameters[name]) : NaN;
  };
  return shared.some((name) => value(after, name) < value(before, name));
}
