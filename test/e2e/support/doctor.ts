import assert from "node:assert/strict";
import type Docker from "dockerode";
import { Client } from "pg";
import { DoctorReport } from "../../../ops/doctor/report";
import { OrphanReport } from "../../../ops/orphans/count";
import { proveChecks } from "./doctor/prove";
import { eventually, Project } from "./project";

/** What the machine that the tests run on, and what else runs there, decides. */
const OF_THE_MACHINE = ["failovers", "disks", "memory-pressure", "cpu-throttled", "endpoints-slow"];

/** A server on which anything may be broken; each setting is one that a fault needs, in a file, where ALTER SYSTEM is stronger. */
const START = `initdb -D /tmp/bare -U postgres --auth trust --locale-provider builtin --locale C.UTF-8 --encoding UTF8 --data-checksums >/dev/null && cd /tmp/bare && echo "host all all all trust" >>pg_hba.conf
cat >>postgresql.conf <<END
listen_addresses = '*'
shared_preload_libraries = 'pg_stat_statements'
wal_level = logical
max_prepared_transactions = 5
archive_mode = on
archive_command = 'true'
allow_system_table_mods = on
END
exec postgres -D /tmp/bare`;

/** Runs `work` beside a Postgres of this image, alone and without TLS, that is gone afterwards. */
export async function withBareServer(docker: Docker, image: string, work: (open: (user: string, database: string, options?: string) => Promise<Client>) => Promise<void>): Promise<void> {
  const container = await docker.createContainer({
    Image: image, Entrypoint: ["sh", "-c"], Cmd: [START], ExposedPorts: { "5432/tcp": {} },
    HostConfig: { AutoRemove: true, ShmSize: 256 * 2 ** 20, PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
  });
  await container.start();
  try {
    const [{ HostPort }] = (await container.inspect()).NetworkSettings.Ports["5432/tcp"]!;
    const open = async (user: string, database: string, options?: string) => {
      const client = new Client({ host: "127.0.0.1", port: Number(HostPort), user, database, options });
      client.on("error", () => undefined); // one that a fault ends
      await client.connect();
      return client;
    };
    await eventually(60, async () => (await open("postgres", "postgres")).end());
    await work(open);
  } finally {
    await container.remove({ force: true }).catch(() => undefined);
  }
}

/** The doctor on a cluster that is well, and with three things wrong; its SQL on a server on which each fault is made. */
export function describeDoctor(project: () => Project, { cluster, stack, superuser, application }: { cluster: string; stack: string; superuser(sql: string): Promise<unknown>; application(sql: string): Promise<unknown> }): void {
  const diagnose = async (...more: string[]) => {
    const { code, stdout, text } = await project().run("pgha", "doctor", "--stack", stack, "--json", ...more);
    assert.ok(code === 0 || code === 3, text);
    const report = JSON.parse(stdout) as DoctorReport;
    return { code, report, found: report.findings.filter(({ check }) => !OF_THE_MACHINE.includes(check)).map(({ check, where, evidence }) => `${check}, ${where}: ${evidence}`) };
  };

  describe("the doctor", () => {
    it("finds nothing on a cluster that is well, has seen all of it, and takes 10 s at most", async () => {
      // What tests before this one have asked on purpose
      await application("SELECT public.pg_stat_statements_reset()");
      // On a machine that is starved for a moment a proxy loses its servers, and the doctor says so
      await eventually(60, async () => {
        const { report, found } = await diagnose();
        assert.ok(report.checks.length >= 50 && report.seconds <= 10, `${report.checks.length} checks in ${report.seconds} s`);
        assert.deepEqual([found, report.missed], [[], []]);
      });
    });

    it("finds what is wrong on one server, in one database and in the whole cluster, and ends with 3", async () => {
      await superuser("ALTER SYSTEM SET work_mem = '9MB'");
      await superuser(`CREATE ROLE "Boss" SUPERUSER`);
      await superuser("SELECT pg_create_logical_replication_slot('loose', 'pgoutput')");
      try {
        await eventually(60, async () => {
          const { code, found } = await diagnose("--only", "settings-altered,superusers,slots-no-failover");
          assert.equal(code, 3);
          assert.deepEqual(found.map((line) => line.replace(/postgres-\d/, "postgres-n")), [
            `slots-no-failover, postgres-n: 'loose' of database app`, `superusers, postgres-n: "Boss"`, "settings-altered, postgres-n: work_mem = 9MB",
          ]);
        });
      } finally {
        await superuser("ALTER SYSTEM RESET work_mem");
        await superuser(`DROP ROLE "Boss"`);
        await superuser("SELECT pg_drop_replication_slot('loose')");
      }
    });

    it("has rows without a parent counted by `pgha check orphans`, as the role that only reads", async () => {
      const count = async () => JSON.parse((await project().run("pgha", "check", "orphans", "--stack", stack, "--json")).stdout) as OrphanReport;
      const strays = ({ relations }: OrphanReport) => relations.filter(({ child }) => /strays/.test(child)).map(({ child, by, orphans }) => `${child} ${by} ${orphans}`);
      await application(`SET ROLE app_owner; CREATE SCHEMA strays; CREATE TABLE strays.orders (id bigint PRIMARY KEY); CREATE TABLE strays.lines (order_id bigint); INSERT INTO strays.lines VALUES (1), (2), (NULL);
        CREATE TABLE strays.late (order_id bigint); INSERT INTO strays.late VALUES (3); ALTER TABLE strays.late ADD FOREIGN KEY (order_id) REFERENCES strays.orders NOT VALID`);
      try {
        await eventually(60, async () => {
          const report = await count();
          assert.deepEqual([strays(report), report.missed], [["strays.late foreign key 1", "strays.lines name 2"], []]);
        });
      } finally {
        await application("DROP SCHEMA strays CASCADE");
      }
    });

    it("has each of its SQL checks silent on a fresh server, and find the fault that is made for it", async () => {
      await withBareServer(project().docker, `${cluster}/postgres:18`, proveChecks);
    });
  });
}
