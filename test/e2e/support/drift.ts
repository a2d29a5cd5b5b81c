import assert from "node:assert/strict";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { describeDrift as inWords, Drift } from "../../../infra/live/drift";
import { acceptLive, readDrift } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { readLive } from "../../../infra/live/schema/refresh";
import { declaration, files } from "./database";

const DB = "pgha_drift";
const next = `${String(Object.keys(files).filter((name) => /\/\d/.test(name)).length + 1).padStart(4, "0")}_check.sql`;

/** One object of each kind to be changed. */
const OBJECTS = `
SET LOCAL ROLE :"owner";
CREATE TABLE app.things (id bigint PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'none', note text COMPRESSION lz4, gone int, size int CONSTRAINT positive CHECK (size > 0), state int);
CREATE INDEX things_name ON app.things (name);
CREATE INDEX things_note ON app.things (note);
CREATE STATISTICS app.things_stat ON name, size FROM app.things;
CREATE TABLE app.doomed (id int);
CREATE TABLE app.tiny (id int PRIMARY KEY);
CREATE VIEW app.names AS SELECT name FROM app.things;
CREATE TYPE app.mood AS ENUM ('sad', 'happy');
CREATE SEQUENCE app.counter;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NEW; END $f$;
CREATE TRIGGER touched BEFORE UPDATE ON app.things FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER watched AFTER UPDATE ON app.things FOR EACH ROW EXECUTE FUNCTION app.touch();
RESET ROLE;
CREATE PUBLICATION pgha_drift FOR TABLE app.things;
`;

