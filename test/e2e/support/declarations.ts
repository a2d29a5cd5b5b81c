import assert from "node:assert/strict";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { acceptLive } from "../../../infra/live/schema/catalogue/record";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { declaration, files, removeDatabase } from "./database";

const [DB, BYTES, SWEDISH] = ["pgha_given", "pgha_bytes", "pgha_swedish"];
const [READERS, WRITERS] = ["pgha_given_readers", "pgha_given_writers"];

/** What a declaration refuses, and what its end gives back, tried on a running cluster in databases of their own. */
export function describeDeclarations(connect: () => Connection): void {
  const roles = [{ name: READERS, login: false }, { name: WRITERS, login: false }];
  const schema = (raw: object): Schema => ({ database: DB, files, passwords: {}, subscriptionPasswords: {}, declared: declaration({ database: { name: DB }, roles, ...raw }) });
  const up = (own: object = {}, raw: object = {}) => applySchema(connect(), schema({ databases: [{ name: DB, ...own }], ...raw }));
  const root = (sql: string, database = DB) => onPrimary(connect(), database, async (client) => (await client.query(sql)).rows);

  async function remove() {
    for (const name of [DB, BYTES, SWEDISH]) await removeDatabase(connect(), name);
    await root(`DROP ROLE IF EXISTS ${READERS}, ${WRITERS}; DELETE FROM pgha.declared WHERE key ~ 'pgha_(given|bytes|swedish)'`, "postgres");
    await acceptLive(connect(), []);
  }

  describe("declarations", () => {
    before(async () => {
      await remove();
      await up();
      await root(`SET ROLE ${DB}_owner; CREATE TABLE app."Orders" ("Id" int PRIMARY KEY, name text, "placedAt" timestamptz NOT NULL DEFAULT now());
        CREATE TABLE app."Visits" (at timestamptz NOT NULL) PARTITION BY RANGE (at); CREATE TABLE app.keyless (n int)`);
    });
    after(remove);

    it("of a publication are refused where the application's UPDATEs would fail, and nothing is published", async () => {
      const publish = (publication: object) => up({ publications: [{ name: "pgha_given", ...publication }] });
      const orders = (more: object) => ({ tables: [{ name: "app.Orders", ...more }] });
      await assert.rejects(publish(orders({ where: "name = 'paid'" })), /each UPDATE and DELETE .* would fail: app\."Orders": where reads name, which is not of its key[^]*operations: \[insert\]/);
      await assert.rejects(publish(orders({ columns: ["name"] })), /app\."Orders": columns leaves out Id of its key/);
      await assert.rejects(publish({ schemas: ["app"] }), /app\.keyless: it has no primary key/);
      assert.deepEqual(await root("SELECT FROM pg_publication"), []);
      await publish({ ...orders({ where: "name = 'paid'" }), operations: ["insert"] });
      await publish(orders({ columns: ["Id", "name"], where: `"Id" > 0` }));
      await root(`INSERT INTO app."Orders" ("Id") VALUES (1); UPDATE app."Orders" SET name = 'paid'`);
    });

    it("take back what they gave and leave what a migration had given", async () => {
      await root(`GRANT SELECT ON app."Orders" TO ${READERS}; GRANT USAGE ON SCHEMA app TO ${READERS}; ALTER TABLE app."Orders" SET (fillfactor = 85);
        GRANT ${WRITERS} TO ${READERS}; ALTER ROLE ${READERS} SET work_mem = '5MB'; ALTER ROLE ${READERS} SET search_path = app, "$user";
        ALTER DEFAULT PRIVILEGES FOR ROLE ${DB}_owner IN SCHEMA app GRANT SELECT ON TABLES TO ${READERS}`);
      const state = async () => (await root(`SELECT array_agg(DISTINCT privilege_type ORDER BY privilege_type) AS rights, has_schema_privilege('${READERS}', 'app', 'USAGE') AS usage, reloptions,
          pg_has_role('${READERS}', '${WRITERS}', 'MEMBER') AS member, (SELECT array_agg(one ORDER BY one) FROM pg_roles, unnest(rolconfig) AS one WHERE rolname = '${READERS}') AS settings,
          (SELECT array_agg(privilege_type ORDER BY privilege_type) FROM pg_default_acl, aclexplode(defaclacl) AS d WHERE d.grantee = '${READERS}'::regrole) AS later
        FROM pg_class, aclexplode(relacl) WHERE oid = 'app."Orders"'::regclass AND grantee = '${READERS}'::regrole GROUP BY reloptions`))[0];
      const before = await state();
      assert.deepEqual(before, { rights: ["SELECT"], usage: true, reloptions: ["fillfactor=85"], member: true, settings: ['search_path=app, "$user"', "work_mem=5MB"], later: ["SELECT"] });
      const grants = [{ role: READERS, privileges: ["usage"], on: "schema app" }, { role: READERS, privileges: ["select", "insert"], on: "table app.Orders" }];
      const all = { role: READERS, privileges: ["select"], on: "all tables in schema app" };
      const later = [{ schema: "app", on: "tables", role: READERS, privileges: ["select", "update"] }];
      const richer = [{ ...roles[0], memberOf: [WRITERS], settings: { work_mem: "9MB", search_path: "public" } }, roles[1]];
      const tables = [{ name: "app.Orders", storage: { fillfactor: 70 } }];
      await up({ grants, tables, defaultPrivileges: later }, { roles: richer });
      await up({ grants: [...grants, all], tables, defaultPrivileges: later }, { roles: richer });
      assert.deepEqual(await state(), { rights: ["INSERT", "SELECT"], usage: true, reloptions: ["fillfactor=70"], member: true, settings: ["search_path=public", "work_mem=9MB"], later: ["SELECT", "UPDATE"] });
      await up();
      assert.deepEqual(await state(), before);
      assert.deepEqual(await root(`SELECT has_table_privilege('${READERS}', 'app.keyless', 'SELECT') AS may`), [{ may: false }]);
    });

    it("keep a table with capitals up", async () => {
      await up({ tables: [{ name: "app.Visits", partition: { key: "at", interval: "day", premake: 3 } }] });
      await root("CALL pgha.maintain()");
      assert.ok((await root(`SELECT FROM pgha.partitions('app."Visits"')`)).length >= 4);
    });

    it("give a database its locale when it is made, and are refused for one that has another", async () => {
      const others = (bytes: object, more: object[] = []) => up({}, { databases: [{ name: DB }, { name: BYTES, ...bytes }, ...more] });
      await others({ locale: "C" }, [{ name: SWEDISH, locale: "sv" }]);
      await others({ locale: "C" }, [{ name: SWEDISH, locale: "sv" }]);
      assert.deepEqual(await root("SELECT datcollate, datctype FROM pg_database WHERE datname = current_database()", BYTES), [{ datcollate: "C", datctype: "C" }]);
      const sorted = "SELECT string_agg(name, '' ORDER BY name) AS names FROM unnest(ARRAY['ö', 'z', 'a', 'B']) AS name";
      assert.deepEqual([await root(sorted, BYTES), await root(sorted, SWEDISH)], [[{ names: "Bazö" }], [{ names: "aBzö" }]]);
      await assert.rejects(others({ locale: "de" }), /database pgha_bytes was made with UTF8, C by builtin, declared is UTF8, de by icu: neither can be changed[^]*Nothing was changed/);
      await assert.rejects(up({ encoding: "LATIN1", locale: "C" }), /database pgha_given was made with UTF8, C\.UTF-8 by builtin, declared is LATIN1, C by builtin/);
      await others({});
    });
  });
}
