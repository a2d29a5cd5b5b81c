import assert from "node:assert/strict";
import { Client } from "pg";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { acceptLive } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { declaration, files } from "./database";

const DB = "pgha_trap";
const CLEAN = `${DB}_clean`;
const MALLORY = "pgha_mallory";
const RUNS = 24;

/** What pg_cron runs as superuser, by the files in sql/. */
export const JOBS = Object.values(files).flatMap((text) => [...text.matchAll(/cron\.schedule\('[^']+', '[^']+', '([^']+)'\)/g)]).map(([, command]) => command);

/** Whatever calls it as superuser, or where it can become superuser again, makes mallory one. `quiet` passes for immutable. */
const CLIMB = `
CREATE FUNCTION app.rise() RETURNS void LANGUAGE plpgsql AS $f$
BEGIN ALTER ROLE ${MALLORY} SUPERUSER; EXCEPTION WHEN OTHERS THEN NULL; END $f$;
CREATE FUNCTION app.climb(more text[] DEFAULT '{INSERT INTO app.late VALUES (1)}') RETURNS int LANGUAGE plpgsql AS $f$
DECLARE way text;
BEGIN
  PERFORM app.rise();
  FOREACH way IN ARRAY more || ARRAY['RESET ROLE', 'SET ROLE postgres', 'SET ROLE NONE', 'RESET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION postgres',
    'DECLARE held CURSOR WITH HOLD FOR SELECT app.rise()'] LOOP
    BEGIN EXECUTE way; PERFORM app.rise(); EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP;
  RETURN 1;
END $f$;
CREATE FUNCTION app.rise_late() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM app.climb('{}'); RETURN NULL; END $f$;
CREATE TABLE app.late (n int);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON app.late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.rise_late();
ALTER TABLE app.late ENABLE ALWAYS TRIGGER late;
CREATE FUNCTION app.quiet(n bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM app.climb(); RETURN n; END';
GRANT EXECUTE ON FUNCTION app.rise, app.rise_late, app.climb, app.quiet TO PUBLIC;
GRANT ALL ON app.late TO PUBLIC;
`;

/** Makes work for the jobs: a partition ahead to be made again, one that ended long ago, statistics, metadata put aside. */
const WORK = `
DO $$ DECLARE last text; BEGIN
  SELECT partition INTO last FROM pgha.partitions('app.events') ORDER BY lower DESC LIMIT 1;
  EXECUTE 'DROP TABLE ' || last;
END $$;
INSERT INTO app.app_logs (app_name, level, message, metadata) VALUES ('a', 'info', 'm', '{"a": 1}');
`;

const catalogueFunction = (signature: string, returns: string) =>
  `CREATE FUNCTION public.${signature} RETURNS ${returns} LANGUAGE plpgsql AS $f$ BEGIN PERFORM app.climb(); RETURN NULL; END $f$;`;
const PATH = `ALTER DATABASE ${DB} SET search_path = public, app, pg_catalog;`;

/** What somebody tries who is a member of the owner's role. */
const WAYS: Record<string, string> = {
  "functions with the names of Postgres's own": [
    ["format(text, text, text)", "text"], ["format(text, regclass)", "text"], ["format(text, name)", "text"], ["format(text, text)", "text"],
    ["set_config(text, text, boolean)", "text"], ["set_config(text, text, bool, VARIADIC int[])", "text"], ["to_regclass(text)", "regclass"], ["array_to_string(text[], text)", "text"],
    ["now()", "timestamptz"], ["coalesce_(int)", "int"],
  ].map(([signature, returns]) => catalogueFunction(signature, returns)).join("\n") + PATH,
  "types with the names of Postgres's own": `
    CREATE DOMAIN public.text AS pg_catalog.text CHECK (app.climb() IS NOT NULL); CREATE DOMAIN public.regclass AS pg_catalog.regclass CHECK (app.climb() IS NOT NULL);
    CREATE DOMAIN public.name AS pg_catalog.name CHECK (app.climb() IS NOT NULL); CREATE DOMAIN public.int4 AS pg_catalog.int4 CHECK (app.climb() IS NOT NULL);${PATH}`,
  "operators with the names of Postgres's own": ["=:text:text", "<>:text:text", "||:text:text", "<>:text[]:text[]", "=:oid:oid", "=:name:name", "<:timestamptz:timestamptz", "-:timestamptz:interval"].map((each, n) => {
    const [operator, left, right] = each.split(":");
    return `CREATE FUNCTION public.op${n}(${left}, ${right}) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN PERFORM app.climb(); RETURN false; END $f$;
      CREATE OPERATOR public.${operator} (LEFTARG = ${left}, RIGHTARG = ${right}, FUNCTION = public.op${n});`;
  }).join("\n") + PATH,
  "functions of schema app put in place of others": `
    DO $$ DECLARE each record; BEGIN
      FOR each IN SELECT p.oid::regprocedure AS name, p.prokind FROM pg_proc p WHERE pronamespace = 'app'::regnamespace AND proowner = 'postgres'::regrole LOOP
        EXECUTE format('DROP ROUTINE %s', each.name);
      END LOOP;
    END $$;
    CREATE FUNCTION app.archive_old_logs(hot_days int DEFAULT NULL) RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN PERFORM app.climb(); END';
    CREATE FUNCTION app.auto_cleanup_logs(keep_days int DEFAULT NULL, OUT expired int, OUT sources int) LANGUAGE plpgsql AS 'BEGIN PERFORM app.climb(); END';`,
  "triggers on what maintenance writes to": `
    CREATE FUNCTION app.sprung() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM app.climb(); RETURN OLD; END $f$;
    INSERT INTO app.log_sources (source, updated_at) VALUES ('old', now() - interval '20 years');
    CREATE TRIGGER sprung BEFORE DELETE OR UPDATE ON app.log_sources FOR EACH ROW EXECUTE FUNCTION app.sprung();
    CREATE TRIGGER sprung_all BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON app.log_sources FOR EACH STATEMENT EXECUTE FUNCTION app.sprung();`,
  "index expressions and predicates": `
    CREATE INDEX ON app.events (app.quiet(1)); CREATE INDEX ON app.events (kind) WHERE app.quiet(2) > 0; CREATE INDEX ON app.events (app.quiet(account_id));
    CREATE INDEX ON app.log_sources (app.quiet(batch)); CREATE INDEX ON app.app_logs (app.quiet(3)); CREATE STATISTICS app.s ON (app.quiet(account_id)), kind FROM app.events;`,
  "constraints, defaults and generated columns": `
    ALTER TABLE app.events ADD CHECK (app.quiet(1) > 0), ADD COLUMN more bigint DEFAULT app.climb(), ADD COLUMN made bigint GENERATED ALWAYS AS (app.quiet(4)) STORED;
    CREATE DOMAIN app.trap AS int CHECK (app.climb() > 0); ALTER TABLE app.events ADD COLUMN trapped app.trap DEFAULT 1;`,
  "a partition for all else, with rows, and foreign keys both ways": `
    CREATE TABLE app.other (id bigint PRIMARY KEY); INSERT INTO app.other VALUES (1); CREATE INDEX ON app.other (app.quiet(1));
    ALTER TABLE app.events ADD CONSTRAINT away FOREIGN KEY (account_id) REFERENCES app.other; CREATE TABLE app.pointing (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES app.events);
    CREATE INDEX ON app.pointing (app.quiet(1)); CREATE TABLE app.events_rest PARTITION OF app.events DEFAULT; CREATE INDEX ON app.events_rest (app.quiet(5));`,
  "another table in the place of one": `
    DROP TABLE app.events; CREATE TABLE app.events (id bigint, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at);
    CREATE INDEX ON app.events (app.quiet(1));`,
  "views in the place of tables": `
    DROP TABLE app.log_sources, app.app_logs; CREATE VIEW app.log_sources AS SELECT 'x'::text AS source, app.climb()::bigint AS holder, now() - interval '20 years' AS updated_at;
    CREATE RULE r AS ON DELETE TO app.log_sources DO INSTEAD SELECT app.climb(); CREATE VIEW app.app_logs AS SELECT app.climb() AS id;`,
  "a key that is an expression": `
    DROP TABLE app.events; CREATE TABLE app.events (id bigint, created_at timestamptz NOT NULL) PARTITION BY RANGE ((app.quiet(id) + app.quiet(1)), created_at);`,
  "settings of the database": `
    ALTER DATABASE ${DB} SET default_transaction_read_only = off; ALTER DATABASE ${DB} SET standard_conforming_strings = off; ALTER DATABASE ${DB} SET role = '${DB}_owner';
    ALTER DATABASE ${DB} SET check_function_bodies = off; ALTER DATABASE ${DB} SET quote_all_identifiers = on; ${PATH}`,
  "retention": `CREATE INDEX ON app.events (app.quiet(1)); CREATE TABLE app.pointing (id bigint, at timestamptz, FOREIGN KEY (id, at) REFERENCES app.events); CREATE INDEX ON app.pointing (app.quiet(1));`,
};

/** What only a superuser may do, so that it needs no other defence. */
const REFUSED = [
  "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION app.rise_late()",
  "CREATE OPERATOR CLASS app.o DEFAULT FOR TYPE bigint USING btree AS STORAGE bigint",
  "CREATE PUBLICATION everything FOR ALL TABLES", "SELECT lo_export(lo_creat(-1), '/tmp/pgha')",
  "COPY (SELECT 1) TO PROGRAM 'true'", `ALTER DATABASE ${DB} SET session_preload_libraries = 'x'`, "SET session_replication_role = replica",
  "UPDATE partman.part_config SET retention = '1 day'", "CREATE FUNCTION pgha.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT pgha.maintain_partitions('app.events')",
  "CREATE CAST (text AS integer) WITH FUNCTION app.quiet(bigint)",
];

/** Who owns a database, or is a member of its owner's role, stays what he is, whatever runs as superuser. Tried in a database of its own. */
export function describeHostile(connect: () => Connection): void {
  const passwords = { [DB]: "check-trap", [`${DB}_readonly`]: "check-trap-read", [MALLORY]: "check-trap-mallory" };
  const schema: Schema = {
    database: DB, files, passwords, subscriptionPasswords: {}, logs: { partition: "month", hotDays: 30, keepArchivesDays: 365 },
    declared: declaration({ database: { name: DB }, roles: [{ name: MALLORY, memberOf: [`${DB}_owner`] }] }),
  };

  async function session<T>(user: string, password: string, work: (client: Client) => Promise<T>): Promise<T> {
    const { hosts: [address], caCertificate } = connect();
    const client = new Client({ ...address, user, password, database: DB, ssl: { ca: caCertificate } });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
  const mallory = (sql: string) => session(MALLORY, passwords[MALLORY], async (client) => (await client.query(`SET ROLE ${DB}_owner; ${sql}`)) as unknown);
  const root = (sql: string, database = "postgres") => onPrimary(connect(), database, async (client) => (await client.query(sql)).rows);
  /** As pg_cron does: with the settings of the database. A job may fail, which is not what is asked here. */
  const runJobs = () => session("postgres", connect().password, async (client) => {
    await client.query("SET statement_timeout = 5000");
    for (let run = 0; run < RUNS; run++) for (const job of JOBS) await client.query(job).catch(() => undefined);
  });
  const risen = async () => (await root(`SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls OR EXISTS (SELECT FROM pg_auth_members
    WHERE member = r.oid AND roleid <> '${DB}_owner'::regrole) AS risen FROM pg_roles r WHERE rolname = '${MALLORY}'`))[0].risen;
  const copy = async (from: string, to: string) => {
    await root(`DROP DATABASE IF EXISTS ${to} WITH (FORCE)`);
    await root(`CREATE DATABASE ${to} TEMPLATE ${from} OWNER ${DB}_owner`);
    await root(`GRANT CONNECT ON DATABASE ${to} TO ${MALLORY}`);
  };
  const remove = async () => {
    for (const each of [DB, CLEAN]) await root(`DROP DATABASE IF EXISTS ${each} WITH (FORCE)`);
    for (const role of [MALLORY, DB, ...["owner", "readonly", "migrator"].map((each) => `${DB}_${each}`)]) await root(`DROP ROLE IF EXISTS ${role}`);
    await root("DELETE FROM pgha.declared WHERE key ~ 'pgha_(mallory|trap)'").catch(() => undefined);
    await acceptLive(connect(), []);
  };

  describe("somebody who may act as the owner of a database", () => {
    before(async () => {
      await remove();
      await applySchema(connect(), schema);
      await mallory(CLIMB);
      await copy(DB, CLEAN);
    });
    after(remove);
    beforeEach(async () => {
      await root(`ALTER ROLE ${MALLORY} NOSUPERUSER`);
      await copy(CLEAN, DB);
      await root(WORK, DB);
    });

    for (const [way, sql] of Object.entries(WAYS))
      it(`becomes no superuser by ${way}`, async () => {
        if (way === "retention") await root("UPDATE partman.part_config SET retention = '1 day'; SELECT pgha.create_partition_if_not_exists('app.events', '2020-01-01', '2020-02-01')", DB);
        await mallory(sql);
        assert.equal(await risen(), false, "risen by what he did himself");
        await runJobs();
        assert.equal(await risen(), false, "risen by a job");
        await applySchema(connect(), schema).catch(() => undefined);
        await runJobs();
        assert.equal(await risen(), false, "risen by an up");
      });

    for (const name of ["pgha", "partman", "pgbouncer"])
      it(`cannot have schema ${name} be his own by making it first`, async () => {
        await root(`DROP SCHEMA IF EXISTS pgha, partman, pgbouncer CASCADE; DROP EXTENSION IF EXISTS pg_partman`, DB);
        await mallory(`CREATE SCHEMA ${name}`);
        await assert.rejects(applySchema(connect(), schema), new RegExp(`schema ${name} of database`));
      });

    it("is refused by Postgres what would be a way by itself", async () => {
      for (const sql of REFUSED) await assert.rejects(mallory(sql), /permission denied|must be (superuser|owner)/, sql);
    });
  });
}
