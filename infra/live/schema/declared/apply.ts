import { DatabaseError, type Client, type QueryResult } from "pg";
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
    for (const { key, undo, drop } of (await readDeclared(client)).filter(({ key }) => !(key in items))) {
      if (undo) await undoOne(client, key, undo);
      if (!drop || !(await isThere(client, key))) await client.query("DELETE FROM pgha.declared WHERE key = $1", [key]);
    }
    for (const [key, item] of inOrder(items)) {
      await client.query(item.sql).catch((error: Error) => {
        throw error instanceof DatabaseError && !/^(08|57P0)/.test(error.code ?? "") ? describeFailure(error, key, item) : error;
      });
      await client.query("RESET timezone");
      await record(client, key, item);
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
}

interface Recorded {
  key: string;
  undo: string | null;
  exists: string | null;
  drop: string | null;
}

async function readDeclared(client: Client): Promise<Recorded[]> {
  if (!(await relationExists(client, "pgha.declared"))) return [];
  return (await client.query(`SELECT key, undo, exists_query AS "exists", drop_statement AS drop FROM pgha.declared ORDER BY key`)).rows;
}

async function record(client: Client, key: string, item: Item): Promise<void> {
  const { sql, undo, exists, drop } = item;
  await client.query(
    `INSERT INTO pgha.declared (key, sql, undo, exists_query, drop_statement) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (key) DO UPDATE SET sql = excluded.sql, undo = excluded.undo, exists_query = excluded.exists_query,
       drop_statement = excluded.drop_statement, applied_at = DEFAULT
     WHERE (declared.sql, declared.undo, declared.exists_query, declared.drop_statement)
       IS DISTINCT FROM (excluded.sql, excluded.undo, excluded.exists_query, excluded.drop_statement)`,
    [key, sql, undo, exists, drop]);
}

/** What it is a part of, an extension for example, may be gone as well. */
async function isThere(client: Client, key: string): Promise<boolean> {
  const { rows: [{ query }] } = await client.query("SELECT exists_query AS query FROM pgha.declared WHERE key = $1", [key]);
  const found = query ? await unlessGone(client, query) : undefined;
  return Boolean(found?.rowCount);
}

async function undoOne(client: Client, key: string, undo: string): Promise<void> {
  await unlessGone(client, undo).catch((error: Error) => {
    throw new Error(`${key}: could not be undone: ${error.message}`, { cause: error });
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
