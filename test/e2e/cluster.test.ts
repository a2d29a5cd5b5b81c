import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as https from "node:https";
import * as path from "node:path";
import { Client } from "pg";
import { badConfigurations } from "../unit/support/badConfigurations";
import { Site } from "../../bench/logs/site";
import { describeApplications } from "./support/applications";
import { describeClients } from "./support/clients";
import { describeBackup } from "./support/backup";
import { Consumer } from "./support/consumer";
import { describeMigrations } from "./support/migrations";
import { describeLogs } from "./support/logs";
import { describeSchema } from "./support/database";
import { describeDeclarations } from "./support/declarations";
import { describeDeclared } from "./support/declared";
import { describeDrift } from "./support/drift";
import { describeDoctor, withBareServer } from "./support/doctor";
import { proveChecks } from "./support/doctor/prove";
import { describeExamples } from "./support/examples";
import { describeHeld } from "./support/held";
import { describeHostile } from "./support/hostile";
import { BASE_IMAGE } from "../../tools/engine";
import { eventually, Outputs, Project, query, takeApart } from "./support/project";

const CLUSTER = "pgha-e2e";
const CONFIGURATION = {
  name: CLUSTER,
  ports: { offset: 22000 },
  postgres: { memory: "768MiB", tags: { "postgres-3": { clonefrom: true } } },
  logs: { enabled: true },
  backup: { enabled: true },
  slots: [{ name: "archive", type: "physical" }, { name: "warehouse", type: "logical" }],
  examples: ["orders"],
  databases: [{ name: "shop", schemas: [{ name: "reports" }] }],
  roles: [{ name: "reporting", database: "shop", settings: { statement_timeout: "7s" } }, { name: "app_jobs" }],
};
/** The place of a consumer that has lost its own. */
const ANOTHER_SLOT = [CONFIGURATION.slots[0], { name: "warehouse_2", type: "logical" }];
/** What `up` rolls through the servers, and keeps from then on. */
const LARGER = { memory: "800MiB", parameters: { max_locks_per_transaction: 96 } };
const services = ["backup-1", "etcd-1", "etcd-2", "etcd-3", "haproxy-1", "haproxy-2", "pgbouncer-1", "pgbouncer-2", "postgres-1", "postgres-2", "postgres-3"];
const hosts = services.map((service) => `${CLUSTER}-${service}`);

