import { DatabaseError, type Client } from "pg";
import { isConnectionLoss, onPrimary, type Connection } from "./connection";
import { planMigrations, type Migration, type SqlFiles } from "./migrations";
import { prepareRecords, readApplied, readRecords, record, type Applied } from "./records";
import { reaching } from "../reach/reach";
import { setPasswords } from "./roles";
import { alignSlots, type LogicalSlot } from "./slots";
import type { Statement } from "./statements";

export interface LogDays {
  partition: string;
  hotDays: number;
  keepArchivesDays: number;
}

/** What the databases of a cluster are to hold. */
export interface Schema {
  database: string;
  files: SqlFiles;
  slots: LogicalSlot[];
  /** The log system, where there is to be one. */
  logs?: LogDays;
  /** Of each login role. */
  passwords: Record<string, string>;
}

/**
 * Brings the cluster to the declared schema; what is there already is left alone, so that it may be run again at any time.
 * Starts over once when the primary goes away: each file is one transaction with its record.
 */
export async function applySchema(connection: Connection, schema: Schema, previousSlots: LogicalSlot[] = []): Promise<Applied> {
  return reaching(connection.reach, connection.hosts, (hosts) => apply({ ...connection, hosts }, schema, previousSlots));
}

async function apply(connection: Connection, schema: Schema, previousSlots: LogicalSlot[]): Promise<Applied> {
  const migrations = planMigrations(schema.files, schema.database);
  const attempt = async () => {
    await onPrimary(connection, "postgres", async (client) => {
      await applyMigrations(client, migrations, "cluster");
      await createDatabase(client, schema.database);
    });
    await onPrimary(connection, schema.database, async (client) => {
      await applyMigrations(client, migrations, "database");
      await setPasswords(client, schema.passwords);
      await alignSlots(client, schema.slots, previousSlots);
      if (schema.logs) {
        const { partition, hotDays, keepArchivesDays } = schema.logs;
        await client.query("SELECT pgha.enable_logs($1, $2, $3)", [partition, hotDays, keepArchivesDays]).catch((error: Error) => {
          throw new Error(`logs: ${error.message}`);
        });
      }
    });
    return (await readApplied(connection, schema.database))!;
  };
  return attempt().catch((error) => {
    if (!isConnectionLoss(error)) throw error;
    return attempt();
  });
}

async function createDatabase(client: Client, database: string): Promise<void> {
  const { rows } = await client.query("SELECT FROM pg_database WHERE datname = $1", [database]);
  if (!rows.length) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
}

async function applyMigrations(client: Client, migrations: Migration[], scope: Migration["scope"]): Promise<void> {
  await prepareRecords(client);
  const records = await readRecords(client);
  const ours = migrations.filter((migration) => migration.scope === scope);
  for (const name of records.keys())
    if (!ours.some((migration) => migration.name === name))
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
  const { transaction, statements } = migration;
  const started = performance.now();
  try {
    if (transaction) await client.query("BEGIN");
    for (const [index, { sql }] of statements.entries())
      await client.query(sql).catch((error: Error) => {
        // Only what is undone as a whole may be tried again.
        throw transaction && isConnectionLoss(error) ? error : describeFailure(error, migration, index);
      });
    await client.query("RESET ROLE");
    if (!transaction) await client.query("RESET ALL");
    await record(client, migration, performance.now() - started);
    if (transaction) await client.query("COMMIT");
  } catch (error) {
    if (transaction) await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** File, line, statement and the server's own words. */
function describeFailure(error: Error, { name, transaction, statements }: Migration, index: number): Error {
  const { position, code, detail, hint, where } = error instanceof DatabaseError ? error : ({} as Partial<DatabaseError>);
  const { line, sql }: Statement = statements[index];
  const before = sql.slice(0, Math.max(0, Number(position ?? 1) - 1));
  return new Error([
    `sql/${name}:${line + before.split("\n").length - 1}: statement ${index + 1} failed: `
      + error.message + (code ? ` (${code})` : ""),
    ...[detail, hint, where].filter(Boolean).map((text) => `  ${text}`),
    ...sql.split("\n").slice(0, 5).map((text) => `  | ${text}`),
    transaction ? "  Nothing of this file was kept; correct it and run again."
      : "  The file is not one transaction: what came before was kept; correct it and run again.",
  ].join("\n"));
}
