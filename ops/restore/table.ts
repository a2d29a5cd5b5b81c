import type Docker from "dockerode";
import { UserError } from "../../tools/errors";
import { UsageError } from "../arguments";
import { reasonOf } from "../backup/server";
import { pipe, runIn } from "./containers";

/** As SQL writes it, both parts quoted. */
export interface TableName {
  schema: string;
  table: string;
}

/** Where a table comes from and goes to: containers, the database in both, and who loads it, the role for migrations there. */
export interface Way {
  docker: Docker;
  from: string;
  to: string;
  database: string;
  migrator: { user: string; password: string };
}

/** An owner may set anything for a database of theirs: here it never counts. */
const OWN_SETTINGS = "PGOPTIONS=-c search_path=pg_catalog -c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off";

/** From shop.orders or "Shop"."Orders"; without quotes in small letters, as Postgres takes it. */
export function parseTable(option: string, text: string): TableName {
  const part = String.raw`"(?:[^"]|"")+"|[\p{L}_][\p{L}\d_$]*`;
  const [, schema, table] = new RegExp(`^(${part})\\.(${part})$`, "u").exec(text) ?? [];
  if (!table) throw new UsageError(`${option} takes a table with its schema, as shop.orders, not "${text}"`, "npx pgha restore --help");
  const quoted = (name: string) => (name.startsWith('"') ? name : `"${name.toLowerCase()}"`);
  return { schema: quoted(schema), table: quoted(table) };
}

export const nameOf = ({ schema, table }: TableName) => `${schema}.${table}`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/**
 * Rows that were brought back, all of them in one transaction; throws a UserError before anything is changed in the cluster. There they
 * are loaded by the role for migrations: checks, defaults and index expressions are the owner's, and nothing of them runs as a superuser.
 */
export async function bringBack(way: Way, table: TableName, into: TableName): Promise<number> {
  const { docker, from, to, database, migrator } = way;
  const psql = ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-d", database];
  const ask = async (host: string, sql: string) => {
    const { code, stdout, stderr } = await runIn(docker, { host, words: [...psql, "-h", "/run/postgresql", "-c", sql], env: [OWN_SETTINGS] });
    if (code !== 0) throw new UserError(`${host}: ${reasonOf(stderr) ?? `code ${code}`}`, `the database is ${database}: --database names another one`);
    return stdout.trim();
  };
  const renamed = nameOf(into) !== nameOf(table);
  const there = (host: string, name: TableName) => ask(host, `SELECT to_regclass(${literal(nameOf(name))})`);
  // One that was interrupted has left it under its new name
  if (renamed && !(await there(from, table)) && (await there(from, into))) await ask(from, renaming(into, table));
  const found = await ask(from, `SELECT format('%s %s', relkind, rolname) FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner WHERE c.oid = to_regclass(${literal(nameOf(table))})`);
  const [kind, owner] = [found[0], found.slice(2)];
  if (kind !== "r") throw new UserError(found ? `${nameOf(table)} is no plain table` : `${nameOf(table)} was not there at that time`,
    found ? "take what you need from the throwaway server by pg_dump" : "choose another time; npx pgha restore --drop removes the server");
  if (await there(to, into)) throw new UserError(`${nameOf(into)} is there already`, "name another one: --into shop.orders_restored");
  const acts = await ask(to, `SELECT rolname FROM pg_database AS d JOIN pg_roles AS r ON r.oid = d.datdba WHERE datname = current_database()`);
  if (owner !== acts) throw new UserError(`${nameOf(table)} is ${owner}'s, and not of ${acts}, who owns the database`, "take what you need from the throwaway server by pg_dump");
  if (renamed) await ask(from, renaming(table, into));
  try {
    const count = `SELECT count(*) FROM ONLY ${nameOf(into)};\n`;
    const dump = ["pg_dump", "-h", "/run/postgresql", "-d", database, "--no-publications", "--no-subscriptions", "-t", nameOf(into)];
    const load = [...psql, "-h", to, "-U", migrator.user];
    const env = [OWN_SETTINGS, `PGPASSWORD=${migrator.password}`, "PGSSLMODE=verify-full", "PGSSLROOTCERT=/etc/pgha/ca.crt"];
    const said = await pipe(docker, { host: from, words: dump, env: [OWN_SETTINGS] }, { host: to, words: load, env }, "BEGIN;\n", `${count}COMMIT;\n`);
    return Number(said.trim().split("\n").at(-1));
  } finally {
    if (renamed) await ask(from, renaming(into, table));
  }
}

/** On the throwaway server, so that its names and those of its indexes and sequences are free beside the table that is there. */
function renaming(table: TableName, into: TableName): string {
  const bare = (name: string) => name.slice(1, -1).replaceAll('""', '"');
  return `DO $$ DECLARE found record; moved regclass := pg_catalog.to_regclass(${literal(nameOf(table))}); BEGIN
    EXECUTE pg_catalog.format('ALTER TABLE %s SET SCHEMA %I', moved, ${literal(bare(into.schema))}::text);
    FOR found IN SELECT c.oid::regclass AS name, c.relname, c.relkind FROM pg_catalog.pg_class c
      WHERE c.oid IN (SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = moved
                      UNION SELECT objid FROM pg_catalog.pg_depend WHERE refobjid = moved AND deptype IN ('a', 'i') AND classid = 'pg_catalog.pg_class'::regclass)
        AND c.relkind IN ('i', 'S') LOOP
      EXECUTE pg_catalog.format('ALTER %s %s RENAME TO %I', CASE found.relkind WHEN 'i' THEN 'INDEX' ELSE 'SEQUENCE' END, found.name,
        pg_catalog.left(found.relname, 40) || '_' || pg_catalog.substr(pg_catalog.md5(found.relname || pg_catalog.clock_timestamp()::text), 1, 8));
    END LOOP;
    EXECUTE pg_catalog.format('ALTER TABLE %s RENAME TO %I', moved, ${literal(bare(into.table))}::text);
  END $$`;
}
