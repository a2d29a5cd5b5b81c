import assert from "node:assert/strict";
import { Client } from "pg";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { acceptLive } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { declaration, files, ours } from "./database";

const [APP, SHOP] = ["pgha_app", "pgha_shop"];
const ROLES = ["pgha_reporting", "pgha_readers", "pgha_subscriber"];
const [REPORTING, READERS, SUBSCRIBER] = ROLES;

/** What declared databases, roles and the rest promise, tried on a running cluster in databases of their own. `publisher`: the write port as its servers reach it. */
export function describeDeclared(connect: () => Connection, publisher: { host: string; port: number }): void {
  const whole = {
    database: { name: APP },
    slots: [{ name: "pgha_in", type: "logical" }],
    roles: [
      { name: REPORTING, database: SHOP, memberOf: [READERS], connectionLimit: 3, validUntil: "2037-12-31", settings: { statement_timeout: "7s", search_path: "reports, public" } },
      { name: READERS, login: false },
      { name: SUBSCRIBER, replication: true, memberOf: [`${APP}_readonly`] },
    ],
    databases: [
      {
        name: APP,
        tables: [
          { name: "app.accounts", storage: { fillfactor: 70, "toast.autovacuum_enabled": false } },
          { name: "app.events", storage: { autovacuum_analyze_scale_factor: 0.01 }, partition: { key: "created_at", interval: "month", premake: 5 } },
        ],
        publications: [{ name: "pgha_pub", tables: [{ name: "app.accounts", columns: ["id", "name"], where: "name <> 'hidden'" }], operations: ["insert"] }],
      },
      {
        name: SHOP,
        extensions: [{ name: "pg_trgm" }],
        schemas: [{ name: "reports" }, { name: "app" }],
        grants: [{ role: READERS, privileges: ["usage"], on: "schema reports" }, { role: READERS, privileges: ["select"], on: "all tables in schema reports" }],
        defaultPrivileges: [{ schema: "reports", on: "tables", role: READERS, privileges: ["select"] }],
        subscriptions: [{ name: "pgha_in", ...publisher, database: APP, user: SUBSCRIBER, publications: ["pgha_pub"] }],
      },
    ],
  };
  const { subscriptions: _, ...shopAlone } = whole.databases[1] as Record<string, unknown>;
  const unsubscribed = { ...whole, databases: [whole.databases[0], shopAlone] };
  const passwords = Object.fromEntries([APP, `${APP}_readonly`, REPORTING, SUBSCRIBER].map((role) => [role, `check-${role}`]));
  const schema = (raw: object): Schema => ({
    database: APP, files, declared: declaration(raw), subscriptionPasswords: { pgha_in: passwords[SUBSCRIBER] },
    passwords: Object.fromEntries(Object.entries(passwords).filter(([role]) => role.startsWith(APP) || JSON.stringify(raw).includes(`"${role}"`))),
  });
  const root = (sql: string, database: string) => onPrimary(connect(), database, async (client) => (await client.query(sql)).rows);

  async function remove() {
    await onPrimary(connect(), SHOP, async (client) => {
      for (const sql of ["DISABLE", "SET (slot_name = NONE)"]) await client.query(`ALTER SUBSCRIPTION pgha_in ${sql}`);
      await client.query("DROP SUBSCRIPTION pgha_in");
    }).catch(() => undefined);
    await onPrimary(connect(), "postgres", async (client) => {
      await client.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'pgha_in'");
      for (const database of [APP, SHOP]) await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
      for (const role of [...ROLES, ...[APP, SHOP].flatMap((name) => [name, `${name}_owner`, `${name}_readonly`, `${name}_migrator`])]) await client.query(`DROP ROLE IF EXISTS ${role}`);
      await client.query("DELETE FROM pgha.declared WHERE key ~ 'pgha_'").catch(() => undefined);
    });
    await acceptLive(connect(), []);
  }

  describe("what is declared", () => {
    before(remove);
    after(remove);

    it("is made by two programs at the same time", async () => {
      const [one, other] = await Promise.all([applySchema(connect(), schema(unsubscribed)), applySchema(connect(), schema(unsubscribed))]);
      assert.deepEqual([ours(one.warnings), ours(other.warnings)], [[], []]);
      assert.deepEqual(await root(`SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname ~ '^pgha_' ORDER BY 1`, "postgres"),
        [{ datname: APP, owner: `${APP}_owner` }, { datname: SHOP, owner: `${SHOP}_owner` }]);
      assert.deepEqual(await root(`SELECT rolcanlogin, rolconnlimit, rolvaliduntil = '2037-12-31 00:00Z' AS expires, rolconfig FROM pg_roles WHERE rolname = '${REPORTING}'`, "postgres"),
        [{ rolcanlogin: true, rolconnlimit: 3, expires: true, rolconfig: ["statement_timeout=7s", "search_path=reports, public"] }]);
      assert.deepEqual(await root("SELECT reloptions FROM pg_class WHERE oid = 'app.accounts'::regclass", APP).then(([{ reloptions }]) => reloptions.includes("fillfactor=70")), true);
      assert.deepEqual(await root("SELECT max(lower) >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '5 months' AS ahead FROM pgha.partitions('app.events')", APP), [{ ahead: true }]);
      assert.deepEqual(await root(`SELECT count(*)::int AS without FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'app.events'::regclass AND NOT reloptions @> '{autovacuum_analyze_scale_factor=0.01}'`, APP), [{ without: 0 }]);
    });

    it("lets a role do what was granted in its database, now and for later tables, and nothing else", async () => {
      await root(`SET ROLE ${SHOP}_owner; CREATE TABLE reports.daily (n int); INSERT INTO reports.daily VALUES (1); CREATE TABLE app.secret (n int)`, SHOP);
      const { hosts: [address], caCertificate } = connect();
      const as = async (sql: string, database = SHOP) => {
        const client = new Client({ ...address, user: REPORTING, password: passwords[REPORTING], database, ssl: { ca: caCertificate } });
        try {
          await client.connect();
          return (await client.query(sql)).rows;
        } finally {
          await client.end().catch(() => undefined);
        }
      };
      assert.deepEqual(await as("SELECT n, current_setting('statement_timeout') AS timeout FROM daily"), [{ n: 1, timeout: "7s" }]);
      await assert.rejects(as("INSERT INTO daily VALUES (2)"), /permission denied/);
      await assert.rejects(as("SELECT * FROM app.secret"), /permission denied/);
      await assert.rejects(as("SELECT 1", APP), /permission denied for database/);
      assert.match((await root(`SELECT passwd FROM pgbouncer.get_auth('${REPORTING}')`, SHOP))[0].passwd, /^SCRAM/);
    });

    it("is left alone the second time", async () => {
      const state = async () => [await root("SELECT key, applied_at::text FROM pgha.declared ORDER BY key", APP), await root("SELECT object, recorded_at::text FROM pgha.catalogue ORDER BY object", SHOP)];
      await applySchema(connect(), schema(unsubscribed));
      const before = await state();
      await applySchema(connect(), schema(unsubscribed));
      assert.deepEqual(await state(), before);
    });

    it("receives what another database publishes, rows and columns chosen, with its password out of every log", async () => {
      await root("INSERT INTO app.accounts (name) VALUES ('copied'), ('hidden')", APP);
      await root("CREATE TABLE app.accounts (id bigint PRIMARY KEY, name text)", SHOP);
      await root(`GRANT USAGE ON SCHEMA app TO ${SUBSCRIBER}`, APP);
      for (let n = 0; n < 2; n++) assert.deepEqual(ours((await applySchema(connect(), schema(whole))).warnings).filter((line) => /subscription/.test(line)), []);
      await root("INSERT INTO app.accounts (name) VALUES ('streamed')", APP);
      for (let n = 0; ; n++) {
        const names = (await root("SELECT name FROM app.accounts ORDER BY name", SHOP)).map(({ name }) => name);
        if (names.join() === "copied,streamed") break;
        assert.ok(n < 60, `received ${names.join() || "nothing"}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      assert.deepEqual(await root("SELECT subslotname, subfailover FROM pg_subscription WHERE subname = 'pgha_in'", SHOP), [{ subslotname: "pgha_in", subfailover: true }]);
      const statements = await root(`SELECT count(*)::int AS n FROM public.pg_stat_statements WHERE query ~ 'check-${SUBSCRIBER}'`, SHOP).catch(() => [{ n: 0 }]);
      assert.deepEqual(statements, [{ n: 0 }]);
    });

    it("is taken back where that loses nothing, and kept and reported where it would", async () => {
      const [reporting, readers, subscriber] = whole.roles;
      const { memberOf: __, settings: ___, ...bare } = reporting;
      const less = {
        ...whole,
        roles: [bare, readers, subscriber],
        databases: [{ name: APP, tables: [{ ...whole.databases[0].tables![0], storage: { "toast.autovacuum_enabled": false } }, whole.databases[0].tables![1]] }, { ...whole.databases[1], schemas: [{ name: "app" }], grants: [], defaultPrivileges: [] }],
      };
      const { warnings } = await applySchema(connect(), schema(less));
      assert.deepEqual(ours(warnings).filter((line) => /declared no more/.test(line)).map((line) => line.split(" is declared")[0]), ["publication pgha_pub", "schema reports"]);
      assert.match(warnings.join("\n"), /drop it: DROP SCHEMA "reports"/);
      assert.deepEqual(await root(`SELECT rolconfig, pg_has_role('${REPORTING}', '${READERS}', 'member') AS member FROM pg_roles WHERE rolname = '${REPORTING}'`, SHOP), [{ rolconfig: null, member: false }]);
      assert.deepEqual(await root(`SELECT has_schema_privilege('${READERS}', 'reports', 'usage') AS may, has_table_privilege('${READERS}', 'reports.daily', 'select') AS read`, SHOP), [{ may: false, read: false }]);
      assert.deepEqual(await root("SELECT option FROM pg_class, unnest(reloptions) AS option WHERE oid = 'app.accounts'::regclass AND option ~ '^fillfactor'", APP), [{ option: "fillfactor=85" }], "the migration's");
      await root("DROP SCHEMA reports CASCADE", SHOP);
      assert.doesNotMatch((await applySchema(connect(), schema(less))).warnings.join("\n"), /schema reports is declared no more/);
    });

    it("stops deleting rows once a retention is declared no more, and goes on making partitions as long as there is a table by time", async () => {
      const visits = { name: "reports.visits", partition: { key: "at", interval: "day", retention: "9 days" } };
      const within = (tables: object[]) => ({ ...unsubscribed, databases: [whole.databases[0], { ...shopAlone, tables }] });
      await applySchema(connect(), schema(unsubscribed));
      await root(`SET ROLE ${SHOP}_owner; CREATE TABLE reports.visits (at timestamptz NOT NULL) PARTITION BY RANGE (at)`, SHOP);
      await applySchema(connect(), schema(within([visits])));
      const state = async () => [
        await root("SELECT retention FROM partman.part_config WHERE parent_table = 'reports.visits'", SHOP),
        await root(`SELECT FROM pgha.declared WHERE key = 'schedule of maintenance in ${SHOP}'`, APP).then((rows) => rows.length),
      ];
      assert.deepEqual(await state(), [[{ retention: "9 days" }], 1]);
      const { warnings } = await applySchema(connect(), schema(within([])));
      assert.deepEqual(await state(), [[{ retention: null }], 1]);
      assert.match(warnings.join("\n"), /partitions of reports\.visits is declared no more and kept.*no further partitions are made then/);
      await root("DELETE FROM partman.part_config", SHOP);
      await applySchema(connect(), schema(within([])));
      assert.deepEqual(await state(), [[], 0]);
    });

    it("is taken back in a database that is declared no more, slots too, as the database itself remembers it", async () => {
      const left = { ...unsubscribed, roles: whole.roles.slice(1), databases: [whole.databases[0]] };
      await applySchema(connect(), schema({ ...unsubscribed, slots: [...whole.slots, { name: "pgha_left", type: "logical", database: SHOP }] }));
      assert.deepEqual(await root(`SELECT has_schema_privilege('${READERS}', 'reports', 'usage') AS may`, SHOP), [{ may: true }]);
      await applySchema(connect(), schema(left));
      assert.deepEqual(await root(`SELECT has_schema_privilege('${READERS}', 'reports', 'usage') AS may`, SHOP), [{ may: false }]);
      assert.deepEqual(await root("SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'pgha_left'", SHOP), []);
    });

    it("is one transaction: an error names what was declared, and nothing of it is kept", async () => {
      const wrong = { ...unsubscribed, databases: [...unsubscribed.databases.slice(0, 1), { name: SHOP, schemas: [{ name: "half" }], grants: [{ role: READERS, privileges: ["select"], on: "table half.nothing" }] }] };
      await assert.rejects(applySchema(connect(), schema(wrong)), /^Error: declared grant of select on table half\.nothing to pgha_readers: relation "half\.nothing" does not exist \(42P01\)/);
      assert.deepEqual(await root("SELECT to_regnamespace('half') IS NULL AS gone", SHOP), [{ gone: true }]);
    });
  });
}
