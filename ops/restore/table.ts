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

/** Where a table comes from and goes to: containers, and the database in both. */
export interface Way {
  docker: Docker;
  from: string;
  to: string;
  database: string;
}

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

/** Rows that were brought back, all of them in one transaction; throws a UserError before anything is changed in the cluster. */
export async function bringBack(way: Way, table: TableName, into: TableName): Promise<number> {
  const { docker, from, to, database } = way;
  const ask = async (host: string, sql: string) => {
    const { code, stdout, stderr } = await runIn(docker, host, ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-h", "/run/postgresql", "-d", database, "-c", sql]);
    if (code !== 0) throw new UserError(`${host}: ${reasonOf(stderr) ?? `code ${code}`}`, `the database is ${database}: --database names another one`);
    return stdout.trim();
  };
  const found = await ask(from, `SELECT pg_catalog.format('%s %I', relkind, rolname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
    WHERE c.oid = pg_catalog.to_regclass(${literal(nameOf(table))})`);
  const [kind, owner] = [found[0], found.slice(2)];
  if (kind !== "r") throw new UserError(found ? `${nameOf(table)} is no plain table` : `${nameOf(table)} was not there at that time`,
    found ? "take what you need from the throwaway server by pg_dump" : "choose another time; npx pgha restore --drop removes the server");
  if (await ask(to, `SELECT pg_catalog.to_regclass(${literal(nameOf(into))})`)) throw new UserError(`${nameOf(into)} is there already`, "name another one: --into shop.orders_restored");
  if (!(await ask(to, `SELECT 1 FROM pg_catalog.pg_roles WHERE pg_catalog.quote_ident(rolname) = ${literal(owner)}`)))
    throw new UserError(`the owner ${owner} of ${nameOf(table)} is no role any more`, "make it again, or take what you need from the throwaway server by pg_dump");
  if (nameOf(into) !== nameOf(table)) await ask(from, renaming(table, into));
  const count = `SELECT count(*) FROM ONLY ${nameOf(into)}`;
  const rows = Number(await ask(from, count));
  const dump = ["pg_dump", "-h", "/run/postgresql", "-d", database, "--no-publications", "--no-subscriptions", "--no-statistics", "-t", nameOf(into)];
  const load = ["psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-h", "/run/postgresql", "-d", database, "-o", "/dev/null"];
  // Index expressions, defaults and checks are the owner's: nothing of them runs as the superuser
  await pipe(docker, { host: from, words: dump }, { host: to, words: load }, `SET ROLE ${owner};\n`);
  const there = Number(await ask(to, count));
  if (there !== rows) throw new UserError(`${nameOf(into)} has ${there} rows, ${rows} were restored`, "something writes to it already");
  return rows;
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
