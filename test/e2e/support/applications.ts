import assert from "node:assert/strict";
import { Client } from "pg";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { describeDrift as inWords } from "../../../infra/live/drift";
import { acceptLive, readDrift } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { declaration, files, removeDatabase } from "./database";

const DB = "pgha_apps";
const MIGRATOR = `${DB}_migrator`;
const count = Object.keys(files).filter((name) => /\/\d/.test(name)).length;
const numbered = (n: number) => `database/${String(count + n).padStart(4, "0")}_check.sql`;

/** What a framework does in the life of an application. */
const MIGRATIONS = [
  "CREATE TABLE auth_user (id serial PRIMARY KEY, name text NOT NULL, born timestamptz DEFAULT now()); CREATE INDEX ON auth_user (name)",
  "CREATE SCHEMA tenant; CREATE TABLE tenant.item (id bigint GENERATED ALWAYS AS IDENTITY, owner int REFERENCES auth_user); CREATE TYPE tenant.mood AS ENUM ('sad')",
  "CREATE VIEW seen AS SELECT name FROM auth_user; CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
  "CREATE TRIGGER touched BEFORE UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION touch(); CREATE EXTENSION pg_trgm; CREATE PUBLICATION changes FOR TABLE auth_user",
  "ALTER DEFAULT PRIVILEGES IN SCHEMA tenant GRANT SELECT ON TABLES TO PUBLIC; ALTER TABLE auth_user ADD COLUMN note text",
];

/** That applications own what they make, and that nothing but a change by hand is drift, tried in a database of its own. */
export function describeApplications(connect: () => Connection): void {
  const schema: Schema = { database: DB, files, subscriptionPasswords: {}, passwords: { [MIGRATOR]: "check-migrator" }, declared: declaration({ database: { name: DB } }) };
  const root = (sql: string, database = DB) => onPrimary(connect(), database, async (client) => (await client.query(sql)).rows);
  const ofOurs = (lines: string[]) => lines.filter((line) => line.includes(DB));
  const look = async (watch?: "all") => {
    const found = await readDrift(connect(), [DB], watch);
    return { ...found, lines: ofOurs(found.drift.map(inWords)) };
  };
  const migrate = async (sql: string) => {
    const { hosts: [address], caCertificate } = connect();
    const client = new Client({ ...address, user: MIGRATOR, password: "check-migrator", database: DB, ssl: { ca: caCertificate } });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  const up = async (more: Record<string, string> = {}) => ofOurs((await applySchema(connect(), { ...schema, files: { ...files, ...more } })).warnings);

  describe("what applications make by themselves", () => {
    before(async () => {
      await removeDatabase(connect(), DB);
      await up();
    });
    after(() => removeDatabase(connect(), DB));

    it("is counted and no drift, in an `up` neither, whatever a framework made, altered and dropped", async () => {
      for (const sql of MIGRATIONS) await migrate(sql);
      const { lines, applications } = await look();
      assert.deepEqual(lines, []);
      assert.ok(applications[DB] >= 8, `${applications[DB]} objects`);
      assert.deepEqual(await up(), []);
      await migrate("ALTER TABLE auth_user DROP COLUMN note; DROP VIEW seen; ALTER TABLE tenant.item RENAME TO things");
      assert.deepEqual((await look()).lines, []);
      await acceptLive(connect(), [DB]);
      await migrate("ALTER TABLE tenant.things RENAME TO items; ALTER TABLE auth_user ADD COLUMN more int");
      assert.deepEqual((await look()).lines, []);
    });

    it("is drift for who wants it, and no mend of it drops a table", async () => {
      const { lines, drift } = await look("all");
      assert.ok(lines.includes(`${DB}: table public.auth_user is not declared`), lines.join("\n"));
      assert.doesNotMatch(drift.map(({ mend }) => mend).join("\n"), /DROP (TABLE|COLUMN|SEQUENCE|SCHEMA)/);
    });

    it("is told from what a superuser made by hand, and from a column that somebody put into a declared table", async () => {
      await root("CREATE TABLE public.byhand (id int); ALTER TABLE app.accounts ADD COLUMN extra int");
      assert.deepEqual((await look()).lines, [`${DB}: column app.accounts.extra is not declared`, `${DB}: table public.byhand is not declared`]);
      await root("DROP TABLE public.byhand; ALTER TABLE app.accounts DROP COLUMN extra");
    });
  });

  describe("no drift", () => {
    const MADE = { [numbered(1)]: 'SET LOCAL ROLE :"owner"; CREATE TABLE app.first (id int, at timestamptz DEFAULT \'2025-01-01 00:00Z\' CHECK (at > timestamptz \'2020-01-01\'))' };
    before(async () => {
      await removeDatabase(connect(), DB);
      await up();
    });
    after(() => removeDatabase(connect(), DB));

    it("is left by an `up` that failed after a part of it was kept, before it is mended and after", async () => {
      await assert.rejects(up({ ...MADE, [numbered(2)]: "SELECT 1/0" }), /division by zero/);
      assert.deepEqual((await look()).lines, []);
      assert.deepEqual(await up({ ...MADE, [numbered(2)]: "SELECT 1" }), []);
      assert.deepEqual((await look()).lines, []);
    });

    it("is left by one whose program died in its midst", async () => {
      const dying = { ...MADE, [numbered(2)]: "SELECT 1", [numbered(3)]: "CREATE TABLE app.third (id int)", [numbered(4)]: "SELECT pg_terminate_backend(pg_backend_pid())" };
      await assert.rejects(up(dying));
      assert.deepEqual((await look()).lines, []);
      assert.deepEqual(await up({ ...dying, [numbered(4)]: "SELECT 1" }), []);
      await root("DROP TABLE app.third");
      assert.deepEqual((await look()).lines, [`${DB}: table app.third is missing`]);
      await acceptLive(connect(), [DB]);
    });

    it("comes of another TimeZone, DateStyle or way to quote, of the database or of the superuser", async () => {
      const settings = { TimeZone: "Europe/Berlin", DateStyle: "German", IntervalStyle: "iso_8601", quote_all_identifiers: "on", bytea_output: "escape", statement_timeout: "1s", search_path: "app" };
      for (const [name, value] of Object.entries(settings)) for (const whose of [`DATABASE ${DB}`, "ROLE postgres"]) await root(`ALTER ${whose} SET ${name} = '${value}'`);
      try {
        const lines = (await look()).lines.filter((line) => !/^cluster: setting .* of database/.test(line));
        assert.deepEqual(lines, []);
      } finally {
        for (const whose of [`DATABASE ${DB}`, "ROLE postgres"]) await root(`ALTER ${whose} RESET ALL`);
      }
    });
  });
}
