import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { readDrift } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { adopt, rehearse } from "../../../infra/live/schema/rehearsal";
import { declaration, files, removeDatabase } from "./database";

const DB = "pgha_migrations";
const count = Object.keys(files).filter((name) => /\/\d/.test(name)).length;
const numbered = (n: number) => `database/${String(count + n).padStart(4, "0")}_check.sql`;
/** Numbered after those of the project. */
const folder = (...texts: string[]) => ({ ...files, ...Object.fromEntries(texts.map((text, n) => [numbered(n + 1), text])) });

/** As pg_dump 18 writes one; 15 and 16 know no \restrict and no transaction_timeout. */
const DUMP = String.raw`--
-- PostgreSQL database dump
--

\restrict k3DzXf0

SET statement_timeout = 0;
SET lock_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;
SET default_tablespace = '';

CREATE TABLE app.stock (
    id integer NOT NULL,
    name text DEFAULT 'a;b'::text
);

COPY app.stock (id, name) FROM stdin;
1	it's "one"; $$
2	\N
3	tab\there, und Grün
\.

ALTER TABLE ONLY app.stock ADD CONSTRAINT stock_pkey PRIMARY KEY (id);

\unrestrict k3DzXf0
`;

/** What SQL files promise, tried on a running cluster in a database of its own. */
export function describeMigrations(connect: () => Connection): void {
  const schema: Schema = { database: DB, files, subscriptionPasswords: {}, passwords: {}, declared: declaration({ database: { name: DB } }) };
  const root = (sql: string) => onPrimary(connect(), DB, async (client) => (await client.query(sql)).rows);
  const up = (...texts: string[]) => applySchema(connect(), { ...schema, files: folder(...texts) });
  /** A transaction with a snapshot, for so many milliseconds. */
  const holding = async (milliseconds: number) => {
    const { hosts: [address], caCertificate, password } = connect();
    const client = new Client({ ...address, user: "postgres", password, database: DB, ssl: { ca: caCertificate } });
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM app.accounts");
    return sleep(milliseconds).then(() => client.query("COMMIT")).finally(() => client.end());
  };

  describe("SQL files", () => {
    beforeEach(async () => {
      await removeDatabase(connect(), DB);
      await up();
    });
    after(() => removeDatabase(connect(), DB));

    it("may be dumps, rows included, and what they set ends with them", async () => {
      const later = "CREATE TABLE app.later AS SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS patience, current_setting('row_security') AS rows";
      await up(DUMP, later);
      assert.deepEqual(await root("SELECT id, name FROM app.stock ORDER BY id"), [{ id: 1, name: `it's "one"; $$` }, { id: 2, name: null }, { id: 3, name: "tab\there, und Grün" }]);
      assert.deepEqual(await root("SELECT * FROM app.later"), [{ path: "pg_catalog", patience: "10s", rows: "on" }]);
      await assert.rejects(up(DUMP, later, DUMP.replace("2\t\\N", "two\t\\N").replaceAll("stock", "shelf")), /:21: statement \d+ failed: invalid input syntax for type integer: "two"[^]*line 2/);
    });

    it("build an index beside whoever is at work, another run that waits among them, however long that takes", async () => {
      const busy = holding(12_000);
      const building = up("-- pgha: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_name_two ON app.accounts (name, id);");
      await sleep(2500);
      const waiting = readDrift({ ...connect(), timeout: 60 }, [DB]);
      await Promise.all([busy, building, waiting]);
      assert.deepEqual(await root("SELECT indisvalid FROM pg_index WHERE indexrelid = 'app.accounts_name_two'::regclass"), [{ indisvalid: true }]);
    });

    it("are not recorded while an index of theirs is invalid, which is named", async () => {
      const file = "-- pgha: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS accounts_balance ON app.accounts (balance);";
      await root("INSERT INTO app.accounts (name) VALUES ('a'), ('b')");
      await assert.rejects(up(file), /could not create unique index[^]*index app\.accounts_balance is invalid[^]*DROP INDEX CONCURRENTLY app\.accounts_balance;/);
      await assert.rejects(up(file), /index app\.accounts_balance is invalid[^]*not recorded/);
      assert.deepEqual(await root(`SELECT FROM pgha.migrations WHERE name = '${numbered(1)}'`), []);
      await root("DELETE FROM app.accounts");
      await root("DROP INDEX CONCURRENTLY app.accounts_balance");
      await up(file);
      assert.deepEqual(await root(`SELECT indisvalid FROM pg_index, pgha.migrations WHERE indexrelid = 'app.accounts_balance'::regclass AND name = '${numbered(1)}'`), [{ indisvalid: true }]);
    });

    it("are judged by a rehearsal as by an `up`, and a value of an enum that it cannot try is told from a fault", async () => {
      const sets = "SET search_path = app; CREATE TABLE sat (id int)";
      const [first, second] = await rehearse(connect(), DB, folder(sets, "CREATE TABLE stood (id int)"));
      assert.deepEqual([first.problem, first.changes.includes("+ table app.sat")], [undefined, true]);
      assert.match(second.problem!, /permission denied|system catalog/);
      const enums = ["CREATE TYPE app.mood AS ENUM ('sad')", "ALTER TYPE app.mood ADD VALUE 'glad'", "CREATE TABLE app.moods (of app.mood DEFAULT 'glad')"];
      await up(enums[0]);
      const tried = await rehearse(connect(), DB, folder(...enums));
      assert.match(tried.at(-1)!.problem!, /cannot be tried here: it uses an enum value/);
      await up(...enums);
    });

    it("are adopted where pgha never was, an index that is built beside its users among them", async () => {
      const texts = ["SET LOCAL search_path = app; CREATE TABLE app.items (id int PRIMARY KEY, name text); CREATE VIEW app.names AS SELECT name FROM app.items",
        "-- pgha: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS items_name ON app.items (name);"];
      await up(...texts);
      await root("DROP TABLE pgha.migrations, pgha.catalogue");
      assert.deepEqual((await adopt(connect(), DB, folder(...texts))).map(({ object, change }) => `${change} ${object}`), []);
      assert.deepEqual(await root(`SELECT count(*)::int AS n FROM pgha.migrations WHERE name LIKE 'database/%_check.sql'`), [{ n: 2 }]);
      assert.deepEqual((await up(...texts)).warnings.filter((line) => line.startsWith(DB)), []);
    });
  });
}
