import type { Client } from "pg";
import { isMissingDatabase, onPrimary, prepareSchema, relationExists, type Connection } from "../postgres/connection";
import { headVersion, type Migration } from "./migrations";

/** What a database says was applied to it, by file name. */
export type Records = Map<string, { checksum: string; version: string | null }>;

/** What is recorded in the live databases. */
export interface Applied {
  /** The highest number applied: "0003". */
  version: string;
  /** File name to checksum. */
  checksums: Record<string, string>;
}

/** The records of the live databases; nothing when the application database does not exist. Waits as `onPrimary` does. */
export async function readApplied(connection: Connection, database: string): Promise<Applied | undefined> {
  try {
    const cluster = await onPrimary(connection, "postgres", readRecords);
    const records: Records = new Map([...cluster, ...(await onPrimary(connection, database, readRecords))]);
    return {
      version: headVersion([...records].map(([name, { version }]) => ({ name, version }))),
      checksums: Object.fromEntries([...records].map(([name, { checksum }]) => [name, checksum])),
    };
  } catch (error) {
    if (isMissingDatabase(error)) return undefined;
    throw error;
  }
}

export async function readRecords(client: Client): Promise<Records> {
  if (!(await relationExists(client, "pgha.migrations"))) return new Map();
  const { rows } = await client.query("SELECT name, checksum, version FROM pgha.migrations ORDER BY name");
  return new Map(rows.map(({ name, checksum, version }) => [name, { checksum, version }]));
}

export async function prepareRecords(client: Client): Promise<void> {
  await prepareSchema(client);
  await client.query(`CREATE TABLE IF NOT EXISTS pgha.migrations (
    name text PRIMARY KEY,
    version text,
    kind text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT session_user,
    duration interval NOT NULL
  )`);
}

/** Records a file as applied, within the transaction that applied it. */
export async function record(client: Client, { name, version, kind, checksum }: Migration, milliseconds: number): Promise<void> {
  await client.query(
    `INSERT INTO pgha.migrations (name, version, kind, checksum, duration) VALUES ($1, $2, $3, $4, make_interval(secs => $5))
     ON CONFLICT (name) DO UPDATE
     SET checksum = excluded.checksum, duration = excluded.duration, applied_at = DEFAULT, applied_by = DEFAULT`,
    [name, version ?? null, kind, checksum, milliseconds / 1000]);
}
