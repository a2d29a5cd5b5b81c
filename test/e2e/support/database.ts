import assert from "node:assert/strict";
import path from "node:path";
import { Client } from "pg";
import { applySchema, type Schema } from "../../../infra/live/schema/apply";
import { acceptLive } from "../../../infra/live/schema/catalogue/record";
import { planCluster } from "../../../infra/plan";
import { parseConfig } from "../../../infra/config";
import { onPrimary, type Connection } from "../../../infra/live/postgres/connection";
import { declare, type Declared } from "../../../infra/live/schema/declared/declare";
import { readLive } from "../../../infra/live/schema/refresh";
import { readSqlFiles } from "../../../infra/live/schema/migrations";
import { MACHINE } from "../../unit/support/monitor";

const DATABASE = "pgha_check";
export const files = readSqlFiles(path.join(__dirname, "../../../sql"));
/** What a configuration declares for its databases. */
export function declaration(raw: object): Declared {
  return declare(planCluster(parseConfig(raw, "e2e", MACHINE)), files);
}

/** What an `up` reports, without what the cluster's own configuration declares and these tests do not. */
export const ours = (warnings: string[]) => warnings.filter((line) => !/^(cluster:|(database|role) ((shop|app)(_\w+)?|reporting) )/.test(line));

/** Takes a database of these tests away with its roles, and has the cluster expected without them. */
export async function removeDatabase(connection: Connection, name: string): Promise<void> {
  await onPrimary(connection, "postgres", async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    for (const role of ["", "_owner", "_readonly", "_migrator"]) await client.query(`DROP ROLE IF EXISTS ${name}${role}`);
  });
  await acceptLive(connection, []);
}

const passwords: Record<string, string> = { [DATABASE]: "check-write-5c1e", [`${DATABASE}_readonly`]: "check-read-77ab" };

