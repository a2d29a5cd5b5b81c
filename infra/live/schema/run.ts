import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { DatabaseError, type Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { isConnectionLoss } from "../postgres/connection";
import { seriesOf, type Migration } from "./migrations";
import { prepareRecords, readRecords, record } from "./records";
import type { Statement } from "./statements";
import { inTransaction } from "../postgres/transaction";

/** Applies the files of one scope that are not applied yet, each in a transaction with its record. */
export async function applyMigrations(client: Client, migrations: Migration[], scope: Migration["scope"]): Promise<void> {
  await prepareRecords(client);
  const records = await readRecords(client);
  const ours = migrations.filter((migration) => migration.scope === scope);
  for (const name of records.keys())
    // An example that is chosen no more stays as it is
    if (!ours.some((migration) => migration.name === name) && ours.some((migration) => seriesOf(migration.name) === seriesOf(name)))
      throw new Error(`sql/${name} was applied to database ${client.database} but is gone; restore it from version control`);
  for (const migration of ours) {
    const applied = records.get(migration.name)?.checksum;
    if (applied && applied !== migration.checksum && migration.kind === "versioned")
      throw new Error(`sql/${migration.name} was edited after it was applied to database ${client.database}; `
        + "restore its text, and put the change into a new file");
    if (applied !== migration.checksum) await applyMigration(client, migration);
  }
}

async function applyMigration(client: Client, migration: Migration): Promise<void> {
  const { transaction } = migration;
  const started = performance.now();
  const work = async () => {
    await runStatements(client, migration);
    await record(client, migration, performance.now() - started);
  };
  await (transaction ? inTransaction(client, work) : work());
}

/** Runs a file within the transaction that is open; throws with file, line and statement. */
export async function runStatements(client: Client, migration: Migration): Promise<void> {
  for (const [index, statement] of migration.statements.entries())
    await runStatement(client, statement).catch(async (error: Error) => {
      // Only what is undone as a whole may be tried again.
      if (migration.transaction && isConnectionLoss(error)) throw error;
      const halves = migration.transaction ? [] : await invalidIndexes(client, migration).catch(() => []);
      throw describeFailure(error, migration, index, halves);
    });
  if (!migration.transaction) {
    const [half] = await invalidIndexes(client, migration);
    if (half) throw new Error(`sql/${migration.name}: ${sayInvalid(half)} The file was not recorded as applied.`);
  }
  // What a file sets ends with it
  for (const what of ["SESSION AUTHORIZATION", "ROLE", "ALL"]) await client.query(`RESET ${what}`);
}

async function runStatement(client: Client, { sql, data }: Statement): Promise<void> {
  if (data !== undefined) return pipeline(Readable.from([data]), client.query(copyFrom(sql)));
  // It makes nobody wait, and waits itself for transactions that are older; a limit would end it half done
  if (!CONCURRENT.test(sql)) return void (await client.query(sql));
  const { rows: [{ limit }] } = await client.query("SELECT current_setting('lock_timeout') AS limit");
  await client.query("SET lock_timeout = 0");
  await client.query(sql);
  await client.query("SELECT set_config('lock_timeout', $1, false)", [limit]);
}

const CONCURRENT = /^(CREATE|DROP|REINDEX|ALTER)\b[^;'"]*\bCONCURRENTLY\b/i;

/** What a CONCURRENTLY that was cut off leaves, and IF NOT EXISTS takes for an index: of those that the file names, or whose table it names. */
async function invalidIndexes(client: Client, { statements }: Migration): Promise<string[]> {
  const { rows } = await client.query(`SELECT indexrelid::regclass::text AS name, i.relname AS index, t.relname AS table FROM pg_index
    JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid WHERE NOT indisvalid AND i.relkind = 'i'`);
  const words = new Set(statements.flatMap(({ sql }) => sql.match(/\w+/g) ?? []));
  const named = (name: string) => words.has(name) || statements.some(({ sql }) => sql.includes(`"${name}"`));
  return rows.filter(({ index, table }) => named(index) || named(table)).map(({ name }) => name);
}

const sayInvalid = (index: string) => `index ${index} is invalid: its CONCURRENTLY did not come to its end. DROP INDEX CONCURRENTLY ${index}; and run again.`;

/** File, line, statement and the server's own words. */
function describeFailure(error: Error, { name, transaction, statements }: Migration, index: number, halves: string[]): Error {
  const { position, code, detail, hint, where } = error instanceof DatabaseError ? error : ({} as Partial<DatabaseError>);
  const { line, sql }: Statement = statements[index];
  const before = sql.slice(0, Math.max(0, Number(position ?? 1) - 1));
  return new Error([
    `sql/${name}:${line + before.split("\n").length - 1}: statement ${index + 1} failed: `
      + error.message + (code ? ` (${code})` : ""),
    ...[detail, hint, where].filter(Boolean).map((text) => `  ${text}`),
    ...sql.split("\n").slice(0, 5).map((text) => `  | ${text}`),
    ...halves.map((half) => `  ${sayInvalid(half)}`),
    transaction ? "  Nothing of this file was kept; correct it and run again."
      : "  The file is not one transaction: what came before was kept; correct it and run again.",
  ].join("\n"));
}
