import { isDeepStrictEqual } from "node:util";
import type { Client } from "pg";
import { prepareCatalogue, readObjects, writeExpected, type Catalogue } from "./catalogue/catalogue";
import type { Drift } from "../drift";
import { compare } from "./catalogue/drift";
import { readSuperusers, withoutApplications } from "./catalogue/expected";
import { isMissingDatabase, onPrimary, relationExists, type Connection } from "../postgres/connection";
import { planMigrations, seriesOf, type Migration, type SqlFiles } from "./migrations";
import { prepareRecords, readRecords, record, type Records } from "./records";
import { runStatements } from "./run";
import { inRolledBack, inTransaction } from "../postgres/transaction";

/** One SQL file and what a database says of it. */
export interface FileState {
  name: string;
  /** `edited`: after it was applied, which is an error; `changed`: a repeatable one, that is applied again; `gone`: applied, but no file any more. */
  state: "applied" | "pending" | "changed" | "edited" | "gone";
}

export interface Rehearsed {
  name: string;
  milliseconds: number;
  /** Objects that would be made, altered or dropped: "+ table app.x", "~ …", "- …". */
  changes: string[];
  /** Why it was not tried, or how it failed. */
  problem?: string;
}

const SCOPES = (database: string) => [["cluster", "postgres"], ["database", database]] as const;

/** The files as the live databases know them. A database that does not exist has none applied. */
export async function fileStates(connection: Connection, database: string, files: SqlFiles): Promise<FileState[]> {
  const migrations = planMigrations(files, database);
  const states: FileState[] = [];
  for (const [scope, name] of SCOPES(database)) {
    const records = await onPrimary(connection, name, readRecords).catch((error: unknown): Records => {
      if (isMissingDatabase(error)) return new Map();
      throw error;
    });
    const ours = migrations.filter((migration) => migration.scope === scope);
    states.push(...ours.map((migration) => ({ name: migration.name, state: stateOf(migration, records) })));
    const gone = [...records.keys()].filter((each) => !(each in files) && ours.some(({ name: file }) => seriesOf(file) === seriesOf(each)));
    states.push(...gone.map((each) => ({ name: each, state: "gone" as const })));
  }
  return states;
}

/**
 * Runs what is not applied yet in one transaction a database that is rolled back, and says what each file would change.
 * Locks what the files lock, for as long as it takes. A file that is no transaction is not tried, nor what follows a failure.
 */
export async function rehearse(connection: Connection, database: string, files: SqlFiles): Promise<Rehearsed[]> {
  const migrations = planMigrations(files, database);
  const results: Rehearsed[] = [];
  for (const [scope, name] of SCOPES(database)) {
    const ours = migrations.filter((migration) => migration.scope === scope);
    const tried = await onPrimary(connection, name, async (client) => {
      const records = await readRecords(client);
      const pending = ours.filter((migration) => ["pending", "changed"].includes(stateOf(migration, records)));
      return pending.length ? inRolledBack(client, () => tryEach(client, pending)) : [];
    }).catch((error: unknown) => {
      if (!isMissingDatabase(error)) throw error;
      return ours.map((migration) => ({ name: migration.name, milliseconds: 0, changes: [], problem: `not tried: database ${name} does not exist yet` }));
    });
    results.push(...tried);
  }
  return results;
}

const UNTESTABLE = "cannot be tried here: it uses an enum value that a file before it adds, which has to be committed first; `npm run up` does so";

async function tryEach(client: Client, pending: Migration[]): Promise<Rehearsed[]> {
  await prepareRecords(client);
  const results: Rehearsed[] = [];
  let failed: string | undefined;
  for (const migration of pending) {
    const { name, transaction } = migration;
    const result: Rehearsed = { name, milliseconds: 0, changes: [] };
    results.push(result);
    if (failed) result.problem = `not tried after ${failed}`;
    else if (!transaction) result.problem = "not tried: it is no transaction, so it cannot be rolled back";
    else {
      const before = await readObjects(client);
      const started = performance.now();
      await runStatements(client, migration).catch((error: Error) => (result.problem = /\(55P04\)/.test(error.message) ? UNTESTABLE : error.message));
      result.milliseconds = Math.round(performance.now() - started);
      if (result.problem) failed = name;
      else result.changes = changes(before, await readObjects(client));
    }
  }
  return results;
}

