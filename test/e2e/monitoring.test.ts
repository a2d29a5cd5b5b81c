import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { eventually, Project } from "./support/project";

const CLUSTER = "pgha-watched";
const CONFIGURATION = {
  name: CLUSTER,
  ports: { offset: 22000 },
  postgres: { memory: "512MiB" },
  standbys: 1,
  etcd: { members: 1 },
  haproxy: { instances: 1 },
  pgbouncer: { instances: 1 },
  monitoring: { enabled: true, receivers: [{ name: "hook", type: "webhook", url: "http://127.0.0.1:1/" }] },
};
const MONITOR = `${CLUSTER}-prometheus-1`;
const tests = path.join(__dirname, "../../monitoring/tests");

describe("a cluster that is watched", () => {
  let project: Project;
  const alerts = async (...args: string[]) => JSON.parse((await project.run("pgha", "alerts", "--stack", "watched", "--json", ...args)).stdout);
  const firing = async (): Promise<string[]> => (await alerts()).filter(({ state }: any) => state === "firing").map(({ name }: any) => name);
  const postgres = () => [1, 2].map((n) => project.docker.getContainer(`${CLUSTER}-postgres-${n}`));

  before(async () => {
    project = await Project.create();
    project.configure("watched", CONFIGURATION);
    await project.must("up", "--stack", "watched");
  });
  after(async () => {
    await project.interrupt();
    await project.run("down", "--stack", "watched", "--data", "--yes");
    await project.dispose();
  });

  it("has every metric that a rule reads, of every server", async () => {
    await eventually(120, async () => assert.deepEqual(await alerts("--check").then(({ missing, down }) => ({ missing, down })), { missing: [], down: [] }));
  });

  it("has rules and settings that their own programs take, and that fire and resolve by their tests", async () => {
    const judged = async (...command: string[]) => {
      const { code, text } = await project.exec(MONITOR, ...command);
      assert.equal(code, 0, text);
    };
    await judged("promtool", "check", "config", "/etc/pgha/prometheus.yml");
    await judged("amtool", "check-config", "/etc/pgha/alertmanager.yml");
    await judged("sh", "-c", "mkdir /tmp/tests && ln -s /etc/pgha/rules /tmp/rules");
    for (const file of fs.readdirSync(tests)) {
      await judged("sh", "-c", 'printf %s "$1" >"$2"', "sh", fs.readFileSync(path.join(tests, file), "utf8"), `/tmp/tests/${file}`);
      await judged("promtool", "test", "rules", `/tmp/tests/${file}`);
    }
  });

  it("tells that there is no primary, and that there is one again", async () => {
    await Promise.all(postgres().map((container) => container.kill()));
    await eventually(90, async () => assert.ok((await firing()).includes("NoPrimary")));
    await Promise.all(postgres().map((container) => container.start()));
    await eventually(120, async () => assert.ok(!(await firing()).includes("NoPrimary")));
  });

  it("asks for a password and shows none", async () => {
    const { code } = await project.exec(MONITOR, "curl", "-fsS", "--cacert", "/etc/pgha/ca.crt", "https://localhost:9090/api/v1/query?query=up");
    assert.notEqual(code, 0);
    const { text } = await project.exec(MONITOR, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
    const password = (await project.exec(MONITOR, "cat", "/run/secrets/stats_password")).text.trim();
    assert.ok(password.length > 20 && !text.includes(password));
  });
});
