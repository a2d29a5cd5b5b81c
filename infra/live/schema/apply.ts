import { DatabaseError, type Client } from "pg";
import { describeDrift } from "../drift";
import { readCatalogues, recordChange } from "./catalogue/record";
import { isConnectionLoss, onPrimary, type Connection } from "../postgres/connection";
import { applyItems } from "./declared/apply";
import type { Declared } from "./declared/declare";
import { alignSubscriptions } from "./declared/subscriptions";
import { planMigrations, seriesOf, type Migration, type SqlFiles } from "./migrations";
import { prepareRecords, readApplied, readRecords, record, type Applied } from "./records";
import { reaching } from "../reach/reach";
import { setPasswords } from "./roles";
import { alignSlots, recordedSlots } from "./slots";
import type { Statement } from "./statements";
import { inTransaction } from "../postgres/transaction";

export interface LogDays {
  partition: string;
  hotDays: number;
  keepArchivesDays: number;
}

/** What the databases of a cluster are to hold. */
export interface Schema {
  database: string;
  files: SqlFiles;
  declared: Declared;
  /** The log system, where there is to be one. */
  logs?: LogDays;
  /** Of each login role. */
  passwords: Record<string, string>;
  /** Of each subscription, at its publisher. */
  subscriptionPasswords: Record<string, string>;
}

export interface Outcome extends Applied {
  /** What is not as declared and is not mended by itself, a line each. */
  warnings: string[];
}

/**
 * Brings the cluster to the declared schema; what is there already is left alone, so that it may be run again at any time.
 * Starts over once when the primary goes away: each file is one transaction with its record.
 */
export async function applySchema(connection: Connection, schema: Schema, previous?: Declared): Promise<Outcome> {
  return reaching(connection.reach, connection.hosts, (hosts) => apply({ ...connection, hosts }, schema, previous));
}

async function apply(connection: Connection, schema: Schema, previous?: Declared): Promise<Outcome> {
  const { database, declared, passwords, subscriptionPasswords } = schema;
  const migrations = planMigrations(schema.files, database);
  const names = declared.databases.map(({ name }) => name);
  const attempt = async () => {
    const before = await readCatalogues(connection, names);
    await onPrimary(connection, "postgres", async (client) => {
      await applyMigrations(client, migrations, "cluster");
      await createDatabase(client, database);
    });
    await onPrimary(connection, database, async (client) => {
      await applyMigrations(client, migrations, "database");
      if (schema.logs) await enableLogs(client, schema.logs);
    });
    const { warnings, recorded } = await onPrimary(connection, "postgres", async (client) => {
      for (const name of names) await createDatabase(client, name);
      const left = await applyItems(client, declared.cluster);
      await setPasswords(client, passwords);
      return { warnings: left, recorded: await recordedSlots(client, slotsDropped(declared, previous)) };
    });
    const lost: string[] = [];
    for (const { name, items, slots, subscriptions } of declared.databases)
      await onPrimary(connection, name, async (client) => {
        warnings.push(...(await applyItems(client, items)));
        lost.push(...(await alignSlots(client, slots, previous?.databases.find((each) => each.name === name)?.slots ?? [], recorded)));
        warnings.push(...(await alignSubscriptions(client, subscriptions, subscriptionPasswords)));
      });
    warnings.push(...(await recordChange(connection, names, before)).map((each) => `${describeDrift(each)}; mend: ${each.mend}`));
    if (lost.length) throw new Error([...lost, ...warnings].join("\n"));
    return { ...(await readApplied(connection, database))!, warnings };
  };
  return attempt().catch((error) => {
    if (!isConnectionLoss(error)) throw error;
    return attempt();
  });
}

function slotsDropped(declared: Declared, previous?: Declared): string[] {
  const names = (all?: Declared) => all?.databases.flatMap(({ slots }) => slots.map(({ name }) => name)) ?? [];
  return names(previous).filter((name) => !names(declared).includes(name));
}

async function enableLogs(client: Client, { partition, hotDays, keepArchivesDays }: LogDays): Promise<void> {
  await client.query("SELECT pgha.enable_logs($1, $2, $3)", [partition, hotDays, keepArchivesDays]).catch((error: Error) => {
    throw new Error(`logs: ${error.message}`);
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
    if (!transaction) await client.query("RESET ALL");
    await record(client, migration, performance.now() - started);
  };
  await (transaction ? inTransaction(client, work) : work());
}

/** Runs a file within the transaction that is open; throws with file, line and statement. */
export async function runStatements(client: Client, migration: Migration): Promise<void> {
  for (const [index, { sql }] of migration.statements.entries())
    await client.query(sql).catch((error: Error) => {
      // Only what is undone as a whole may be tried again.
      throw migration.transaction && isConnectionLoss(error) ? error : describeFailure(error, migration, index);
    });
  await client.query("RESET ROLE");
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
