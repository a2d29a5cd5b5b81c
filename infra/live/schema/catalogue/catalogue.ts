import { isDeepStrictEqual } from "node:util";
import type { Client } from "pg";
import { prepareSchema, relationExists } from "../../postgres/connection";
import { inRolledBack } from "../../postgres/transaction";
import { CLUSTER } from "./clusterQueries";
import { DATABASE, FORMAT } from "./queries";

/** What an object is, attribute by attribute; all of it text that a person can read. */
export type Definition = Record<string, string>;
/** Objects by kind and name: "column app.accounts.name". */
export type Catalogue = Record<string, Definition>;
/** In database postgres what belongs to the whole cluster is looked at, in any other one what is in it. */
export const scopeOf = (database: string) => (database === "postgres" ? "cluster" : "database");

/** Reads the live catalogue at one moment. */
export async function readCatalogue(client: Client): Promise<Catalogue> {
  return inRolledBack(client, () => readObjects(client), "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

/** The catalogue as the transaction that is open sees it. */
export async function readObjects(client: Client): Promise<Catalogue> {
  const catalogue: Catalogue = {};
  for (const query of scopeOf(client.database!) === "cluster" ? CLUSTER : DATABASE)
    if (!query.needs || (await relationExists(client, query.needs)))
      for (const { name, definition } of (await client.query(query.sql)).rows) catalogue[`${query.kind} ${name}`] = definition;
  return catalogue;
}

/** Where what is expected is kept: beside what it describes, so that it goes with the data. */
export async function prepareCatalogue(client: Client): Promise<void> {
  await prepareSchema(client);
  await client.query(`CREATE TABLE IF NOT EXISTS pgha.catalogue (
    object text PRIMARY KEY,
    definition jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`);
}

const NOTE = "format";
const BEFORE = "before the change under way";

async function formatOf(client: Client): Promise<Definition> {
  const { rows: [{ major }] } = await client.query("SELECT (current_setting('server_version_num')::int / 10000)::text AS major");
  return { queries: FORMAT, postgres: major };
}

/** What a database has noted of itself. */
export interface Noted {
  /** Undefined before the first time, and where it was noted in another format. */
  expected?: Catalogue;
  /** Names of what is expected, in any format. */
  objects: Set<string>;
  /** What was there before a change that did not come to its end. */
  before?: Catalogue;
}

export async function readNoted(client: Client): Promise<Noted> {
  if (!(await relationExists(client, "pgha.catalogue"))) return { objects: new Set() };
  const { rows } = await client.query("SELECT object, definition FROM pgha.catalogue");
  const { [NOTE]: format, [BEFORE]: change, ...expected } = Object.fromEntries(rows.map(({ object, definition }) => [object, definition]));
  const current = await formatOf(client);
  return {
    objects: new Set(Object.keys(expected)),
    expected: isDeepStrictEqual(format, current) ? expected : undefined,
    before: isDeepStrictEqual(change?.format, current) ? change.catalogue : undefined,
  };
}

/** Notes what is there before a change, so that what it made is known even where its end is never reached. */
export async function writeBefore(client: Client, catalogue: Catalogue): Promise<void> {
  const note = JSON.stringify({ format: await formatOf(client), catalogue });
  await client.query("INSERT INTO pgha.catalogue VALUES ($1, $2) ON CONFLICT (object) DO UPDATE SET definition = excluded.definition", [BEFORE, note]);
}

/** Ends the change under way, too. */
export async function writeExpected(client: Client, catalogue: Catalogue): Promise<void> {
  await client.query(
    `WITH wanted AS (SELECT key AS object, value AS definition FROM jsonb_each($1)),
       gone AS (DELETE FROM pgha.catalogue WHERE object NOT IN (SELECT object FROM wanted))
     INSERT INTO pgha.catalogue (object, definition) SELECT object, definition FROM wanted
     ON CONFLICT (object) DO UPDATE SET definition = excluded.definition, recorded_at = DEFAULT WHERE catalogue.definition <> excluded.definition`,
    [JSON.stringify({ ...catalogue, [NOTE]: await formatOf(client) })]);
}