/** What somebody does by hand, and the one line that must come of it. */
const CHANGES: [title: string, sql: string, line: string | RegExp][] = [
  ["a column added", "ALTER TABLE app.things ADD COLUMN extra int", `${DB}: column app.things.extra is not declared`],
  ["a column dropped", "ALTER TABLE app.things DROP COLUMN gone", `${DB}: column app.things.gone is missing`],
  ["a column of another type", "ALTER TABLE app.things ALTER COLUMN state TYPE bigint", `${DB}: column app.things.state type is bigint, declared integer`],
  ["a column that may be null", "ALTER TABLE app.things ALTER COLUMN name DROP NOT NULL", `${DB}: column app.things.name not null is false, declared true`],
  ["another default", "ALTER TABLE app.things ALTER COLUMN name SET DEFAULT 'some'", `${DB}: column app.things.name default is 'some'::character varying, declared 'none'::character varying`],
  ["another compression", "ALTER TABLE app.things ALTER COLUMN note SET COMPRESSION pglz", `${DB}: column app.things.note compression is pglz, declared lz4`],
  ["an index added", "CREATE INDEX things_extra ON app.things (size)", `${DB}: index app.things_extra is not declared`],
  ["an index dropped", "DROP INDEX app.things_name", `${DB}: index app.things_name is missing`],
  ["an index on something else", "DROP INDEX app.things_note; CREATE INDEX things_note ON app.things (note DESC)", new RegExp(`^${DB}: index app.things_note definition is .*note DESC.*, declared`)],
  ["a constraint added", "ALTER TABLE app.things ADD CONSTRAINT small CHECK (size < 100)", `${DB}: constraint small on app.things is not declared`],
  ["a constraint dropped", "ALTER TABLE app.doomed RENAME TO doomed_too; ALTER TABLE app.tiny DROP CONSTRAINT tiny_pkey", `${DB}: constraint tiny_pkey on app.tiny is missing`],
  ["a constraint loosened", "ALTER TABLE app.things DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK (size > -1)", new RegExp(`^${DB}: constraint positive on app.things definition is`)],
  ["a trigger disabled", "ALTER TABLE app.things DISABLE TRIGGER touched", `${DB}: trigger touched on app.things enabled is no, declared yes`],
  ["a trigger dropped", "DROP TRIGGER watched ON app.things", `${DB}: trigger watched on app.things is missing`],
  ["a function changed", "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'", new RegExp(`^${DB}: function app.touch\\(\\) definition is`)],
  ["a function for everybody", "GRANT EXECUTE ON FUNCTION app.touch() TO PUBLIC", `${DB}: function app.touch() rights is PUBLIC=EXECUTE, declared none`],
  ["a function added", "CREATE FUNCTION app.backdoor() RETURNS int LANGUAGE sql AS 'SELECT 1'", `${DB}: function app.backdoor() is not declared`],
  ["a view redefined", "CREATE OR REPLACE VIEW app.names AS SELECT name FROM app.things WHERE false", new RegExp(`^${DB}: view app.names definition is`)],
  // That of drills is no difference
  ["a table renamed: the old name", "CREATE SCHEMA pgha_drill; CREATE TABLE pgha_drill.rows (run int PRIMARY KEY)", `${DB}: table app.doomed is missing`],
  ["another owner", "ALTER TABLE app.tiny OWNER TO postgres", `${DB}: table app.tiny owner is postgres, declared ${DB}_owner`],
  ["a right granted", `GRANT TRUNCATE ON app.things TO ${DB}`, `${DB}: table app.things rights is ${DB}=DELETE,INSERT,SELECT,TRUNCATE,UPDATE, declared ${DB}=DELETE,INSERT,SELECT,UPDATE`],
  ["a storage parameter", "ALTER TABLE app.things SET (fillfactor = 50)", `${DB}: table app.things storage parameters is fillfactor=50, declared none`],
  ["a table without a log", "ALTER TABLE app.tiny SET UNLOGGED", `${DB}: table app.tiny persistence is unlogged, declared logged`],
  ["row security", "ALTER TABLE app.things ENABLE ROW LEVEL SECURITY", `${DB}: table app.things row security is on, declared off`],
  ["a policy", "CREATE POLICY mine ON app.things USING (true)", `${DB}: policy mine on app.things is not declared`],
  ["another replica identity", "ALTER TABLE app.things REPLICA IDENTITY FULL", `${DB}: table app.things replica identity is full, declared default`],
  ["a rule", "CREATE RULE never AS ON DELETE TO app.things DO INSTEAD NOTHING", `${DB}: rule never on app.things is not declared`],
  ["statistics dropped", "DROP STATISTICS app.things_stat", `${DB}: statistics app.things_stat is missing`],
  ["a sequence that leaps", "ALTER SEQUENCE app.counter INCREMENT 10", `${DB}: sequence app.counter increment is 10, declared 1`],
  ["an enum value", "ALTER TYPE app.mood ADD VALUE 'angry'", `${DB}: type app.mood definition is enum ('sad', 'happy', 'angry'), declared enum ('sad', 'happy')`],
  ["a schema", "CREATE SCHEMA private", `${DB}: schema private is not declared`],
  ["a right on a schema", "GRANT CREATE ON SCHEMA app TO PUBLIC", `${DB}: schema app rights is PUBLIC=CREATE, declared none`],
  ["default privileges", "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC", `${DB}: default privileges of postgres in app on tables is not declared`],
  ["a table published", "ALTER PUBLICATION pgha_drift ADD TABLE app.accounts", `${DB}: publication pgha_drift tables is app.accounts, app.things, declared app.things`],
  ["a publication", "CREATE PUBLICATION pgha_other FOR TABLE app.things", `${DB}: publication pgha_other is not declared`],
  ["an extension", "CREATE EXTENSION pg_trgm", `${DB}: extension pg_trgm is not declared`],
  ["an event trigger", "CREATE FUNCTION public.ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER pgha_ddl ON ddl_command_end EXECUTE FUNCTION public.ddl(); ALTER EVENT TRIGGER pgha_ddl DISABLE", `${DB}: event trigger pgha_ddl is not declared`],
  ["its function", "SELECT 1", `${DB}: function public.ddl() is not declared`],
  ["fewer partitions ahead", "UPDATE partman.part_config SET premake = 1 WHERE parent_table = 'app.events'", `${DB}: partitions of app.events premake is 1, declared 3`],
  ["a setting of a role", `ALTER ROLE ${DB} SET work_mem = '1GB'`, `cluster: setting work_mem of role ${DB} is not declared`],
  ["a setting of a database", `ALTER DATABASE ${DB} SET statement_timeout = '1ms'`, `cluster: setting statement_timeout of database ${DB} is not declared`],
  ["a membership", `GRANT pg_read_all_data TO ${DB}_readonly`, `cluster: membership of ${DB}_readonly in pg_read_all_data is not declared`],
  ["a limit lifted", "ALTER ROLE pgha_drift_limited CONNECTION LIMIT -1", "cluster: role pgha_drift_limited connection limit is -1, declared 3"],
  ["an attribute", `ALTER ROLE ${DB}_readonly CREATEDB`, `cluster: role ${DB}_readonly createdb is true, declared false`],
  ["a password", `ALTER ROLE ${DB} PASSWORD 'changed-by-hand'`, new RegExp(`^cluster: role ${DB} password is fingerprint`)],
  ["a role", "CREATE ROLE pgha_drift_stranger LOGIN", "cluster: role pgha_drift_stranger is not declared"],
  ["a database for everybody", `GRANT CONNECT ON DATABASE ${DB} TO PUBLIC`, `cluster: database ${DB} rights is PUBLIC=CONNECT, declared none`],
  ["a slot", "SELECT pg_create_logical_replication_slot('pgha_drift_slot', 'pgoutput')", "cluster: logical slot pgha_drift_slot is not declared"],
];