describe("a cluster, by the commands of the README", () => {
  let project: Project;
  let outputs: Outputs;
  const ask = (url: keyof Outputs, sql: string) => query(outputs[url] as string, outputs.caCertificate, sql);
  const superuser = (sql: string) => query(superuserUrl(), outputs.caCertificate, sql);
  const inApplication = (sql: string) => query(superuserUrl().replace(/\/postgres\?|\/app\?/, "/app?"), outputs.caCertificate, sql);
  let superuserUrl = () => "";
  let consumer: Consumer | undefined;
  const standbysStream = () => eventually(90, async () => {
    const members = JSON.parse(await get(`${outputs.patroniUrls[0]}/cluster`, outputs.caCertificate)).members;
    assert.equal(members.filter(({ state }: any) => state === "streaming").length, 2);
  });

  /** Both standbys have the consumer's slot, each for good: one that takes over then has it. From the first time on somebody reads it. */
  const slotIsCopied = () => eventually(90, async () => {
    consumer ??= new Consumer("warehouse", inApplication);
    // Postgres notes what a copy needs every 15 s by itself
    await superuser("SELECT pg_log_standby_snapshot()");
    const copies = await Promise.all([1, 2, 3].map((n) => project.exec(`${CLUSTER}-postgres-${n}`, "psql", "-h", "/run/postgresql", "-U", "postgres", "-Atc",
      "SELECT 1 FROM pg_replication_slots WHERE slot_name = 'warehouse' AND synced AND NOT temporary AND pg_is_in_recovery()")));
    assert.equal(copies.filter(({ text }) => text.trim() === "1").length, 2);
  });

  before(async () => {
    project = await Project.create();
    project.configure("e2e", CONFIGURATION);
  });

  after(async () => {
    await consumer?.stop();
    await project.run("down", "--stack", "second", "--data", "--yes");
    await project.run("down", "--stack", "e2e", "--data", "--yes");
    await project.dispose();
  });

  describe("a configuration that cannot work", () => {
    for (const title of ["an unknown key", "a version that is not supported", "strict without a spare standby", "fsync off"])
      it(`is one clear error at preview and nothing is touched: ${title}`, async () => {
        const { raw, key, says } = badConfigurations.find((bad) => bad.title === title)!;
        project.configure("bad", { name: "pgha-e2e-bad", ...(raw as object) });
        await project.run("pulumi", "stack", "init", "bad", "--no-select");
        const { code, text } = await project.run("pulumi", "up", "--yes", "--stack", "bad");
        assert.notEqual(code, 0);
        assert.match(text, says);
        assert.ok(text.includes(`pgha:cluster.${key}`), text);
        assert.doesNotMatch(text, /at .*\.ts:\d+/, "a stack trace");
        assert.deepEqual(await project.remains("pgha-e2e-bad"), { containers: [], volumes: [], networks: [] });
      });
  });

  it("comes up from nothing, and says how to connect without showing a password", async () => {
    const { stdout } = await project.must("up", "--stack", "e2e");
    outputs = await project.outputs("e2e");
    const state = JSON.parse((await project.must("pulumi", "stack", "export", "--show-secrets", "--stack", "e2e")).stdout);
    const resource = state.deployment.resources.find(({ urn }: any) => urn.endsWith(`${CLUSTER}-postgres-password`));
    superuserUrl = () => outputs.haproxyWriteUrl.replace(/\/\/[^@]+@/, `//postgres:${JSON.parse(resource.outputs.result.plaintext ?? `"${resource.outputs.result}"`)}@`);
    assert.match(stdout, /writeUrl|write, pooled/);
    for (const url of ["writeUrl", "readUrl"] as const) assert.ok(!stdout.includes(takeApart(outputs[url]).password));
    assert.deepEqual((await project.remains(CLUSTER)).containers, hosts);
  });

  it("is reached all four ways: writes on the primary only, reads on standbys only", async () => {
    for (const url of ["writeUrl", "haproxyWriteUrl"] as const)
      for (let n = 0; n < 4; n++) assert.deepEqual(await ask(url, "SELECT pg_is_in_recovery() AS standby"), [{ standby: false }]);
    for (const url of ["readUrl", "haproxyReadUrl"] as const) {
      const seen = new Set<string>();
      for (let n = 0; n < 8; n++) {
        const [{ standby, address }] = await ask(url, "SELECT pg_is_in_recovery() AS standby, inet_server_addr()::text AS address");
        assert.equal(standby, true);
        seen.add(address);
      }
      if (url === "haproxyReadUrl") assert.equal(seen.size, 2, "both standbys serve reads");
    }
    await assert.rejects(ask("readUrl", "INSERT INTO app.accounts DEFAULT VALUES"), /permission denied|read-only/);
  });

  it("knows the time zones that clients still send under their old names", async () => {
    for (const zone of ["Asia/Calcutta", "Europe/Kiev", "US/Eastern"]) assert.equal((await ask("writeUrl", `SELECT now() AT TIME ZONE '${zone}' AS there`)).length, 1);
  });

  it("has prepared statements work through the poolers", async () => {
    const { hosts: [[host, port]], user, password, database } = takeApart(outputs.writeUrl);
    const client = new Client({ host, port: Number(port), user, password, database, ssl: { ca: outputs.caCertificate } });
    await client.connect();
    try {
      for (let n = 1; n <= 5; n++) {
        const { rows } = await client.query({ name: "sum", text: "SELECT $1::int + 1 AS next", values: [n] });
        assert.equal(rows[0].next, n + 1);
      }
    } finally {
      await client.end();
    }
  });

  it("has no client meet a plan from before a migration, on any of the poolers' connections", async () => {
    const { hosts: [[host, port]], user, password, database } = takeApart(outputs.writeUrl);
    const clients = Array.from({ length: 10 }, () => new Client({ host, port: Number(port), user, password, database, ssl: { ca: outputs.caCertificate } }));
    await Promise.all(clients.map((client) => client.connect()));
    // All at once and for a moment each, so that each has a connection of the pooler to itself
    const columns = () => Promise.all(clients.map(async (client) => {
      await client.query("BEGIN");
      const { fields } = await client.query({ name: "all", text: "SELECT * FROM app.accounts LIMIT 1" });
      await client.query("SELECT pg_sleep(0.5)");
      await client.query("COMMIT");
      return fields.map(({ name }) => name).join();
    }));
    try {
      const [before] = await columns();
      project.addMigration("database/0005_remark.sql", "ALTER TABLE app.accounts ADD COLUMN remark text;\n");
      await project.must("up", "--stack", "e2e");
      assert.deepEqual(new Set(await columns()), new Set([`${before},remark`]));
    } finally {
      for (const client of clients) await client.end();
    }
  });

  it("shows no change on the second `up` and on a refresh", async () => {
    const again = await project.must("up", "--stack", "e2e");
    assert.match(again.text, /unchanged/);
    assert.doesNotMatch(again.text, /\d+ (created|updated|replaced|deleted)|changes\./);
    const refresh = await project.must("pulumi", "refresh", "--yes", "--stack", "e2e");
    assert.doesNotMatch(refresh.text, /\d+ (updated|deleted|replaced)/);
  });

  it("has a change planned: which settings restart Postgres, in which order, and what stays", async () => {
    const same = JSON.parse((await project.must("pgha", "plan", "--stack", "e2e", "--json")).stdout);
    assert.deepEqual([same.new, same.resources, same.files, same.settings], [false, [], [], []]);
    const changed = { ...CONFIGURATION, postgres: { ...CONFIGURATION.postgres, parameters: { max_connections: 56, work_mem: "3MB" } } };
    const planned = await project.whileConfigured("e2e", changed, () => project.must("pgha", "plan", "--stack", "e2e", "--json"));
    const { settings, servers } = JSON.parse(planned.stdout);
    assert.deepEqual(Object.fromEntries(settings.map(({ setting, change }: any) => [setting, change.replace(/^.*: /, "")])), {
      max_connections: "restart, primary first",
      work_mem: "reload",
    });
    assert.deepEqual(servers.map(({ role, operation }: any) => `${operation} ${role}`), ["replace pgbouncer"]);
  });

  it("has its state shown by `pgha status`", async () => {
    const { stdout } = await project.must("pgha", "status", "--stack", "e2e", "--json");
    const status = JSON.parse(stdout);
    assert.equal(status.members.length, 3);
    assert.deepEqual(status.maintenance.tables.map(({ name }: any) => name), ["app.app_logs", "app.events"]);
    assert.equal(status.members.filter(({ role }: any) => role === "primary").length, 1);
    const { stdout: table } = await project.must("pgha", "status", "--stack", "e2e");
    assert.match(table, /healthy/);
    assert.ok(!table.includes(takeApart(outputs.writeUrl).password));
  });

  describeDoctor(() => project, { cluster: CLUSTER, stack: "e2e", superuser, application: inApplication });

  describe("every rendered file, judged by its own program", () => {
    it("quick-patroni --validate-config", async () => {
      const { code, text } = await project.exec(`${CLUSTER}-postgres-1`, "quick-patroni", "--validate-config", "--ignore-listen-port", "/etc/pgha/patroni");
      assert.equal(code, 0, text);
    });
    it("Patroni has the tags, and only where they were asked for", async () => {
      const { members } = JSON.parse(await get(`${outputs.patroniUrls[0]}/cluster`, outputs.caCertificate));
      assert.deepEqual(members.filter(({ tags }: any) => tags).map(({ name, tags }: any) => ({ name, tags })), [{ name: "postgres-3", tags: { clonefrom: true } }]);
    });
    it("the installed Patroni has every wait that quick-patroni shortens, and is run by it", async () => {
      const script = fs.readFileSync(path.join(__dirname, "support/patroni_waits.py"), "utf8");
      const { code, text } = await project.exec(`${CLUSTER}-postgres-1`, "python3", "-c", script);
      assert.equal(code, 0, text);
      const { text: processes } = await project.exec(`${CLUSTER}-postgres-1`, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
      assert.match(processes, /quick-patroni \/etc\/pgha\/patroni/);
    });
    it("haproxy -c", async () => {
      const { code, text } = await project.exec(`${CLUSTER}-haproxy-1`, "haproxy", "-c", "-dW", "-f", "/etc/pgha/haproxy.cfg");
      assert.equal(code, 0, text);
    });
    it("pgbouncer and etcd run on theirs without a complaint", async () => {
      for (const service of ["pgbouncer-1", "etcd-1"]) {
        const log = (await project.docker.getContainer(`${CLUSTER}-${service}`).logs({ stdout: true, stderr: true })).toString();
        assert.doesNotMatch(log, /unknown parameter|invalid value|unrecognized|yaml:/i);
      }
    });
    it("Postgres has every planned setting in force, and none waits for a restart", async () => {
      const rows = await superuser("SELECT name, setting, pending_restart FROM pg_settings WHERE name IN ('shared_buffers', 'wal_level', 'data_checksums', 'ssl', 'password_encryption', 'commit_siblings') OR pending_restart");
      const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
      assert.deepEqual(settings, { shared_buffers: String((192 * 2 ** 20) / 8192), wal_level: "logical", data_checksums: "on", ssl: "on", password_encryption: "scram-sha-256", commit_siblings: "20" });
    });
  });

  describe("declared slots", () => {
    it("exist: the physical one through Patroni, the logical one with failover", async () => {
      const slots = await superuser("SELECT slot_name, slot_type, failover FROM pg_replication_slots WHERE slot_name IN ('archive', 'warehouse') ORDER BY 1");
      assert.deepEqual(slots, [{ slot_name: "archive", slot_type: "physical", failover: false }, { slot_name: "warehouse", slot_type: "logical", failover: true }]);
    });

    it("that are lost are not made anew in silence: `up` names them, until they are declared anew", async () => {
      await superuser("SELECT pg_drop_replication_slot('warehouse')");
      const { code, text } = await project.run("pulumi", "up", "--refresh", "--yes", "--skip-preview", "--stack", "e2e");
      assert.notEqual(code, 0);
      assert.match(text, /"warehouse" of database app was made before and is gone: whoever reads it has missed changes/);
      for (const slots of [ANOTHER_SLOT, CONFIGURATION.slots]) {
        await project.whileConfigured("e2e", { ...CONFIGURATION, slots }, () => project.must("up", "--stack", "e2e"));
        const rows = await superuser("SELECT slot_name AS name, slot_type AS type FROM pg_replication_slots WHERE slot_name ~ '^(archive|warehouse)' ORDER BY 1");
        assert.deepEqual(rows, slots);
      }
    });

    it("that somebody else has made stay, also when Patroni looks at all of them again", async () => {
      await inApplication("SELECT pg_create_logical_replication_slot('debezium', 'pgoutput')");
      await project.must("pgha", "restart", await primaryName(), "--yes", "--stack", "e2e");
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assert.deepEqual(await superuser("SELECT pg_drop_replication_slot(slot_name) IS NOT NULL AS there FROM pg_replication_slots WHERE slot_name = 'debezium'"), [{ there: true }]);
    });

    it("a member is copied anew by command, and maintenance mode is turned on and off", async () => {
      const primary = await primaryName();
      await project.must("pgha", "pause", "--stack", "e2e");
      const paused = await project.run("pgha", "status", "--stack", "e2e");
      assert.deepEqual([paused.code, /MAINTENANCE MODE/.test(paused.stdout)], [3, true]);
      await project.must("pgha", "resume", "--stack", "e2e");
      await project.must("pgha", "reinit", primary === "postgres-3" ? "postgres-2" : "postgres-3", "--yes", "--stack", "e2e");
      const { code } = await project.run("pgha", "reinit", primary, "--yes", "--stack", "e2e");
      assert.equal(code, 3);
      await standbysStream();
    });
  });

  it("serves a further database through the poolers, to a role that was declared", async () => {
    for (const [way, standby] of [["write", false], ["read", true]] as const)
      assert.deepEqual(await query(outputs.roleUrls.reporting[way], outputs.caCertificate, "SELECT current_database() AS name, pg_is_in_recovery() AS standby, current_setting('statement_timeout') AS timeout"),
        [{ name: "shop", standby, timeout: "7s" }]);
  });

  it("has a role for migrations in each database: what it makes is the owner's, and the others' to use", async () => {
    const { shop, shop_readonly, shop_migrator } = outputs.roleUrls;
    const ways = [
      ["app", outputs.migrateUrl, outputs.writeUrl, outputs.haproxyWriteUrl, outputs.readUrl],
      ["shop", shop_migrator.directWrite, shop.write, shop.directWrite, shop_readonly.read],
    ];
    for (const [database, migrate, write, direct, read] of ways) {
      const schema = database === "app" ? "app" : "public";
      const ask = (url: string, sql: string) => query(url, outputs.caCertificate, sql);
      await ask(migrate, "CREATE TABLE migrated (id serial PRIMARY KEY, note text)");
      try {
        assert.deepEqual(await ask(migrate, "SELECT tableowner, schemaname FROM pg_tables WHERE tablename = 'migrated'"),
          [{ tableowner: `${database}_owner`, schemaname: schema }]);
        await ask(write, "INSERT INTO migrated (note) VALUES ('pooled')");
        await ask(direct, "INSERT INTO migrated (note) VALUES ('direct')");
        await assert.rejects(ask(write, "ALTER TABLE migrated ADD COLUMN more int"), /must be owner/);
        await assert.rejects(ask(migrate, "SELECT pg_read_file('/etc/passwd')"), /permission denied/);
        // A standby replays the table a moment after the primary has it
        await eventually(10, async () => assert.equal((await ask(read, "SELECT FROM pg_class WHERE relname = 'migrated'")).length, 1));
        await assert.rejects(ask(read, `DELETE FROM ${schema}.migrated`), /read-only|permission denied/);
      } finally {
        await ask(migrate, "DROP TABLE migrated");
      }
    }
  });

  it("lets the role for migrations dump its database and restore it into another one", async () => {
    const filter = fs.readFileSync(path.join(__dirname, "../../clients/pg_dump.filter"), "utf8");
    const within = (url: string, database: string) =>
      url.replace(/@[^/]+/, `@${CLUSTER}-haproxy-1:5432`).replace(/\?.*$/, "?sslmode=verify-full&sslrootcert=/etc/pgha/ca.crt").replace(/\/app\?/, `/${database}?`);
    const [from, to] = [within(outputs.migrateUrl, "app"), within(outputs.roleUrls.shop_migrator.directWrite, "shop")];
    const events = "SELECT count(*)::int AS n, max(kind) AS kind FROM app.events";
    await ask("writeUrl", "INSERT INTO app.events (kind) VALUES ('dumped')");
    const script = `echo '${filter}' > /tmp/filter && pg_dump --filter=/tmp/filter --no-owner --no-acl -Fc -f /tmp/dump "${from}" && pg_restore --no-owner --no-acl --exit-on-error --single-transaction -d "${to}" /tmp/dump`;
    const { code, text } = await project.exec(`${CLUSTER}-postgres-1`, "sh", "-c", script);
    assert.equal(code, 0, text);
    try {
      assert.deepEqual(await query(outputs.roleUrls.shop.write, outputs.caCertificate, events), await ask("writeUrl", events));
    } finally {
      await query(outputs.roleUrls.shop_migrator.directWrite, outputs.caCertificate, "DROP SCHEMA app, shop CASCADE");
    }
  });

  const connection = () => ({
    hosts: takeApart(superuserUrl()).hosts.map(([host, port]) => ({ host, port: Number(port) })),
    caCertificate: outputs.caCertificate,
    password: takeApart(superuserUrl()).password,
  });
  // Before the roles of the stack are declared in other ways
  describeBackup({ project: () => project, stack: "e2e", outputs: () => outputs, superuser, slotIsCopied: async () => void (await slotIsCopied()) });
  describeSchema(connection, { slots: true });
  describeDeclared(connection, { host: `${CLUSTER}-haproxy-1`, port: 5432 });
  describeExamples(connection);
  describeDrift(connection);
  describeMigrations(connection);
  describeDeclarations(connection);
  describeApplications(connection);
  describeHostile(connection);

  describe("pgha drift", () => {
    const drift = async () => {
      const { code, stdout, stderr } = await project.run("pgha", "drift", "--stack", "e2e", "--json");
      assert.ok(code === 0 || code === 3, stderr);
      const { drift, compared } = JSON.parse(stdout);
      return { code, compared, objects: drift.map(({ where, object }: any) => `${where}: ${object}`).sort() };
    };

    it("finds none once the databases that other tests made and removed are accepted as gone", async () => {
      await project.run("pgha", "drift", "--stack", "e2e", "--accept", "--yes");
      const { code, compared, objects } = await drift();
      assert.deepEqual([code, objects], [0, []]);
      assert.equal(compared.length, 2 + 1 + 3, "two databases, Patroni's configuration, three servers");
    });

    it("names what was changed in the settings and the files of servers, and is silent after what would mend it", async () => {
      const primary = `${CLUSTER}-${await primaryName()}`;
      const patronictl = (...args: string[]) => project.exec(primary, "patronictl", "-c", "/etc/pgha/patroni", ...args);
      await superuser("ALTER SYSTEM SET work_mem = '77MB'");
      await patronictl("edit-config", "--force", "--set", "postgresql.parameters.log_min_messages=notice", "--set", "maximum_lag_on_failover=1");
      await eventually(20, async () => assert.deepEqual(await superuser("SHOW log_min_messages"), [{ log_min_messages: "notice" }]));
      // Only now: the reload that the patch brings about writes pg_hba.conf anew
      await project.exec(primary, "sh", "-c", "echo 'host all all 0.0.0.0/0 trust' >> /var/lib/pgha/data/pg_hba.conf");
      const name = primary.replace(`${CLUSTER}-`, "");
      const expected = [
        `${name}: pg_hba rule host all all 0.0.0.0 0.0.0.0 trust`, `${name}: setting work_mem by ALTER SYSTEM`,
        "cluster: Patroni's maximum_lag_on_failover", "cluster: Patroni's postgresql.parameters.log_min_messages",
      ].sort();
      const { code, objects } = await drift();
      assert.deepEqual([code, objects], [3, expected]);
      const { text } = await project.must("pulumi", "preview", "--refresh", "--diff", "--stack", "e2e");
      assert.match(text, /work_mem by ALTER SYSTEM is not declared/);
      await superuser("ALTER SYSTEM RESET work_mem");
      await patronictl("edit-config", "--force", "--set", "postgresql.parameters.log_min_messages=null");
      await project.must("up", "--stack", "e2e");
      await patronictl("reload", "--force", CLUSTER);
      await eventually(20, async () => assert.deepEqual((await drift()).objects, []));
    });

    it("tells wrong usage from a difference", async () => {
      const { code, text } = await project.run("pgha", "drift", "--stack", "e2e", "--nonsense");
      assert.equal(code, 2);
      assert.match(text, /npx pgha drift --help/);
    });
  });

  describeHeld(() => outputs);
  describeClients(() => outputs, superuser);
  describe("before the loss of the primary", () => {
    it("every standby has a copy of a logical slot that somebody reads", async () => void (await slotIsCopied()));
  });
  describeLogs(() => new Site(outputs as any, "e2e", project.root, project.environment, project.docker));
  // A suite of its own: mocha runs a suite's tests before the suites within it
  describe("after the loss of the primary", () => {
    it("both standbys stream again", async () => void (await standbysStream()));
  });

  describe("security", () => {
    const answers = (url: string, options: https.RequestOptions) =>
      new Promise<number | string>((resolve) => {
        const request = https.request(url, { ca: outputs.caCertificate, timeout: 5000, ...options }, (response) => resolve(response.resume().statusCode ?? 0));
        request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end();
      });

    it("refuses connections in plain text", async () => {
      for (const url of ["writeUrl", "haproxyWriteUrl"] as const) {
        const { hosts: [[host, port]], user, password, database } = takeApart(outputs[url]);
        const client = new Client({ host, port: Number(port), user, password, database, ssl: false });
        client.on("error", () => undefined);
        await assert.rejects(client.connect(), /SSL required|no encryption|no pg_hba/, url);
      }
    });

    it("refuses a wrong password, and a role that must not log in", async () => {
      const wrong = outputs.writeUrl.replace(/:[^:@]+@/, ":wrong@");
      await assert.rejects(query(wrong, outputs.caCertificate, "SELECT 1"), /password|SASL/);
      const superuserThroughPooler = superuserUrl().replace(/@[^/]+/, outputs.writeUrl.match(/@[^/]+/)![0]);
      await assert.rejects(query(superuserThroughPooler, outputs.caCertificate, "SELECT 1"), /SASL|password|no such user/, "the pooler must not take the superuser");
    });

    it("lets Patroni be changed by a certificate of the cluster only", async () => {
      const url = `${outputs.patroniUrls[0]}/config`;
      assert.equal(await answers(url, { method: "PATCH" }), 403);
      assert.equal(await answers(url, { method: "GET" }), 200);
      assert.equal(await answers(url, { method: "PATCH", cert: outputs.operatorCertificate, key: outputs.operatorKey }), 400, "an empty patch gets as far as its body");
    });

    it("asks for a password on the statistics page", async () => {
      const { origin, username, password } = new URL(outputs.statsUrls[0]);
      assert.equal(await answers(origin, {}), 401);
      assert.equal(await answers(`${origin}/metrics`, { auth: `${username}:${password}` }), 200);
    });

    it("guards etcd by a client certificate and a password", async () => {
      const etcdctl = (script: string) => project.exec(`${CLUSTER}-etcd-1`, "bash", "-c", script);
      const tls = "--cacert /etc/pgha/ca.crt --endpoints https://localhost:2379";
      const own = `${tls} --cert /etc/pgha/tls.crt --key /run/secrets/tls_key`;
      assert.notEqual((await etcdctl(`etcdctl ${tls} --command-timeout=3s get --prefix /pgha`)).code, 0, "without a certificate");
      assert.match((await etcdctl(`etcdctl ${own} get --prefix /pgha`)).text, /user name is empty|permission denied/);
      assert.match((await etcdctl(`etcdctl ${own} --user patroni:$(cat /run/secrets/etcd_patroni) get / --prefix --keys-only`)).text, /permission denied/);
      assert.equal((await etcdctl(`etcdctl ${own} --user patroni:$(cat /run/secrets/etcd_patroni) get --prefix /pgha/`)).code, 0);
    });

    it("runs every process without root, and keeps keys in memory", async () => {
      for (const host of hosts) {
        const { text } = await project.exec(host, "sh", "-c", "id -u; stat -f -c %T /run/secrets; ls /run/secrets; cat /proc/1/environ | tr '\\0' '\\n' | grep -c SECRET_ || true");
        const [uid, filesystem, ...rest] = text.trim().split(/\r?\n/);
        assert.notEqual(uid, "0", host);
        assert.equal(filesystem, "tmpfs", host);
        assert.equal(rest.pop(), "0", `${host} still has a SECRET_ in its environment`);
      }
    });

    it("has no password or key in plain in the state, the logs, the images or a preview", async () => {
      const exported = JSON.parse((await project.must("pulumi", "stack", "export", "--show-secrets", "--stack", "e2e")).stdout);
      const secrets = findSecrets(exported);
      assert.ok(secrets.length >= 23, `only ${secrets.length} secrets found to search for`);
      const places: Record<string, string> = { preview: (await project.must("pulumi", "preview", "--diff", "--stack", "e2e")).text };
      for (const file of walk(path.join(project.root, ".pgha"))) if (!file.endsWith("passphrase")) places[file] = fs.readFileSync(file, "latin1");
      for (const host of hosts) {
        places[`logs of ${host}`] = (await project.docker.getContainer(host).logs({ stdout: true, stderr: true })).toString("latin1");
        const { Image } = await project.docker.getContainer(host).inspect();
        const image = project.docker.getImage(Image);
        places[`image of ${host}`] = JSON.stringify([await image.inspect(), await image.history()]);
      }
      const lines = secrets.flatMap((secret) => secret.split("\n").filter((line) => line.length >= 16 && !line.startsWith("-----")));
      for (const [place, text] of Object.entries(places))
        for (const line of lines) assert.ok(!text.includes(line), `${place} holds the secret ${line.slice(0, 4)}…`);
    });
  });

  describe("a change of the configuration", () => {
    it("of a setting is a readable difference, and reaches the running servers without replacing one", async () => {
      project.configure("e2e", { ...CONFIGURATION, postgres: { ...CONFIGURATION.postgres, parameters: { work_mem: "9MB", max_locks_per_transaction: 100 } } });
      const preview = await project.must("pulumi", "preview", "--diff", "--stack", "e2e");
      assert.match(preview.text, /work_mem.*=> "9MB"/);
      assert.doesNotMatch(preview.text, /replace/);
      const before = await ids();
      await project.must("up", "--stack", "e2e");
      assert.deepEqual(await ids(), before);
      await eventually(20, async () => {
        const rows = await superuser("SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'max_locks_per_transaction') ORDER BY name DESC");
        assert.deepEqual(rows.map(({ setting }) => setting), ["9216", "100"]);
      });
      for (const url of outputs.patroniUrls)
        await eventually(20, async () => assert.doesNotMatch(await get(`${url}/patroni`, outputs.caCertificate), /pending_restart/));
    });
  });

  describe("a change that the data would not survive", () => {
    for (const [key, change, says] of [
      ["another major version", { postgres: { ...CONFIGURATION.postgres, version: 17 } }, /made with pgha:cluster\.postgres\.version 18/],
      ["another database for the same data", { database: { name: "other" } }, /made with pgha:cluster\.database\.name app/],
      ["another number of etcd members", { etcd: { members: 1 } }, /made with pgha:cluster\.etcd\.members 3/],
      ["another name", { name: `${CLUSTER}-renamed` }, /runs as|protected/],
    ] as const)
      it(`is refused, and nothing is touched: ${key}`, async () => {
        const before = [await startedAt(), await project.remains(CLUSTER)];
        const { code, text } = await project.whileConfigured("e2e", { ...CONFIGURATION, ...change }, () => project.run("up", "--stack", "e2e"));
        assert.notEqual(code, 0);
        assert.match(text, says);
        assert.deepEqual([await startedAt(), await project.remains(CLUSTER)], before);
      });
  });

  describe("npx pgha drill", () => {
    // The tests of declarations before have applied others to this database, which took it back; the next `up` declares it again
    before(() => superuser(`GRANT CONNECT ON DATABASE app TO app_jobs`));
    const drill = async (...args: string[]) => {
      const { stdout, text } = await project.run("pgha", "drill", "--stack", "e2e", "--yes", CLUSTER, "--json", ...args);
      assert.match(stdout, /^\{/, text);
      const { results } = JSON.parse(stdout);
      assert.ok(results.length > 0, text);
      for (const { verdict } of results) if (verdict.level === "failed") console.log(text);
      return results as any[];
    };
    const tell = ({ paths }: any) => paths.map(({ path, outage, errors, refused }: any) => `${path} ${outage.toFixed(1)} s, ${errors + refused} errors`).join("; ");

    it("breaks nothing without the right name", async () => {
      const before = await startedAt();
      const { code, text } = await project.run("pgha", "drill", "host-loss", "--stack", "e2e", "--yes", "other");
      assert.deepEqual([code, await startedAt()], [3, before], text);
      assert.match(text, /refused: --yes names other/);
    });

    it("loses no acknowledged row to a crash, a stop, a switchover and a lost host, and never has two primaries", async () => {
      for (const scenario of ["postgres-crash", "clean-stop", "switchover", "host-loss"]) {
        await slotIsCopied();
        const [result] = await drill(scenario);
        assert.equal(result.scenario, scenario);
        console.log(`        ${result.scenario}: ${tell(result)}`);
        const { rows, doubles, writesReturned, redundantAfter, watched } = result;
        assert.ok(rows.acknowledged > 100 && watched && redundantAfter !== undefined);
        assert.deepEqual([rows.lost, doubles, writesReturned], [[], [], true], result.scenario);
        const pooled = result.paths.find(({ path }: any) => path === "pgbouncer");
        // A primary that knows of its end lets statements end before, most of them; else 4 writers have one in flight, and as many come back a moment too early
        const allowed: Record<string, number> = { switchover: 0, "clean-stop": 2 };
        assert.ok(pooled.errors + pooled.refused <= (allowed[result.scenario] ?? 16), `${result.scenario}: ${pooled.messages}`);
      }
    });

    it("sees pauses and no error while `up` rolls a change through the servers, one at a time", async () => {
      await slotIsCopied();
      const before = await ids();
      project.configure("e2e", { ...CONFIGURATION, postgres: LARGER });
      const [result] = await drill("--during", `"${process.execPath}" "${path.join(__dirname, "../../tools/bootstrap.js")}" up --stack e2e`);
      console.log(`        up: ${tell(result)}`);
      // A standby that is replaced ends the statements of its readers: see docs/limits.md
      const reasons = result.verdict.reasons.filter((reason: string) => !/of readers through PgBouncer in a planned change$/.test(reason));
      assert.deepEqual([reasons, result.rows.lost, result.doubles], [[], [], []]);
      const changed = Object.entries(await ids()).flatMap(([name, id]) => (before[name] === id ? [] : [name.slice(1)]));
      assert.deepEqual(changed.sort(), ["postgres-1", "postgres-2", "postgres-3"].map((service) => `${CLUSTER}-${service}`));
    });
  });

  describe("when something fails", () => {
    const kill = (service: string) => project.docker.getContainer(`${CLUSTER}-${service}`).kill();
    const start = (service: string) => project.docker.getContainer(`${CLUSTER}-${service}`).start();

    before(async () => {
      await inApplication("CREATE TABLE public.survivors (id int PRIMARY KEY); INSERT INTO public.survivors VALUES (1000); GRANT ALL ON public.survivors TO app");
    });

    for (const service of ["haproxy-1", "haproxy-2", "pgbouncer-1", "pgbouncer-2"])
      it(`${service} killed: writing and reading go on`, async () => {
        await kill(service);
        try {
          await eventually(10, async () => {
            await ask("writeUrl", "UPDATE public.survivors SET id = id WHERE false");
            for (const url of ["readUrl", "haproxyWriteUrl", "haproxyReadUrl"] as const) await ask(url, "SELECT 1");
          });
        } finally {
          await start(service);
        }
      });

    it("etcd-2 killed: status names it until it is back, and writing goes on", async () => {
      const problems = async () => JSON.parse((await project.run("pgha", "status", "--stack", "e2e", "--json")).stdout).verdict.problems;
      const lost = "etcd-2 does not answer: one more, and there is no failover";
      await kill("etcd-2");
      try {
        await eventually(30, async () => assert.ok((await problems()).includes(lost)));
        await ask("writeUrl", "UPDATE public.survivors SET id = id WHERE false");
      } finally {
        await start("etcd-2");
      }
      await eventually(30, async () => assert.deepEqual(await problems(), []));
    });

    it("etcd-3 without its data: it is removed, added and joins again by itself", async () => {
      await kill("etcd-3");
      const options = { HostConfig: { Binds: [`${CLUSTER}-etcd-3-data:/lost`], AutoRemove: true } };
      const [{ StatusCode }] = await project.docker.run(BASE_IMAGE, ["sh", "-c", "rm -rf /lost/*"], process.stdout, options);
      assert.equal(StatusCode, 0);
      await start("etcd-3");
      await eventually(60, async () => {
        assert.equal((await project.exec(`${CLUSTER}-etcd-3`, "health")).code, 0);
        assert.deepEqual(JSON.parse((await project.run("pgha", "status", "--stack", "e2e", "--json")).stdout).verdict.problems, []);
      });
      await ask("writeUrl", "UPDATE public.survivors SET id = id WHERE false");
    });

    it("a keeper that hangs is replaced, and nobody who uses its pooler notices", async () => {
      const keepers = (then = "") => project.exec(`${CLUSTER}-pgbouncer-1`, "sh", "-c", `cd /proc; for p in [0-9]*; do [ "$(cat $p/comm)" = run ] && [ $p != 1 ] && echo $p ${then}; done`);
      const { text: hung } = await keepers("&& kill -STOP $p");
      assert.match(hung, /^\d+\s*$/);
      await eventually(20, async () => {
        await ask("writeUrl", "UPDATE public.survivors SET id = id WHERE false");
        const { text } = await keepers();
        assert.match(text, /^\d+\s*$/);
        assert.notEqual(text, hung);
      });
    });

    it("scheduled jobs run on the new primary, and on no other server", async () => {
      await inApplication("SELECT cron.schedule('e2e', '1 second', 'CREATE TABLE IF NOT EXISTS public.ticks AS SELECT pg_is_in_recovery() AS standby')");
      await eventually(20, async () => {
        const jobs = await inApplication("SELECT job, last_status FROM pgha.jobs() ORDER BY job");
        assert.deepEqual(jobs.map(({ job }) => job), ["e2e", "pgha-analyze", "pgha-logs", "pgha-logs-metadata", "pgha-maintenance"]);
        assert.equal(jobs[0].last_status, "succeeded");
      });
      assert.deepEqual(await inApplication("SELECT cron.unschedule('e2e') AS stopped, standby FROM public.ticks"), [{ stopped: true, standby: false }]);
      await eventually(10, async () => {
        await inApplication("DROP TABLE IF EXISTS public.ticks");
        assert.deepEqual(await inApplication("SELECT FROM cron.job_run_details WHERE status IN ('starting', 'running') AND command LIKE '%ticks%'"), []);
      });
      const { maintenance } = JSON.parse((await project.run("pgha", "status", "--stack", "e2e", "--json")).stdout);
      assert.deepEqual(maintenance.jobs.map(({ name }: any) => name), ["pgha-analyze", "pgha-logs", "pgha-logs-metadata", "pgha-maintenance"]);
      assert.ok(Date.parse(maintenance.tables[0].aheadUntil) > Date.now() + 60 * 86_400_000);
    });

    it("a failover is no drift: the table that this test made by hand is all there is", async () => {
      const { code, stdout } = await project.run("pgha", "drift", "--stack", "e2e", "--json");
      const objects = JSON.parse(stdout).drift.map(({ where, object }: any) => `${where}: ${object}`);
      assert.deepEqual([code, objects], [3, ["app: table public.survivors"]]);
    });

    it("every container restarted at once, as when Docker itself restarts: the cluster comes back by itself", async () => {
      await slotIsCopied();
      await Promise.all(hosts.map((host) => project.docker.getContainer(host).restart({ t: 10 })));
      await eventually(60, async () => {
        for (const url of ["writeUrl", "readUrl", "haproxyWriteUrl", "haproxyReadUrl"] as const) await ask(url, "SELECT 1");
      });
    });

    for (const service of ["pgbouncer-1", "haproxy-1", "etcd-1", "postgres-1"])
      it(`${service} crashed inside its container: Docker starts it again`, async () => {
        if (service === "postgres-1") await slotIsCopied();
        const container = project.docker.getContainer(`${CLUSTER}-${service}`);
        const { State, RestartCount } = await container.inspect();
        // A process cannot kill the first one of its own container, so another container does, seen from the machine
        const options = { HostConfig: { PidMode: "host", AutoRemove: true } };
        const [{ StatusCode }] = await project.docker.run(BASE_IMAGE, ["sh", "-c", `kill -9 ${State.Pid}`], process.stdout, options);
        assert.equal(StatusCode, 0);
        await eventually(60, async () => {
          const now = await container.inspect();
          assert.ok(now.State.Running && now.RestartCount > RestartCount);
          for (const url of ["writeUrl", "readUrl", "haproxyWriteUrl", "haproxyReadUrl"] as const) await ask(url, "SELECT 1");
        });
      });
  });

  describe("a second cluster beside the first", () => {
    it("with the other major version comes up, serves, and leaves without touching the first", async () => {
      project.configure("second", {
        name: "pgha-e2e-second",
        standbys: 1,
        etcd: { members: 1 },
        haproxy: { instances: 1 },
        pgbouncer: { instances: 1 },
        postgres: { version: 17, memory: "512MiB" },
        ports: { offset: 23500 },
      });
      const before = await startedAt();
      await project.must("up", "--stack", "second");
      const second = await project.outputs("second");
      const [{ version }] = await query(second.writeUrl, second.caCertificate, "SHOW server_version").then((rows) => [{ version: rows[0].server_version }]);
      assert.match(version, /^17\./);
      assert.deepEqual(await query(second.readUrl, second.caCertificate, "SELECT pg_is_in_recovery() AS standby"), [{ standby: true }]);
      await withBareServer(project.docker, "pgha-e2e-second/postgres:17", proveChecks);
      await project.must("down", "--stack", "second", "--data", "--yes");
      assert.deepEqual(await project.remains("pgha-e2e-second"), { containers: [], volumes: [], networks: [] });
      assert.deepEqual(await startedAt(), before);
      assert.deepEqual(await ask("writeUrl", "SELECT 1 AS one"), [{ one: 1 }]);
    });
  });

  describe("down", () => {
    it("keeps the data, and the next `up` takes it up again", async () => {
      await slotIsCopied();
      project.configure("e2e", { ...CONFIGURATION, postgres: LARGER });
      await project.must("down", "--stack", "e2e");
      const remains = await project.remains(CLUSTER);
      assert.deepEqual([remains.containers, remains.networks], [[], []]);
      assert.deepEqual(remains.volumes, ["backup-1", "etcd-1", "etcd-2", "etcd-3", "postgres-1", "postgres-2", "postgres-3"].map((server) => `${CLUSTER}-${server}-data`));
      await project.must("up", "--stack", "e2e");
      outputs = await project.outputs("e2e");
      assert.deepEqual(await ask("writeUrl", "SELECT count(*)::int AS rows FROM public.survivors WHERE id = 1000"), [{ rows: 1 }]);
    });

    it("and what is pruned meanwhile is made again: containers, network, images and one server's volume", async () => {
      await project.prune(CLUSTER, [`${CLUSTER}-postgres-3-data`, `${CLUSTER}-etcd-3-data`]);
      await project.must("up", "--stack", "e2e");
      assert.deepEqual(await ask("writeUrl", "SELECT count(*)::int AS rows FROM public.survivors WHERE id = 1000"), [{ rows: 1 }]);
      await standbysStream();
    });

    it("and an `up` that meets data without its passwords says so and touches nothing", async () => {
      const stranger = await Project.create();
      try {
        stranger.configure("e2e", CONFIGURATION);
        const before = [await project.remains(CLUSTER), await startedAt()];
        const { code, text } = await stranger.run("up", "--stack", "e2e");
        assert.notEqual(code, 0);
        assert.match(text, /data of another deployment/);
        assert.match(text, /npm run down -- --data/);
        assert.deepEqual([await project.remains(CLUSTER), await startedAt()], before);
      } finally {
        await stranger.dispose();
      }
    });

    it("loses all data: `up` touches nothing until it is told so, and keeps the passwords", async () => {
      const { volumes } = await project.remains(CLUSTER);
      await project.prune(CLUSTER, volumes);
      const { code, text } = await project.run("up", "--stack", "e2e");
      assert.notEqual(code, 0);
      assert.match(text, /the data of pgha-e2e is gone[^]*npm run up -- --empty/);
      assert.deepEqual((await project.remains(CLUSTER)).containers, []);
      await project.must("up", "--stack", "e2e", "--empty");
      assert.deepEqual(await ask("writeUrl", "SELECT to_regclass('public.survivors') AS survivors"), [{ survivors: null }]);
    });

    it("deletes everything with --data, after asking", async () => {
      const unasked = await project.run("down", "--stack", "e2e", "--data");
      assert.notEqual(unasked.code, 0);
      assert.match(unasked.text, /--yes/);
      assert.equal((await project.remains(CLUSTER)).containers.length, hosts.length);
      await project.must("down", "--stack", "e2e", "--data", "--yes");
      assert.deepEqual(await project.remains(CLUSTER), { containers: [], volumes: [], networks: [] });
    });
  });

  /** Tells a container that is another one. */
  async function ids(): Promise<Record<string, string>> {
    const list = await project.docker.listContainers({ all: true, filters: { label: [`pgha.cluster=${CLUSTER}`] } });
    return Object.fromEntries(list.map(({ Names, Id }) => [Names[0], Id]));
  }

  /** Tells a container that is another one or was restarted. */
  async function startedAt(): Promise<Record<string, string>> {
    const names = Object.keys(await ids());
    const states = await Promise.all(names.map((name) => project.docker.getContainer(name.slice(1)).inspect()));
    return Object.fromEntries(states.map(({ Name, State }) => [Name, State.StartedAt]));
  }

  async function primaryName(): Promise<string> {
    for (const url of outputs.patroniUrls) {
      const answer = await get(`${url}/cluster`, outputs.caCertificate).catch(() => undefined);
      const leader = answer && JSON.parse(answer).members.find(({ role }: any) => role === "leader");
      if (leader) return leader.name;
    }
    throw new Error("no member knows a primary");
  }
});

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    https
      .get(url, { ca, timeout: 5000 }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk)).on("end", () => resolve(text));
      })
      .on("error", reject);
  });
}

/** The passwords and keys in an exported state. */
function findSecrets(state: any): string[] {
  const outputs = state.deployment.resources.flatMap(({ type, outputs }: any) =>
    /RandomPassword$/.test(type) ? [outputs.result] : /Certificate(Authority)?$/.test(type) ? [outputs.key] : []);
  return outputs.map((output: any) => (output.plaintext === undefined ? output : JSON.parse(output.plaintext)));
}

function walk(folder: string): string[] {
  return fs.readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile() && fs.statSync(file).size < 20 * 2 ** 20);
}
