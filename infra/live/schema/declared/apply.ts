import { DatabaseError, type Client, type QueryResult } from "pg";
import { beforeOf, statementOf } from "./before";
import { prepareSchema, relationExists } from "../../postgres/connection";
import { inTransaction } from "../../postgres/transaction";
import { inOrder, type Item, type Items } from "./item";

/** SQLSTATEs of an object that is not there: then there is nothing to undo. */
const GONE = ["42P01", "42704", "3F000", "3D000", "42883"];

/**
 * Applies what is declared for this database in one transaction, and undoes what was declared before and loses nothing.
 * Returns what is declared no more and still there, with the way to drop it.
 */
export async function applyItems(client: Client, items: Items): Promise<string[]> {
  return inTransaction(client, async () => {
    await prepareDeclared(client);
    const recorded = await readDeclared(client);
    const before = await givenBefore(client, items, recorded);
    for (const each of recorded.filter(({ key }) => !(key in items))) {
      const { key, drop } = each;
      await undo(client, each);
      if (!drop || !(await isThere(client, key))) await client.query("DELETE FROM pgha.declared WHERE key = $1", [key]);
    }
    for (const [key, item] of inOrder(items)) {
      await client.query(item.sql).catch((error: Error) => {
        throw error instanceof DatabaseError && !/^(08|57P0)/.test(error.code ?? "") ? describeFailure(error, key, item) : error;
      });
      await client.query("RESET timezone");
      await record(client, key, item, before[key]);
    }
    return leftovers(client, items);
  });
}

/** What was declared once, is declared no more and is still there. */
export async function leftovers(client: Client, items: Items): Promise<string[]> {
  const left: string[] = [];
  for (const { key, drop } of await readDeclared(client))
    if (!(key in items) && drop && (await isThere(client, key))) left.push(`${key} is declared no more and kept; declare it again, or drop it: ${drop}`);
  return left;
}

async function prepareDeclared(client: Client): Promise<void> {
  await prepareSchema(client);
  await client.query(`CREATE TABLE IF NOT EXISTS pgha.declared (
    key text PRIMARY KEY,
    sql text NOT NULL,
    undo text,
    exists_query text,
    drop_statement text,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  )`);
  const { rowCount } = await client.query("SELECT FROM pg_attribute WHERE attrelid = 'pgha.declared'::regclass AND attname = 'given_before'");
  if (!rowCount) await client.query("ALTER TABLE pgha.declared ADD COLUMN given_before text[]");
}

interface Recorded {
  key: string;
  undo: string | null;
  exists: string | null;
  drop: string | null;
  /** Statements for what was given when it was declared first. */
  before: string[] | null;
}

async function readDeclared(client: Client): Promise<Recorded[]> {
  if (!(await relationExists(client, "pgha.declared"))) return [];
  // The table of an older release has no such column until the next update
  return (await client.query(`SELECT key, undo, exists_query AS "exists", drop_statement AS drop, to_jsonb(declared) -> 'given_before' AS before
    FROM pgha.declared ORDER BY key`)).rows;
}

/** What others had given of the things that are declared for the first time, as it is without all that was declared before. */
async function givenBefore(client: Client, items: Items, recorded: Recorded[]): Promise<Record<string, string[]>> {
  const queries = (key: string) => beforeOf(key, client.database!);
  const fresh = Object.keys(items).filter((key) => queries(key).length && !recorded.some((each) => each.key === key));
  if (!fresh.length) return {};
  const found: Record<string, string[]> = {};
  await client.query("SAVEPOINT bare");
  for (const each of recorded) if (queries(each.key).length) await undo(client, each);
  for (const key of fresh) {
    found[key] = [];
    for (const query of queries(key)) found[key].push(...((await unlessGone(client, query))?.rows ?? []).map(statementOf));
  }
  await client.query("ROLLBACK TO bare; RELEASE bare");
  return found;
}

async function record(client: Client, key: string, item: Item, before?: string[]): Promise<void> {
  const { sql, undo, exists, drop } = item;
  await client.query(
    `INSERT INTO pgha.declared (key, sql, undo, exists_query, drop_statement, given_before) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (key) DO UPDATE SET sql = excluded.sql, undo = excluded.undo, exists_query = excluded.exists_query,
       drop_statement = excluded.drop_statement, applied_at = DEFAULT
     WHERE (declared.sql, declared.undo, declared.exists_query, declared.drop_statement)
       IS DISTINCT FROM (excluded.sql, excluded.undo, excluded.exists_query, excluded.drop_statement)`,
    [key, sql, undo, exists, drop, before]);
}

/** What it is a part of, an extension for example, may be gone as well. */
async function isThere(client: Client, key: string): Promise<boolean> {
  const { rows: [{ query }] } = await client.query("SELECT exists_query AS query FROM pgha.declared WHERE key = $1", [key]);
  const found = query ? await unlessGone(client, query) : undefined;
  return Boolean(found?.rowCount);
}

async function undo(client: Client, recorded: Recorded): Promise<void> {
  for (const sql of [...(recorded.undo ? [recorded.undo] : []), ...(recorded.before ?? [])])
    await unlessGone(client, sql).catch((error: Error) => {
      throw new Error(`${recorded.key}: could not be undone: ${error.message}`, { cause: error });
    });
}

/** Nothing where what the statement is about is not there. */
async function unlessGone(client: Client, sql: string): Promise<QueryResult | undefined> {
  await client.query("SAVEPOINT tried");
  try {
    return await client.query(sql);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !GONE.includes(error.code ?? "")) throw error;
    await client.query("ROLLBACK TO tried");
    return undefined;
  } finally {
    await client.query("RELEASE tried").catch(() => undefined);
  }
}

function describeFailure({ message, code, detail, hint }: DatabaseError, key: string, { sql }: Item): Error {
  return new Error([
    `declared ${key}: ${message} (${code})`,
    ...[detail, hint].filter(Boolean).map((text) => `  ${text}`),
    ...sql.split("\n").slice(0, 5).map((text) => `  | ${text}`),
    "  Nothing that is declared for this database was kept; correct it and run again.",
  ].join("\n"));
}
