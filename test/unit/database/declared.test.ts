import assert from "node:assert/strict";
import fc from "fast-check";
import { planCluster } from "../../../infra/cluster/plan";
import { parseConfig } from "../../../infra/config";
import { declare } from "../../../infra/database/declared/declare";
import { inOrder } from "../../../infra/database/declared/item";
import { splitStatements } from "../../../infra/database/statements";
import { declareStack, isSecret, MACHINE } from "../support/monitor";

const files = { "database/R__pooler_authentication.sql": "-- authentication", "database/0004_maintenance.sql": "-- tables", "database/R__maintenance.sql": "-- functions" };
const declaring = (raw: object) => declare(planCluster(parseConfig(raw, "test", MACHINE)), files);
const sqlOf = (items: Record<string, { sql: string }>) => Object.fromEntries(Object.entries(items).map(([key, { sql }]) => [key, sql]));

describe("what is declared, as SQL", () => {
  it("is nothing where nothing is declared", () => {
    assert.deepEqual(declaring({}), { cluster: {}, databases: [{ name: "app", items: {}, subscriptions: [], slots: [] }] });
  });

  it("makes a role with its attributes, memberships and settings", () => {
    const role = { name: "reporting", memberOf: ["app_readonly"], connectionLimit: 5, validUntil: "2027-12-31", settings: { statement_timeout: "30s", search_path: "app, public" } };
    assert.deepEqual(sqlOf(declaring({ roles: [role] }).cluster), {
      "role reporting": `DO $$ BEGIN CREATE ROLE "reporting"; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE "reporting" LOGIN NOREPLICATION CONNECTION LIMIT 5 VALID UNTIL '2027-12-31 00:00:00+00' NOSUPERUSER INHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS;`,
      "membership of reporting in app_readonly": `GRANT "app_readonly" TO "reporting";`,
      "setting statement_timeout of reporting": `ALTER ROLE "reporting" SET "statement_timeout" = '30s';`,
      "setting search_path of reporting": `ALTER ROLE "reporting" SET "search_path" = 'app', 'public';`,
      "connection of reporting to app": `GRANT CONNECT ON DATABASE "app" TO "reporting";`,
    });
  });

  it("grants, and knows how to take each grant back", () => {
    const grants = [
      { role: "app", privileges: ["select", "insert"], on: "all tables in schema reports" },
      { role: "public", privileges: ["execute"], on: "function app.f(integer, text)" },
      { role: "monitoring", privileges: ["all"], on: "table app.accounts" },
      { role: "app", privileges: ["create"], on: "database" },
    ];
    const { items } = declaring({ databases: [{ name: "app", grants }] }).databases[0];
    assert.deepEqual(Object.values(items), [
      { sql: `GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA "reports" TO "app";`, undo: `REVOKE SELECT, INSERT ON ALL TABLES IN SCHEMA "reports" FROM "app";` },
      { sql: `GRANT EXECUTE ON FUNCTION "app"."f"(integer, text) TO PUBLIC;`, undo: `REVOKE EXECUTE ON FUNCTION "app"."f"(integer, text) FROM PUBLIC;` },
      { sql: `GRANT ALL ON TABLE "app"."accounts" TO "monitoring";`, undo: `REVOKE ALL ON TABLE "app"."accounts" FROM "monitoring";` },
      { sql: `GRANT CREATE ON DATABASE "app" TO "app";`, undo: `REVOKE CREATE ON DATABASE "app" FROM "app";` },
    ]);
  });

  it("gives a further database an owner, its pools' authentication and, where it has partitions, a clock", () => {
    const tables = [{ name: "shop.visits", storage: { fillfactor: 90 }, partition: { key: "at", interval: "week", premake: 6, retention: "12 months" } }];
    const { cluster, databases: [app, shop] } = declaring({ databases: [{ name: "shop", tables }] });
    assert.deepEqual(Object.keys(cluster), ["role shop_owner", "database shop"]);
    assert.deepEqual(Object.keys(app.items), ["schedule of maintenance in shop"]);
    assert.deepEqual(Object.keys(shop.items), ["authentication of poolers", "maintenance of partitions", "partitions of shop.visits", "storage parameter fillfactor of shop.visits"]);
    assert.equal(shop.items["partitions of shop.visits"].sql,
      `SELECT pgha.partition_by_time('"shop"."visits"', 'at', 'week', premake => 6, retention => '12 months', storage => '{"fillfactor":90}');`);
  });

  it("publishes rows and columns", () => {
    const publication = { name: "pub", operations: ["insert"], viaRoot: true, tables: [{ name: "app.accounts", columns: ["id", "name"], where: "balance > 0" }] };
    const { items } = declaring({ databases: [{ name: "app", publications: [publication] }] }).databases[0];
    assert.equal(items["publication pub"].sql.split("\n").slice(1).join("\n"), `ALTER PUBLICATION "pub" SET TABLE "app"."accounts" ("id", "name") WHERE (balance > 0);
ALTER PUBLICATION "pub" SET (publish = 'insert', publish_via_partition_root = true);`);
  });

  it("holds no password: a subscription's comes apart", () => {
    const subscription = { name: "orders_in", host: "db.example.com", database: "app", user: "subscriber", publications: ["pub_orders"], authority: "-----BEGIN CERTIFICATE-----\nx" };
    const [plan] = declaring({ databases: [{ name: "app", subscriptions: [subscription] }] }).databases[0].subscriptions;
    assert.deepEqual(plan, {
      name: "orders_in", publications: ["pub_orders"], slot: "orders_in", copyData: true, enabled: true,
      connection: "host=db.example.com port=5432 dbname=app user=subscriber sslmode=verify-full sslrootcert=/etc/pgha/publishers/orders_in.crt application_name=orders_in",
    });
  });

  it("cannot be broken out of: whatever names are allowed stay names, each item its own statements", () => {
    const name = fc.constantFrom("user", "order", "select", "a", "z_9", "table").chain((stem) => fc.nat(99).map((n) => `${stem}_${n}`));
    fc.assert(fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), fc.string({ minLength: 1 }), (names, value) => {
      const roles = names.map((each) => ({ name: each, settings: { log_line_prefix: value, search_path: value } }));
      for (const { sql } of Object.values(declaring({ roles }).cluster)) {
        const statements = splitStatements("x", sql, {});
        assert.ok(statements.length <= 2 && statements.every((each) => /^(DO|ALTER ROLE|GRANT) /.test(each.sql)), sql);
      }
    }));
  });

  it("is applied in an order that works, however the engine sorts the keys", () => {
    const raw = {
      roles: [{ name: "a", memberOf: ["z"], settings: { work_mem: "8MB" }, database: "shop" }, { name: "z" }],
      databases: [{ name: "shop", schemas: [{ name: "s" }], grants: [{ role: "a", privileges: ["usage"], on: "schema s" }], publications: [{ name: "p", schemas: ["s"] }], tables: [{ name: "s.t", partition: { key: "at", interval: "day" } }] }],
    };
    const { cluster, databases } = declaring(raw);
    for (const items of [cluster, ...databases.map((each) => each.items)]) {
      const sorted = Object.fromEntries(Object.entries(items).sort(([a], [b]) => (a < b ? -1 : 1)));
      const kinds = (list: [string, unknown][]) => list.map(([key]) => key.split(" ")[0]);
      assert.deepEqual(kinds(inOrder(sorted)), kinds(Object.entries(items)));
    }
  });

  it("reaches the pools and Patroni: each database has its pair, and no more connections than there are", () => {
    const spec = planCluster(parseConfig({ databases: [{ name: "shop" }, { name: "crm" }] }, "test", MACHINE));
    assert.deepEqual(spec.databases.map(({ name, owner }) => [name, owner]), [["app", "app_owner"], ["shop", "shop_owner"], ["crm", "crm_owner"]]);
    const { poolSize, reservePoolSize } = spec.pool;
    assert.ok(spec.poolers.length * 2 * 3 * (poolSize + reservePoolSize) <= Number(spec.settings.max_connections) - 20);
  });
});

describe("a stack with declared roles", () => {
  it("makes their passwords, hands them over as secrets, and gives URLs", async () => {
    const { resources, outputs } = await declareStack({ roles: [{ name: "reporting", database: "shop" }, { name: "readers", login: false }], databases: [{ name: "shop" }] });
    const schema = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:Schema")!;
    assert.ok(isSecret(schema.inputs.passwords));
    assert.equal(schema.inputs.passwords.value.reporting, "PLAIN-pgha-test-role-reporting-password");
    assert.deepEqual(Object.keys(outputs.roleUrls), ["reporting"]);
    const [write, read] = await Promise.all(["write", "read"].map((way) => new Promise<string>((resolve) => outputs.roleUrls.reporting[way].apply(resolve))));
    assert.match(write, /^postgresql:\/\/reporting:PLAIN-pgha-test-role-reporting-password@localhost:6432,localhost:6442\/shop\?/);
    assert.match(read, /\/shop_ro\?/);
  });
});
