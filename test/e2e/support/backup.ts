import assert from "node:assert/strict";
import { eventually, Outputs, Project, query, takeApart } from "./project";

const SUM = "SELECT count(*)::int AS rows, sum(hashtext(id || note))::text AS sum FROM app.kept";

interface Cluster {
  project: () => Project;
  stack: string;
  outputs: () => Outputs;
  superuser: (sql: string) => Promise<any[]>;
}

/** Backups, and what is restored from them, also across a failover whose primary never pushed its last WAL. */
export function describeBackup({ project, stack, outputs, superuser }: Cluster): void {
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
  const restored = async (to: string) => {
    const { port } = await pgha("restore", "--to", to);
    const { user, password, database } = takeApart(outputs().haproxyWriteUrl);
    return `postgresql://${user}:${password}@localhost:${port}/${database}?`;
  };

  describe("backups", function () {
    after(async () => void (await project().run("pgha", "restore", "--drop", "--stack", stack)));

    it("begin by themselves, with a full one, and status says what can be restored", async () => {
      await eventually(120, async () => assert.equal((await pgha("backup", "list")).backup[0].type, "full"));
      const { backup, verdict } = JSON.parse((await project().run("pgha", "status", "--stack", stack, "--json")).stdout);
      assert.ok(Date.parse(backup.lastFull) > Date.now() - 3_600_000, backup.lastFull);
      assert.deepEqual(verdict.problems.filter((problem: string) => /backup|archive|WAL/.test(problem)), []);
    });

    it("are valid, every file of them", async () => assert.equal((await pgha("backup", "verify")).valid, true));

    it("bring a dropped table back, in a server that cannot write to the repository and archives nothing", async () => {
      await app("CREATE TABLE app.kept (id int PRIMARY KEY, note text); INSERT INTO app.kept SELECT n, md5(n::text) FROM generate_series(1, 5000) n");
      const [before] = await app(SUM);
      const point = await now();
      await app("DROP TABLE app.kept");
      await archived();
      const url = await restored(point);
      assert.deepEqual(await inDatabase(url, SUM), [before]);
      await inDatabase(url, "INSERT INTO app.kept VALUES (0, 'writes are taken')");
      assert.deepEqual(await inDatabase(url, "SELECT current_setting('archive_mode') AS archive, current_setting('shared_preload_libraries') AS libraries"), [{ archive: "off", libraries: "" }]);
      const push = "PGBACKREST_CONFIG=/run/secrets/restored.conf; unset PGBACKREST_CONFIG_INCLUDE_PATH; export PGBACKREST_CONFIG; cd /var/lib/pgha/data; "
        + `pgbackrest --stanza=${outputs().cluster.name} archive-push pg_wal/$(ls pg_wal | grep -E '^[0-9A-F]{24}$' | head -1)`;
      for (const attempt of ["touch /var/lib/pgbackrest/repository/mine", push]) {
        const { code, text } = await project().exec(host("restored"), "bash", "-c", attempt);
        assert.notEqual(code, 0, text);
        assert.match(text, /[Rr]ead-only file system/);
      }
      assert.notEqual((await project().exec(host("restored"), "curl", "-sS", "-m", "2", `${host("backup-1")}:8432`)).code, 0, "it reaches its source");
      await pgha("restore", "--drop");
    });

    it("refuse what cannot be reached, and name what can", async () => {
      for (const [to, says] of [["2020-01-01T00:00Z", /the first time that can be reached is/], ["2099-01-01T00:00Z", /the archive ends at .*--to latest/s], ["2026-11-21 12:00", /with its zone/]] as const) {
        const { code, text } = await project().run("pgha", "restore", "--to", to, "--stack", stack);
        assert.equal(code, 1);
        assert.match(text, says);
      }
    });

    it("have no hole after a failover whose primary had not pushed its last WAL, and never comes back", async () => {
      const repository = project().docker.getContainer(host("backup-1"));
      await app("CREATE TABLE app.kept (id int PRIMARY KEY, note text)");
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
        await app("DROP TABLE app.kept");
      }
    });
  });
}
