import { setTimeout as sleep } from "node:timers/promises";
import type { Outputs } from "../outputs";
import { hangUp, parsePostgresUrl } from "../postgresUrl";
import { Refusal } from "./undo";
import { connectSuperuser, loginUrls } from "./ways";

async function asSuperuser<T>(outputs: Outputs, work: (query: (text: string, values?: unknown[]) => Promise<T[]>) => Promise<T[]>): Promise<T[]> {
  const client = await connectSuperuser(outputs);
  try {
    return await work(async (text, values) => (await client.query(text, values)).rows as T[]);
  } finally {
    hangUp(client);
  }
}

/** Sessions of a drill that runs: its superuser's, which comes through no pooler. */
const OTHERS = `SELECT client_addr FROM pg_stat_activity
  WHERE usename = 'postgres' AND application_name = 'pgha drill' AND pid <> pg_backend_pid()`;

/** The drill's own schema; what an interrupted one left behind is replaced. Throws where another drill runs on this cluster. */
export async function makeTables(outputs: Outputs): Promise<void> {
  const { database } = outputs.cluster;
  const writers = [database, ...loginUrls(outputs).map((url) => parsePostgresUrl(url).user)].map((name) => `"${name}"`).join(", ");
  await asSuperuser(outputs, async (query) => {
    if ((await query(OTHERS)).length > 0)
      throw new Refusal("another drill runs on this cluster, from another machine or folder", "wait until it has ended");
    return query(`
      DROP SCHEMA IF EXISTS pgha_drill CASCADE;
      CREATE SCHEMA pgha_drill;
      CREATE TABLE pgha_drill.rows (run int, writer text, sequence int, PRIMARY KEY (run, writer, sequence));
      CREATE TABLE pgha_drill.watch (node text, at timestamptz DEFAULT clock_timestamp());
      CREATE TABLE pgha_drill.marks (id int);
      GRANT USAGE ON SCHEMA pgha_drill TO ${writers}, "${database}_readonly";
      GRANT INSERT ON pgha_drill.rows, pgha_drill.watch TO ${writers};
      GRANT SELECT ON pgha_drill.marks TO "${database}_readonly";
    `);
  });
}

/** "writer/sequence" of each row of a run that is on the primary. */
export async function readRows(outputs: Outputs, run: number): Promise<Set<string>> {
  const rows = await asSuperuser<{ key: string }>(outputs, (query) =>
    query("SELECT writer || '/' || sequence AS key FROM pgha_drill.rows WHERE run = $1", [run]),
  );
  return new Set(rows.map(({ key }) => key));
}

/** Tries for a minute: after an interrupted drill there may be no primary yet. */
export async function dropTables(outputs: Outputs): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await sleep(1000)) {
    try {
      return void (await asSuperuser(outputs, (query) => query("DROP SCHEMA IF EXISTS pgha_drill CASCADE")));
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
