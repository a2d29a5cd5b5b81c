import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { inTransaction } from "../../infra/live/postgres/transaction";
import { UserError } from "../../tools/errors";
import { Counter, Manifest, openData } from "./manifest";
import type { Store } from "./stored";

/**
 * Loads an archive into a table of its own with the columns and indexes of app_logs, and compares what was loaded with what was archived.
 * One transaction: what fails, or is killed, leaves nothing. Throws where the table is there already.
 */
export async function restoreArchive(client: Client, store: Store, manifest: Manifest, table: string): Promise<void> {
  await inTransaction(client, async () => {
    // As the owner of the log table, whose default privileges let readers in
    const { rows: [{ owner }] } = await client.query("SELECT relowner::regrole::text AS owner FROM pg_class WHERE oid = 'app.app_logs'::regclass");
    await client.query(`SET LOCAL ROLE ${owner}`);
    await client.query(`CREATE TABLE ${table} (LIKE app.app_logs INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING INDEXES)`);
    await client.query("RESET ROLE");
    const counter = new Counter();
    // Before the COPY: one that waits for data which never comes cannot be rolled back
    const data = await openData(store, manifest.name);
    const rows = client.query(copyFrom(`COPY ${table} (id, app_name, level, message, metadata, created_at) FROM STDIN (FORMAT csv, HEADER match)`));
    await pipeline(data, (text) => counter.through(text), rows);
    const { tally } = counter;
    if (tally.sha256 !== manifest.sha256 || rows.rowCount !== manifest.rows)
      throw new UserError(`the archive ${manifest.name} holds ${rows.rowCount} rows, SHA-256 ${tally.sha256}, instead of ${manifest.rows} rows, ${manifest.sha256}; nothing was loaded`);
  }).catch((error: { code?: string }) => {
    throw error.code === "42P07" ? new UserError(`the table ${table} is there already`, "give another one with --into, or drop it") : error;
  });
  await client.query(`ANALYZE ${table}`);
}

/** The archive that a person means: by its name, its partition, or a day that it holds. */
export function findArchive(manifests: Manifest[], wanted: string): Manifest {
  const day = /^\d{4}-\d\d(-\d\d)?$/.test(wanted) ? `${wanted.length === 7 ? `${wanted}-01` : wanted}T00:00:00.000Z` : undefined;
  const found = manifests.filter(({ name, partition, from, until }) =>
    day === undefined ? name === wanted || partition === wanted || partition.split(".").pop() === wanted : from <= day && day < until);
  if (found.length === 1) return found[0];
  if (found.length > 1) throw new UserError(`there are several archives of ${wanted}`, found.map(({ name }) => name).join("\n"));
  throw new UserError(`there is no archive of ${wanted}`, "npx pgha logs list");
}