/**
 * Compares what the files of the application database would make from nothing with what is there, and records them as applied,
 * without running them, when all of it is there as it would be. Otherwise returns the differences and records nothing. What
 * is there is set aside for it within a transaction that is rolled back: others see and wait for nothing of it.
 */
export async function adopt(connection: Connection, database: string, files: SqlFiles): Promise<Drift[]> {
  const migrations = planMigrations(files, database).filter(({ scope }) => scope === "database");
  return onPrimary(connection, database, async (client) => {
    const made = await inRolledBack(client, async () => {
      const live = await readObjects(client);
      await setAside(client);
      await prepareRecords(client);
      const before = await readObjects(client);
      for (const migration of migrations) await runStatements(client, asTransaction(migration));
      return { live, fresh: changed(before, withoutAside(await readObjects(client))) };
    });
    const missing = compare(database, made.fresh, made.live).filter(({ change }) => change !== "unexpected");
    if (missing.length) return missing;
    await inTransaction(client, async () => {
      await prepareRecords(client);
      for (const migration of migrations) await record(client, migration, 0);
      // What applications made beside it stays theirs
      await prepareCatalogue(client);
      await writeExpected(client, withoutApplications(await readObjects(client), new Set(Object.keys(made.fresh)), await readSuperusers(client)));
    });
    return [];
  });
}

/** Nobody uses what is made here, so nothing has to be made beside its users. */
function asTransaction(migration: Migration): Migration {
  const statements = migration.statements.map(({ sql, ...rest }) => ({ ...rest, sql: sql.replace(/^((?:CREATE|DROP|REINDEX|REFRESH)\b[^;'"]*?)\s+CONCURRENTLY\b/i, "$1") }));
  return migration.transaction ? migration : { ...migration, transaction: true, statements };
}

/** What the files made or altered. */
function changed(before: Catalogue, after: Catalogue): Catalogue {
  return Object.fromEntries(Object.entries(after).filter(([object, definition]) => !isDeepStrictEqual(before[object], definition)));
}

const ASIDE = "pgha_aside_";

/** Renames schemas and publications out of the way, but for those that extensions and pgha itself live in. */
async function setAside(client: Client): Promise<void> {
  const { rows } = await client.query(`
    SELECT format('ALTER SCHEMA %I RENAME TO %I', nspname, '${ASIDE}' || nspname) AS sql FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public', 'pgha') AND oid NOT IN (SELECT extnamespace FROM pg_extension)
    UNION ALL SELECT format('ALTER PUBLICATION %I RENAME TO %I', pubname, '${ASIDE}' || pubname) FROM pg_publication`);
  for (const { sql } of rows) await client.query(sql);
  // By name, these would be taken for those of the tables to be made
  for (const table of ["partman.part_config", "pgha.partitioned"])
    if (await relationExists(client, table)) await client.query(`DELETE FROM ${table}`);
}

function withoutAside(catalogue: Catalogue): Catalogue {
  return Object.fromEntries(Object.entries(catalogue).filter(([object]) => !object.includes(ASIDE)));
}

function stateOf({ name, checksum, kind }: Migration, records: Records): FileState["state"] {
  const applied = records.get(name)?.checksum;
  if (!applied) return "pending";
  return applied === checksum ? "applied" : kind === "versioned" ? "edited" : "changed";
}

function changes(before: Catalogue, after: Catalogue): string[] {
  const signs = { missing: "-", unexpected: "+", different: "~" };
  return [...new Set(compare("", before, after).map(({ object, change }) => `${signs[change]} ${object}`))];
}
