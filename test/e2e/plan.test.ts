import assert from "node:assert/strict";
import * as fs from "node:fs";
import type { PlanReport } from "../../ops/plan/report";
import { Project } from "./support/project";

describe("npx pgha plan, of a stack that is not deployed", () => {
  let project: Project;
  const plan = (...args: string[]) => project.run("pgha", "plan", "--stack", "planned", ...args);

  before(async () => {
    project = await Project.create();
    project.configure("planned", { name: "pgha-e2e-planned", ports: { offset: 23000 } });
  });

  after(() => project.dispose());

  it("names every resource and file, and leaves no stack behind", async () => {
    const { code, stdout, stderr } = await plan("--json", "--exit-code");
    assert.equal(code, 3, stderr);
    const report = JSON.parse(stdout) as PlanReport;
    assert.equal(report.new, true);
    assert.deepEqual(report.servers.map(({ role, names }) => [role, names.length]), [["etcd", 3], ["haproxy", 2], ["pgbouncer", 2], ["postgres", 3]]);
    assert.ok(report.counts.create > 60 && report.counts.create === report.resources.length);
    for (const path of ["/etc/pgha/patroni/patroni.yml", "/etc/pgha/haproxy.cfg", "/etc/pgha/pgbouncer.ini", "/etc/pgha/etcd.yml", "database/0002_access.sql"])
      assert.ok(report.files.some((file) => file.path === path), path);
    assert.match((await project.must("pulumi", "stack", "ls", "--json")).stdout, /^\[\]\s*$/);
    assert.deepEqual(await project.remains("pgha-e2e-planned"), { containers: [], volumes: [], networks: [] });
  });

  it("is a comment for a pull request", async () => {
    const { code, stdout } = await plan("--markdown");
    assert.equal(code, 0);
    assert.match(stdout, /^### stack planned, not deployed yet: \d+ to create/);
    assert.ok(stdout.length < 65_536);
  });

  it("is refused with every fault of the configuration", async () => {
    project.configure("planned", { standbys: 1, replication: { mode: "strict" }, postgres: { parameters: { fsync: "off" } } });
    const { code, stdout, stderr } = await plan();
    assert.equal(code, 1);
    assert.equal(stdout, "");
    for (const key of ["replication.mode", "postgres.parameters.fsync"]) assert.ok(stderr.includes(`pgha:cluster.${key}`), stderr);
    assert.doesNotMatch(stderr, /at .*\.ts:\d+/);
  });

  it("says how to get a configuration where there is none", async () => {
    fs.rmSync(project.configurationFile("planned"));
    const { code, stderr } = await plan();
    assert.equal(code, 1);
    assert.match(stderr, /there is no Pulumi\.planned\.yaml[^]*cp Pulumi\.dev\.yaml Pulumi\.planned\.yaml/);
  });
});
