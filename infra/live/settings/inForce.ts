import { pause } from "../patroni/client";
import { runOnce } from "../postgres/sql";

const PATIENCE_MS = 5000;
const TRIES = 5;

/**
 * Settings of its files that a server does not take, "TimeZone: setting could not be applied", as a fresh login sees them.
 * What only waits for a restart is none. Source: PostgreSQL's manual, 53.8.
 */
export const REFUSED = `SELECT coalesce(f.name, 'line ' || f.sourceline) || ': ' || f.error AS text
  FROM pg_file_settings f LEFT JOIN pg_settings s ON lower(s.name) = lower(f.name)
  WHERE f.error IS NOT NULL AND NOT (f.error = 'setting could not be applied' AND coalesce(s.context, '') IN ('postmaster', 'internal')) ORDER BY f.seqno`;

/** The primary's, by whichever of the write ports lets one in; undefined when none does. */
export async function refusedSettings(writers: string[], authority: string): Promise<string[] | undefined> {
  for (let index = 0; index < TRIES * writers.length; index++) {
    const rows = await runOnce(writers[index % writers.length], authority, REFUSED, PATIENCE_MS).catch(() => undefined);
    if (rows) return rows.map(({ text }) => String(text));
    await pause(500);
  }
  return undefined;
}
