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

async function formatOf(client: Client): Promise<Definition> {
  const { rows: [{ major }] } = await client.query("SELECT (current_setting('server_version_num')::int / 10000)::text AS major");
  return { queries: FORMAT, postgres: major };
}

/** The recorded catalogue; undefined before the first one, and where it was recorded in another format. */
export async function readExpected(client: Client): Promise<Catalogue | undefined> {
  if (!(await relationExists(client, "pgha.catalogue"))) return undefined;
  const recorded = await client.query("SELECT object, definition FROM pgha.catalogue");
  const { [NOTE]: format, ...catalogue }: Catalogue = Object.fromEntries(recorded.rows.map(({ object, definition }) => [object, definition]));
  return isDeepStrictEqual(format, await formatOf(client)) ? catalogue : undefined;
}

export async function writeExpected(client: Client, catalogue: Catalogue): Promise<void> {
  await client.query(
    `WITH wanted AS (SELECT key AS object, value AS definition FROM jsonb_each($1)),
       gone AS (DELETE FROM pgha.catalogue WHERE object NOT IN (SELECT object FROM wanted))
     INSERT INTO pgha.catalogue (object, definition) SELECT object, definition FROM wanted
     ON CONFLICT (object) DO UPDATE SET definition = excluded.definition, recorded_at = DEFAULT WHERE catalogue.definition <> excluded.definition`,
    [JSON.stringify({ ...catalogue, [NOTE]: await formatOf(client) })]);
}

/**
 * What is expected after a change that led from `before` to `after`: that change and no more, so that what somebody
 * had changed by hand before stays a difference.
 */
export function expectAfter(expected: Catalogue | undefined, before: Catalogue | undefined, after: Catalogue): Catalogue {
  if (!expected || !before) return after;
  const result = { ...expected };
  for (const object of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!after[object]) delete result[object];
    else if (!before[object] || !result[object]) {
      if (JSON.stringify(before[object]) !== JSON.stringify(after[object])) result[object] = after[object];
    } else
      result[object] = Object.fromEntries(Object.keys(after[object]).map((attribute) => {
        const changed = before[object][attribute] !== after[object][attribute];
        return [attribute, changed ? after[object][attribute] : (result[object][attribute] ?? after[object][attribute])];
      }));
  }
  return result;
}
