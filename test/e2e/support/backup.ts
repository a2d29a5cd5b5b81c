import assert from "node:assert/strict";
import { eventually, Outputs, Project, query, takeApart } from "./project";

const SUM = "SELECT count(*)::int AS rows, sum(hashtext(id || note))::text AS sum FROM app.kept";

interface Cluster {
  project: () => Project;
  stack: string;
  outputs: () => Outputs;
  superuser: (sql: string) => Promise<any[]>;
  /** Resolves when the loss of the primary costs no logical slot. */
  slotIsCopied: () => Promise<void>;
}

/** Backups, and what is restored from them, also across a failover whose primary never pushed its last WAL. */
export function describeBackup({ project, stack, outputs, superuser, slotIsCopied }: Cluster): void {
  const pgha = async (...words: string[]) => JSON.parse((await project().must("pgha", ...words, "--stack", stack, "--json")).stdout);
  const host = (name: string) => `${outputs().cluster.name}-${name}`;
  const now = async () => (await superuser("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS now"))[0].now;
  /** Until the archive has all that is written by now. */
  const archived = async () => {
    const [{ segment }] = await superuser("SELECT pg_walfile_name(pg_switch_wal()) AS segment");
    await eventually(90, async () => assert.ok((await pgha("backup", "list")).walArchive.last >= segment, segment));
  };
  const inDatabase = async (url: string, sql: string) => query(url, outputs().caCertificate, sql);
  const app = (sql: string) => inDatabase(outputs().haproxyWriteUrl, sql);
  const migrator = (sql: string) => inDatabase(outputs().migrateUrl, sql);
  const restored = async (to: string) => {
    const { port } = await pgha("restore", "--to", to);
    const { user, password, database } = takeApart(outputs().haproxyWriteUrl);
    return `postgresql://${user}:${password}@localhost:${port}/${database}?`;
  };

  describe("backups", function () {
    after(async () => void (await project().run("pgha", "restore", "--drop", "--stack", stack)));

    it("begin by themselves, with a full one, and status says what can be restored", async () => {
      await eventually(120, async () => assert.equal((await pgha("backup", "list")).backup[0].type, "full"));
      await eventually(60, async () => {
        const { backup, verdict } = JSON.parse((await project().run("pgha", "status", "--stack", stack, "--json")).stdout);
        assert.ok(Date.parse(backup.lastFull) > Date.now() - 3_600_000, backup.lastFull);
        assert.deepEqual(verdict.problems.filter((problem: string) => /backup|archive|WAL/.test(problem)), []);
      });
    });

    it("are valid, every file of them", async () => assert.equal((await pgha("backup", "verify")).valid, true));

    it("are proved to be restorable, and the status says when", async () => {
      const { problem, steps, relations } = await pgha("prove");
      assert.equal(problem, null);
      assert.deepEqual(Object.keys(steps), ["check", "restore", "replay", "contents", "pages"]);
      assert.ok(relations > 300, `${relations} heaps and indexes`);
      assert.ok(Date.now() - Date.parse((await pgha("status")).backup.proofAt) < 600_000);
    });

    it("bring a dropped table back, in a server that cannot write to the repository and archives nothing", async () => {
      await migrator("CREATE TABLE app.kept (id int PRIMARY KEY, note text)");
      await app("INSERT INTO app.kept SELECT n, md5(n::text) FROM generate_series(1, 5000) n");
      const [before] = await app(SUM);
      const point = await now();
      await migrator("DROP TABLE app.kept");
      await archived();
      const url = await restored(point);
      assert.deepEqual(await inDatabase(url, SUM), [before]);
      await inDatabase(url, "INSERT INTO app.kept VALUES (0, 'writes are taken')");
      const { text: settings } = await project().exec(host("restored"), "psql", "-XAtqh", "/run/postgresql", "-c", "SHOW archive_mode; SHOW shared_preload_libraries");
      assert.deepEqual(settings.trim().split(/\s+/), ["off"]);
      // Under a name that the archive does not have
      const push = "PGBACKREST_CONFIG=/run/secrets/restored.conf; unset PGBACKREST_CONFIG_INCLUDE_PATH; export PGBACKREST_CONFIG; cd /var/lib/pgha/data; "
        + "f=pg_wal/0000000100000000000000F0; cp pg_wal/$(ls pg_wal | grep -E '^[0-9A-F]{24}$' | head -1) $f; "
        + `pgbackrest --stanza=${outputs().cluster.name} archive-push $f; code=$?; rm $f; exit $code`;
      for (const attempt of ["touch /var/lib/pgbackrest/repository/mine", push]) {
        const { code, text } = await project().exec(host("restored"), "bash", "-c", attempt);
        assert.notEqual(code, 0, text);
        assert.match(text, /[Rr]ead-only file system/);
      }
      assert.notEqual((await project().exec(host("restored"), "curl", "-sS", "-m", "2", `${host("backup-1")}:8432`)).code, 0, "it reaches its source");
      await migrator("CREATE TABLE app.kept (id int PRIMARY KEY)");
      const { code, text } = await project().run("pgha", "restore", "--table", "app.kept", "--stack", stack);
      assert.equal(code, 1);
      assert.match(text, /"app"\."kept" is there already/);
      assert.equal((await pgha("restore", "--table", "app.kept", "--into", "app.kept_then")).rows, 5001, "with the row that was written there");
      assert.deepEqual(await app("SELECT tableowner FROM pg_tables WHERE tablename = 'kept_then'"), [{ tableowner: "app_owner" }]);
      await pgha("restore", "--drop");
      await migrator("DROP TABLE app.kept, app.kept_then");
      assert.equal((await pgha("restore", "--to", point, "--table", "app.kept")).rows, 5000);
      assert.deepEqual(await app(SUM), [before], "in the running cluster");
      assert.equal((await pgha("restore", "--drop")).dropped, false, "the server that was made for it is gone");
      await migrator("DROP TABLE app.kept");
    });

    it("refuse what cannot be reached, and name what can", async () => {
      for (const [to, says] of [["2020-01-01T00:00Z", /the first time that can be reached is/], ["2099-01-01T00:00Z", /the archive ends at .*--to latest/s], ["2026-11-21 12:00", /with its zone/]] as const) {
        const { code, text } = await project().run("pgha", "restore", "--to", to, "--stack", stack);
        assert.equal(code, 1);
        assert.match(text, says);
      }
    });

    it("are not proved where WAL is missing in the archive, and the status says so", async () => {
      const newest = "cd /var/lib/pgbackrest/repository/archive/*/*-1 && f=$(ls -t */* | grep '/[0-9A-F]\\{24\\}-' | head -1) && mv $f /tmp && echo $f";
      const { code, text: segment } = await project().exec(host("backup-1"), "bash", "-c", newest);
      assert.equal(code, 0, segment);
      try {
        const { code, stdout } = await project().run("pgha", "prove", "--stack", stack, "--json");
        const { problem, step } = JSON.parse(stdout);
        assert.deepEqual([code, step], [3, "replay"], problem);
        assert.match(problem, /replay ended in [0-9A-F]{24}, the archive has [0-9A-F]{24}/);
        const { verdict } = JSON.parse((await project().run("pgha", "status", "--stack", stack, "--json")).stdout);
        assert.ok(verdict.problems.some((problem: string) => /the last restore that was tried, .*, failed: replay ended/.test(problem)), verdict.problems.join("\n"));
      } finally {
        await project().exec(host("backup-1"), "bash", "-c", `cd /var/lib/pgbackrest/repository/archive/*/*-1 && mv /tmp/$(basename ${segment.trim()}) ${segment.trim()}`);
      }
      await eventually(60, async () => assert.equal((await pgha("prove")).problem, null));
    });

    it("have no hole after a failover whose primary had not pushed its last WAL, and never comes back", async () => {
      await slotIsCopied();
      const repository = project().docker.getContainer(host("backup-1"));
      await migrator("CREATE TABLE app.kept (id int PRIMARY KEY, note text)");
      await archived();
      const leader = (await pgha("status")).members.find(({ role }: { role: string }) => role === "primary").name;
      await repository.pause();
      try {
        for (let n = 0; n < 4; n++) {
          await app(`INSERT INTO app.kept SELECT n, md5(n::text) FROM generate_series(${n * 1000 + 1}, ${n * 1000 + 1000}) n`);
          await superuser("SELECT pg_switch_wal()");
        }
        const [before] = await app(SUM);
        const point = await now();
        await project().docker.getContainer(host(leader)).kill();
        await eventually(60, async () => void (await app("INSERT INTO app.kept VALUES (0, 'by the next one')")));
        await repository.unpause();
        await archived();
        assert.deepEqual((await pgha("backup", "list")).walArchive.gaps, []);
        const url = await restored(point);
        assert.deepEqual(await inDatabase(url, SUM), [before], "as of before the failover");
        await pgha("restore", "--drop");
        const latest = await restored("latest");
        assert.equal((await inDatabase(latest, "SELECT note FROM app.kept WHERE id = 0"))[0].note, "by the next one", "across the timelines");
      } finally {
        await repository.unpause().catch(() => undefined);
        await project().docker.getContainer(host(leader)).start();
        await migrator("DROP TABLE app.kept");
      }
    });
  });
}