/** What the SQL resource promises, tried on a running cluster in a database of its own, which is removed again. Slots need wal_level logical. */
export function describeSchema(connect: () => Connection, { slots: withSlots }: { slots: boolean }): void {
  const slots = withSlots ? [{ name: DATABASE, type: "logical" }] : [];
  const declared = (slots: object[]) => declaration({ database: { name: DATABASE }, slots });
  const schema: Schema = { database: DATABASE, files, passwords, declared: declared(slots), subscriptionPasswords: {} };
  const root = (sql: string, database = DATABASE) => onPrimary(connect(), database, async (client) => (await client.query(sql)).rows);
  const records = () => root("SELECT name, applied_at::text FROM pgha.migrations ORDER BY name");
  const withFile = (name: string, text: string) => applySchema(connect(), { ...schema, files: { ...files, [`database/${name}`]: text } });
  const next = `${String(Object.keys(files).filter((name) => /\/\d/.test(name)).length + 1).padStart(4, "0")}_check.sql`;

  async function as(user: string, sql: string, { database = DATABASE, password = passwords[user] } = {}) {
    const { hosts: [address], caCertificate } = connect();
    const client = new Client({ ...address, user, password, database, ssl: { ca: caCertificate } });
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  const remove = () => removeDatabase(connect(), DATABASE);

  describe("SQL of a database", () => {
    before(remove);
    after(remove);

    it("is applied once by two programs at the same time", async () => {
      const [one, other] = await Promise.all([applySchema(connect(), schema), applySchema(connect(), schema)]);
      assert.deepEqual(one, other);
      assert.deepEqual(Object.keys(one.checksums).sort(), Object.keys(files).sort());
    });

    it("is left alone the second time, passwords included", async () => {
      const state = async () => [await records(), await root("SELECT rolname, rolpassword FROM pg_authid ORDER BY rolname")];
      const before = await state();
      await applySchema(connect(), schema);
      assert.deepEqual(await state(), before);
    });

    it("refuses an applied file that was edited or removed", async () => {
      const [name] = Object.keys(files).filter((each) => each.startsWith("database/0"));
      await assert.rejects(applySchema(connect(), { ...schema, files: { ...files, [name]: `${files[name]}-- edited\n` } }), (error: Error) =>
        error.message.startsWith(`sql/${name} was edited`));
      const { ["database/R__pooler_authentication.sql"]: _, ...rest } = files;
      await assert.rejects(applySchema(connect(), { ...schema, files: rest }), /R__pooler_authentication\.sql was applied .* but is gone/);
    });

    it("runs a repeatable file again when its text changes, and no other", async () => {
      const before = await records();
      await withFile("R__pooler_authentication.sql", `${files["database/R__pooler_authentication.sql"]}-- changed\n`);
      const changed = (await records()).filter(({ applied_at }, index) => applied_at !== before[index].applied_at);
      assert.deepEqual(changed.map(({ name }) => name), ["database/R__pooler_authentication.sql"]);
      await applySchema(connect(), schema);
    });

    it("names file, line and statement of an error, and keeps nothing of the file", async () => {
      await assert.rejects(withFile(next, "CREATE TABLE app.half (id int);\n\nSELECT id,\n  nothing\nFROM app.half;"), (error: Error) =>
        error.message.startsWith(`sql/database/${next}:4: statement 2 failed: column "nothing" does not exist`));
      await assert.rejects(withFile(next, "CREATE TABLE app.half (id int);\nSELECT 1/0;"), (error: Error) =>
        error.message.startsWith(`sql/database/${next}:2: statement 2 failed: division by zero`));
      assert.deepEqual(await root("SELECT to_regclass('app.half') IS NULL AS gone"), [{ gone: true }]);
    });

    it("shows a lost record as drift, and makes it good without harm", async () => {
      const { checksums, version } = await applySchema(connect(), schema);
      const state = { ...connect(), ...schema, checksums, version, drift: [] };
      assert.deepEqual((await readLive(DATABASE, state)).props, state);
      await root("DELETE FROM pgha.migrations");
      assert.deepEqual(Object.keys((await readLive(DATABASE, state)).inputs!.files).filter((name) => name.startsWith("database/")), []);
      const again = await applySchema(connect(), schema);
      assert.deepEqual({ ...again, warnings: ours(again.warnings) }, { checksums, version, warnings: [] });
      assert.deepEqual(await readLive("no_such_database", { ...state, database: "no_such_database" }), { id: "" });
    });

    it("lets the roles do what they are for, and nothing else", async () => {
      const [writer, reader] = Object.keys(passwords);
      await as(writer, "INSERT INTO app.accounts (name) VALUES ('check') ON CONFLICT DO NOTHING");
      await as(writer, "INSERT INTO app.events (account_id, kind) SELECT id, 'check' FROM app.accounts");
      assert.deepEqual(await as(reader, "SELECT kind FROM app.events"), [{ kind: "check" }]);
      for (const [user, sql] of [
        [reader, "BEGIN; SET TRANSACTION READ WRITE; INSERT INTO app.accounts (name) VALUES ('no')"],
        [writer, "CREATE ROLE no"], [writer, "CREATE TABLE public.no (id int)"], [writer, "TRUNCATE app.events"], [writer, "DROP TABLE app.events"],
        [writer, "SELECT * FROM pgha.migrations"], [writer, "SELECT * FROM pgbouncer.get_auth('postgres')"],
      ]) await assert.rejects(as(user, sql), /permission denied|must be owner/, sql);
      for (const database of ["postgres", "template1"]) await assert.rejects(as(writer, "SELECT 1", { database }), /permission denied for database/);
      for (const right of ["CONNECT", "TEMPORARY", "CREATE"])
        assert.deepEqual(await root(`SELECT has_database_privilege('public', current_database(), '${right}') AS everybody`), [{ everybody: false }]);
      await assert.rejects(as(writer, "SELECT 1", { password: "wrong" }), /password authentication failed/);
    });

    it("hands verifiers of ordinary roles alone to the poolers", async () => {
      const found = await root("SELECT usename, passwd FROM pg_roles, pgbouncer.get_auth(rolname)");
      assert.match(found.find(({ usename }) => usename === DATABASE).passwd, /^SCRAM-SHA-256\$/);
      const refused = ["postgres", "replicator", "pgbouncer", `${DATABASE}_owner`];
      assert.deepEqual(found.filter(({ usename }) => refused.includes(usename)), []);
      for (const [attribute, undo] of [
        ["SUPERUSER", "NOSUPERUSER"], ["REPLICATION", "NOREPLICATION"], ["NOLOGIN", "LOGIN"], ["VALID UNTIL '2001-01-01'", "VALID UNTIL 'infinity'"],
      ]) {
        await root(`ALTER ROLE ${DATABASE} ${attribute}`);
        const handed = await root(`SELECT * FROM pgbouncer.get_auth('${DATABASE}')`);
        await root(`ALTER ROLE ${DATABASE} ${undo}`);
        assert.deepEqual(handed, [], attribute);
      }
      const [{ everybody }] = await root("SELECT has_function_privilege('public', 'pgbouncer.get_auth(text)', 'EXECUTE') AS everybody");
      assert.equal(everybody, false);
    });

    it("has months ahead, and makes those that are missing", async () => {
      const months = () => root("SELECT partition::text AS name FROM pgha.partitions('app.events')").then((rows) => rows.map(({ name }) => name));
      const made = await months();
      assert.ok(made.length >= 4, made.join());
      await root(`DROP TABLE ${made[2]}`);
      await root("CALL pgha.maintain()");
      assert.deepEqual(await months(), made);
      assert.deepEqual(await root("SELECT count(*)::int AS n FROM pg_class WHERE relname LIKE 'events_p%' AND relkind = 'r' AND relowner <> 'app.events'::regclass::oid AND NOT reloptions @> '{autovacuum_analyze_scale_factor=0.05}'"), [{ n: 0 }]);
    });

    it("takes over partitions made by hand, and fails loudly where it cannot", async () => {
      await root("CREATE TABLE app.old (at bigint NOT NULL) PARTITION BY RANGE (at); CREATE TABLE app.old_one PARTITION OF app.old FOR VALUES FROM (1788220800000) TO (1790812800000)");
      await root("SELECT pgha.partition_by_time('app.old', 'at', 'month', since => '2026-09-10')");
      const [first, second] = await root("SELECT partition::text, lower::text FROM pgha.partitions('app.old')");
      assert.deepEqual([first, second], [{ partition: "app.old_p20260901", lower: "2026-09-01 00:00:00+00" }, { partition: "app.old_p20261001", lower: "2026-10-01 00:00:00+00" }]);
      await root("UPDATE partman.part_config SET premake = 9 WHERE parent_table = 'app.old'; CREATE VIEW app.old_p20270801 AS SELECT 1");
      await assert.rejects(root("CALL pgha.maintain()"), /app\.old has partitions until|app\.old: /);
      await root("DROP TABLE app.old; DROP VIEW app.old_p20270801");
      await root("CALL pgha.maintain()");
      assert.deepEqual(await root("SELECT parent FROM pgha.partitioned_tables()"), [{ parent: "app.events" }]);
    });

    it("keeps up a table whose name needs quotes, follows one that is renamed, and drops what is past its retention", async () => {
      await root(`SET ROLE ${DATABASE}_owner; CREATE TABLE app."Or.ders" (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
      await root(`SELECT pgha.partition_by_time('app."Or.ders"', 'at', 'day', since => now() - interval '5 days', retention => '3 days')`);
      const days = (name: string) => root(`SELECT partition::text AS name, relowner::regrole::text AS owner, relacl::text AS rights, lower < now() - interval '4 days' AS old
        FROM pgha.partitions('${name}') JOIN pg_class ON oid = partition ORDER BY lower`);
      const made = await days(`app."Or.ders"`);
      assert.deepEqual([made.length, made.some(({ old }) => old), new Set(made.map(({ owner }) => owner))], [7, false, new Set([`${DATABASE}_owner`])]);
      assert.ok(made.every(({ rights }) => !rights || !rights.includes(`${DATABASE}=`)), "rights on a partition go round those on its table");
      await root(`DROP TABLE ${made[6].name}; ALTER TABLE app."Or.ders" RENAME TO "Or.ders2"`);
      await root("CALL pgha.maintain()");
      assert.equal((await days(`app."Or.ders2"`)).length, 7);
      await root(`DROP TABLE app."Or.ders2"`);
      await root("CALL pgha.maintain()");
      assert.deepEqual(await root("SELECT parent_table FROM partman.part_config"), [{ parent_table: "app.events" }]);
    });

    it("takes a new password", async () => {
      await applySchema(connect(), { ...schema, passwords: { ...passwords, [DATABASE]: "check-rotated-19" } });
      await as(DATABASE, "SELECT 1", { password: "check-rotated-19" });
      await assert.rejects(as(DATABASE, "SELECT 1"), /password authentication failed/);
    });

    if (withSlots)
      it("holds a slot that outlives a failover, until it is declared no more", async () => {
        const live = () => root(`SELECT slot_type, plugin, failover FROM pg_replication_slots WHERE slot_name = '${DATABASE}'`);
        assert.deepEqual(await live(), [{ slot_type: "logical", plugin: "pgoutput", failover: true }]);
        await assert.rejects(applySchema(connect(), { ...schema, declared: declared([{ name: DATABASE, type: "logical", plugin: "test_decoding" }]) }), /another than declared/);
        await applySchema(connect(), { ...schema, declared: declared([]) });
        assert.deepEqual(await live(), []);
      });
  });
}