/** What drift detection promises, tried on a running cluster in a database of its own. Needs wal_level logical. */
export function describeDrift(connect: () => Connection): void {
  const schema: Schema = {
    database: DB, files: { ...files, [`database/${next}`]: OBJECTS }, subscriptionPasswords: {},
    passwords: { [DB]: "check-drift", [`${DB}_readonly`]: "check-drift-read" },
    declared: declaration({ database: { name: DB }, roles: [{ name: "pgha_drift_limited", login: false, connectionLimit: 3 }] }),
  };
  const root = (sql: string) => onPrimary(connect(), DB, async (client) => (await client.query(sql)).rows);
  // Other tests have databases of their own on the same cluster
  const look = async () => (await readDrift(connect(), [DB])).drift.filter(({ where, object }) => where === DB || object.includes(DB));

  async function remove() {
    await onPrimary(connect(), "postgres", async (client) => {
      await client.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'pgha_drift_slot'");
      await client.query(`DROP DATABASE IF EXISTS ${DB} WITH (FORCE)`);
      for (const role of ["", "_owner", "_readonly", "_migrator", "_limited", "_stranger"]) await client.query(`DROP ROLE IF EXISTS ${DB}${role}`);
      await client.query("DELETE FROM pgha.declared WHERE key ~ 'pgha_drift'").catch(() => undefined);
    });
    await acceptLive(connect(), []);
  }

  describe("drift", () => {
    let found: Drift[] = [];
    before(async () => {
      await remove();
      await applySchema(connect(), schema);
    });
    after(remove);

    it("is none on a database that only works, is vacuumed, reindexed and gets and loses partitions", async () => {
      await root("INSERT INTO app.accounts (name) SELECT 'n' || n FROM generate_series(1, 1000) AS n");
      await root("INSERT INTO app.events (account_id, kind) SELECT id, 'check' FROM app.accounts");
      for (const sql of [
        "VACUUM (ANALYZE) app.accounts", "ANALYZE app.events", "REINDEX TABLE CONCURRENTLY app.accounts", "CREATE TEMPORARY TABLE passing (id int)",
        "SELECT partman.create_partition_time('app.events', ARRAY[now() + interval '9 months'])", "CALL pgha.maintain()",
      ]) await root(sql);
      const [{ oldest }] = await root("SELECT partition::text AS oldest FROM pgha.partitions('app.events') ORDER BY lower LIMIT 1");
      await root(`ALTER TABLE app.events DETACH PARTITION ${oldest} CONCURRENTLY`);
      assert.deepEqual(await look(), []);
      await root(`DROP TABLE ${oldest}`);
      assert.deepEqual(await look(), []);
    });

    describe("is found and named:", () => {
      before(async () => {
        for (const [, sql] of CHANGES) await root(sql);
        found = await look();
      });
      for (const [title, , line] of CHANGES)
        it(title, () => {
          const lines = found.map(inWords);
          const named = lines.filter((each) => (typeof line === "string" ? each === line : line.test(each)));
          assert.equal(named.length, 1, `not one of ${lines.join("\n")}`);
        });

      it("and nothing else", () => assert.equal(found.length, CHANGES.length, found.map(inWords).join("\n")));

      it("no password and no verifier is in it", () => assert.doesNotMatch(JSON.stringify(found), /SCRAM-SHA|changed-by-hand|check-drift/));
    });

    describe("once it is found", () => {
      it("is shown by a refresh, and stays after an `up` that has nothing to do with it", async () => {
        const state = { ...connect(), ...schema, checksums: {}, version: "", drift: [] as string[] };
        assert.ok((await readLive(DB, state)).inputs!.drift.some((line) => line.startsWith(`${DB}: column app.things.extra is not declared; mend: no DROP is proposed`)));
        const { warnings } = await applySchema(connect(), { ...schema, files: { ...schema.files, "database/R__unrelated.sql": "CREATE OR REPLACE VIEW app.unrelated AS SELECT 1 AS one;" } });
        assert.ok(warnings.some((line) => line.startsWith(`${DB}: column app.things.extra is not declared`)));
        // A password and an attribute of a declared role are set anew by every `up`
        const left = await look();
        assert.deepEqual(CHANGES.length - left.length, 2, left.map(inWords).join("\n"));
      });

      it("is gone after what it says would mend it", async () => {
        await root("ALTER TABLE app.doomed_too RENAME TO doomed");
        const later = /^(npm run|ALTER TYPE|no DROP)/;
        const order = (each: Drift) => (/^(event trigger|policy|rule)/.test(each.object) ? 0 : 1);
        for (const each of (await look()).sort((a, b) => order(a) - order(b)))
          if (!later.test(each.mend) && !/doomed/.test(each.mend)) await root(each.mend).catch((error: Error) => assert.fail(`${each.mend}: ${error.message}`));
        const left = (await look()).map(inWords);
        assert.deepEqual(left.filter((line) => !/^pgha_drift: (type app\.mood|publication pgha_drift tables|sequence app\.counter|column app\.things\.extra|schema private|extension pg_trgm)/.test(line)), []);
      });
    });
  });
}
