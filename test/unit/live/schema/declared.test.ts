import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePostgresUrl } from "../../../../clients/node/pgha";
import { planCluster } from "../../../../infra/plan";
import { parseConfig } from "../../../../infra/config";
import { beforeOf, statementOf } from "../../../../infra/live/schema/declared/before";
import { declare } from "../../../../infra/live/schema/declared/declare";
import { inOrder } from "../../../../infra/live/schema/declared/item";
import { splitStatements } from "../../../../infra/live/schema/statements";
import { declareStack, isSecret, MACHINE } from "../../support/monitor";

const files = { "database/R__pooler_authentication.sql": "-- authentication", "database/0004_maintenance.sql": "-- tables", "database/R__by_time.sql": "-- functions", "database/R__maintenance.sql": "-- jobs" };
const declaring = (raw: object) => declare(planCluster(parseConfig(raw, "test", MACHINE)), files);
const sqlOf = (items: Record<string, { sql: string }>) => Object.fromEntries(Object.entries(items).map(([key, { sql }]) => [key, sql]));

describe("what is declared, as SQL", () => {
  it("is nothing where nothing is declared", () => {
    assert.deepEqual(declaring({ databases: [{ name: "app", roles: "none" }] }), { cluster: {}, databases: [{ name: "app", items: {}, subscriptions: [], slots: [] }] });
  });

  it("makes a role with its attributes, memberships and settings", () => {
    const role = { name: "reporting", memberOf: ["app_readonly"], connectionLimit: 5, validUntil: "2027-12-31", settings: { statement_timeout: "30s", search_path: "app, public" } };
    assert.deepEqual(sqlOf(declaring({ roles: [role], databases: [{ name: "app", roles: "none" }] }).cluster), {
      "role reporting": `DO $$ BEGIN CREATE ROLE "reporting"; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE "reporting" LOGIN NOREPLICATION CONNECTION LIMIT 5 VALID UNTIL '2027-12-31 00:00:00+00' NOSUPERUSER INHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS;`,
      "membership of reporting in app_readonly": `GRANT "app_readonly" TO "reporting";`,
      "setting statement_timeout of reporting": `ALTER ROLE "reporting" SET "statement_timeout" = '30s';`,
      "setting search_path of reporting": `ALTER ROLE "reporting" SET "search_path" = 'app', 'public';`,
      "connection of reporting to app": `GRANT CONNECT ON DATABASE "app" TO "reporting";`,
    });
  });

  it("reads a role's list of schemas as postgresql.conf does", () => {
    const path = (search_path: string) => declaring({ roles: [{ name: "a", settings: { search_path } }] }).cluster["setting search_path of a"].sql.match(/ = (.*);/)![1];
    assert.deepEqual(['"$user", public', 'Shop,"My, ""Schema"', ""].map(path), ["'$user', 'public'", `'shop', 'My, "Schema'`, "''"]);
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
    const { cluster, databases: [app, shop] } = declaring({ databases: [{ name: "app", roles: "none" }, { name: "shop", roles: "none", tables }] });
    assert.deepEqual(Object.keys(cluster), ["role shop_owner", "database shop"]);
    assert.deepEqual(Object.keys(app.items), ["schedule of maintenance in shop"]);
    assert.deepEqual(Object.keys(shop.items), ["authentication of poolers", "maintenance of partitions", "partitions of shop.visits", "storage parameter fillfactor of shop.visits"]);
    assert.equal(shop.items["partitions of shop.visits"].sql,
      `SELECT pgha.partition_by_time('"shop"."visits"', 'at', 'week', premake => 6, retention => '12 months', storage => '{"fillfactor":90}');`);
  });

  it("makes a role that changes the schema as the owner, in the application database and in further ones", () => {
    const sql = sqlOf(declaring({ databases: [{ name: "shop" }] }).cluster);
    for (const database of ["app", "shop"]) {
      assert.match(sql[`role ${database}_migrator`], / LOGIN NOREPLICATION .* NOSUPERUSER INHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS;$/);
      assert.equal(sql[`membership of ${database}_migrator in ${database}_owner`], `GRANT "${database}_owner" TO "${database}_migrator";`);
      assert.equal(sql[`setting role of ${database}_migrator`], `ALTER ROLE "${database}_migrator" SET "role" = '${database}_owner';`);
      assert.equal(sql[`setting search_path of ${database}_migrator`], `ALTER ROLE "${database}_migrator" SET "search_path" = '${database}', 'public';`);
      assert.ok(sql[`connection of ${database}_migrator to ${database}`]);
    }
  });

  it("gives a further database a role that reads and writes and one that reads, with rights on what its owner makes", () => {
    const { cluster, databases: [, shop] } = declaring({ databases: [{ name: "shop", schemas: [{ name: "s" }] }] });
    assert.ok(cluster["role shop"] && cluster["role shop_readonly"]);
    const sql = Object.values(sqlOf(shop.items));
    for (const line of [
      `GRANT USAGE ON SCHEMA "s" TO "shop";`, `GRANT USAGE ON SCHEMA "s" TO "shop_readonly";`, `GRANT TEMPORARY ON DATABASE "shop" TO "shop";`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "shop";`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT USAGE, SELECT ON SEQUENCES TO "shop";`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT SELECT ON TABLES TO "shop_readonly";`,
    ]) assert.ok(sql.includes(line), line);
    assert.ok(!sql.some((line) => /"app/.test(line)));
  });

  it("makes no standard role under a declared one's name, and none for a database with an owner of its own", () => {
    const names = (raw: object) => planCluster(parseConfig(raw, "test", MACHINE)).roles.map(({ name, made }) => (made ? `made ${name}` : name));
    assert.deepEqual(names({ roles: [{ name: "shop", database: "shop" }], databases: [{ name: "shop", owner: "shop" }] }), ["shop", "made app_migrator"]);
    assert.deepEqual(names({ roles: [{ name: "shop" }, { name: "app_migrator" }], databases: [{ name: "shop" }] }), ["shop", "app_migrator", "made shop_readonly", "made shop_migrator"]);
    const { items } = declaring({ roles: [{ name: "shop" }], databases: [{ name: "shop" }] }).databases[1];
    assert.ok(!Object.values(items).some(({ sql }) => sql.includes(`TO "shop";`)), "a declared role gets what is declared for it");
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

const valueOf = (output: any) => new Promise<string>((resolve) => output.apply(resolve));

describe("a stack with declared roles", () => {
  it("makes their passwords, hands them over as secrets, and gives URLs", async () => {
    const { resources, outputs } = await declareStack({ roles: [{ name: "reporting", database: "shop" }, { name: "readers", login: false }], databases: [{ name: "shop" }] });
    const schema = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:Schema")!;
    assert.ok(isSecret(schema.inputs.passwords));
    assert.equal(schema.inputs.passwords.value.reporting, "PLAIN-pgha-test-role-reporting-password");
    assert.deepEqual(Object.keys(outputs.roleUrls).sort(), ["app_migrator", "reporting", "shop", "shop_migrator", "shop_readonly"]);
    const { write, read, directWrite, directRead } = outputs.roleUrls.reporting;
    const login = "^postgresql://reporting:PLAIN-pgha-test-role-reporting-password@";
    assert.match(await valueOf(write), new RegExp(`${login}localhost:6432,localhost:6442/shop\\?`));
    assert.match(await valueOf(read), /\/shop_ro\?/);
    assert.match(await valueOf(directWrite), new RegExp(`${login}localhost:5432,localhost:5442/shop\\?`));
    assert.match(await valueOf(directRead), new RegExp(`${login}localhost:5433,localhost:5443/shop\\?`));
    assert.match(await valueOf(outputs.migrateUrl), /^postgresql:\/\/app_migrator:[^@]*@localhost:5432\/app\?/, "one host");
  });

  it("has every role that uses the poolers in their user list, a secret, so that it can log in without a primary", async () => {
    const roles = [{ name: "reporting" }, { name: "readers", login: false }, { name: "subscriber", replication: true }];
    const { resources } = await declareStack({ roles, databases: [{ name: "shop" }] });
    for (const { inputs } of resources.filter(({ name, type }) => /pgbouncer-\d$/.test(name) && type.endsWith(":Container"))) {
      const list: string = inputs.envs.filter(isSecret).map(({ value }: { value: string }) => value).find((each: string) => each.startsWith("SECRET_USERLIST="));
      assert.deepEqual(list.match(/^"\w+"|(?<==)"\w+"/gm)!.map((name) => name.slice(1, -1)),
        ["pgbouncer", "pooler_admin", "monitoring", "app", "app_readonly", "reporting", "app_migrator", "shop", "shop_readonly", "shop_migrator"]);
      assert.ok(list.includes(`"reporting" "PLAIN-pgha-test-role-reporting-password"`));
    }
  });

  it("has clients wait for longer than any outage that ends by itself, but not for a silent host", async () => {
    const { outputs } = await declareStack({});
    const { parameters } = parsePostgresUrl(await valueOf(outputs.writeUrl));
    const worst = Math.max(...outputs.budget.failures.map(({ worst }: { worst: number | null }) => worst ?? 0));
    assert.ok(worst > 5 && Number(parameters.get("connect_timeout")) > worst, `${parameters}, worst ${worst} s`);
    assert.equal(parameters.get("tcp_user_timeout"), "5000");
  });
});

describe("what was given before it was declared", () => {
  it("is given again as values alone, whatever text a role has stored as its own list", () => {
    const stored = "x; ALTER ROLE mallory SUPERUSER; COMMIT";
    assert.equal(statementOf({ sql: 'ALTER ROLE "app" SET "search_path" = ', list: "search_path", value: stored }), `ALTER ROLE "app" SET "search_path" = 'x; alter role mallory superuser; commit'`);
    assert.equal(statementOf({ sql: 'ALTER ROLE "app" SET "search_path" = ', list: "search_path", value: `"$user", o'brien` }), `ALTER ROLE "app" SET "search_path" = '$user', 'o''brien'`);
    assert.equal(statementOf({ sql: 'ALTER ROLE "app" SET "search_path" = ', list: "search_path", value: "" }), `ALTER ROLE "app" SET "search_path" = ''`);
    assert.equal(statementOf({ sql: "GRANT SELECT ON TABLE app.t TO app" }), "GRANT SELECT ON TABLE app.t TO app");
  });

  it("of a list is asked for as a value beside the statement, never as a part of it", () => {
    const [query] = beforeOf("setting search_path of app", "app");
    assert.match(query, /AS sql, 'search_path' AS list, substr\(config, strpos\(config, '='\) \+ 1\) AS value/);
    assert.match(beforeOf("setting work_mem of app", "app")[0], /\|\| quote_literal\(/);
  });
});
