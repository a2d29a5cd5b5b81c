import { PostgresVersion } from "../spec";
import settings17 from "./17.json";
import settings18 from "./18.json";

/** How a setting takes effect: postmaster needs a restart, sighup a reload, the others a new session at most. */
export interface KnownSetting {
  context: string;
  type: string;
  /** Of an enum; Postgres takes further spellings of on and off. */
  values?: string[];
  /** Of a number without one: "8kB", "ms". */
  unit?: string;
  /** In that unit. */
  min?: number;
  max?: number;
}

/** Every setting of a major version by name. Source: `postgres --describe-config` and pg_settings of 17.12 and 18.6. */
export function knownSettings(version: PostgresVersion): Record<string, KnownSetting> {
  return version === 17 ? settings17 : settings18;
}
