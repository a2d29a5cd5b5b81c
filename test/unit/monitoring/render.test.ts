import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../../infra/config";
import { planCluster } from "../../../infra/plan";
import { allServices, serviceOf } from "../../../infra/services";
import { configurations } from "../support/configurations";
import { MACHINE } from "../support/monitor";

/** UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
const GOLDEN = path.join(__dirname, "../../golden/monitored");
const root = path.join(__dirname, "../../..");
const spec = planCluster(parseConfig(configurations.monitored, "dev", MACHINE));
const [server] = serviceOf("prometheus").servers(spec);
const files = serviceOf("prometheus").files(spec, server);
const contentOf = (name: string) => files.find(({ path: file }) => path.basename(file) === name)!.content;
const rendered = ["prometheus.yml", "programs", "wanted.yml", "alertmanager.yml"];

describe("what is watched", () => {
  for (const name of rendered)
    it(`is written as recorded: ${name}`, () => {
      if (process.env.UPDATE_GOLDEN) {
        fs.mkdirSync(GOLDEN, { recursive: true });
        fs.writeFileSync(path.join(GOLDEN, name), contentOf(name));
      }
      assert.equal(contentOf(name), fs.readFileSync(path.join(GOLDEN, name), "utf8"));
    });

  it("has the files of monitoring/ as they are", () => {
    const rest = files.filter(({ path: file }) => !rendered.includes(path.basename(file)));
    assert.deepEqual(rest.map(({ path: file }) => file.replace("/etc/pgha/", "")), [...fs.readdirSync(path.join(root, "monitoring/rules")).map((file) => `rules/${file}`), "queries.yml", "certificates.yml"]);
    for (const { path: file, content } of rest) assert.equal(content, fs.readFileSync(path.join(root, "monitoring", file.replace("/etc/pgha/", "")), "utf8"));
  });

  it("is every server of every service, by what its service says", () => {
    const jobs: { job_name: string; static_configs: { labels: { instance: string } }[] }[] = parse(contentOf("prometheus.yml")).scrape_configs;
    for (const { kind, scrapes = [], servers } of allServices) {
      // pgBackRest tells nothing by itself: `pgha status` asks it
      assert.equal(scrapes.length > 0, kind !== "backup", `nothing is scraped of ${kind}`);
      for (const { job } of scrapes) {
        const instances = jobs.find(({ job_name: name }) => name === job)!.static_configs.map(({ labels }) => labels.instance);
        for (const { name } of servers(spec)) assert.ok(instances.includes(name), `${job} of ${name}`);
      }
    }
  });

  it("shows no password", () => {
    for (const { path: file, content } of files) assert.ok(!/password: (?!\{)\S|:\/\/[^@\s]*:[^@\s]*@/.test(content), file);
  });

  it("is off by default: no server, no file, no port", () => {
    const plain = planCluster(parseConfig({}, "dev", MACHINE));
    assert.deepEqual(serviceOf("prometheus").servers(plain), []);
    assert.deepEqual(serviceOf("prometheus").secrets(plain), []);
    assert.ok(!("monitoring" in plain));
  });

  it("passes promtool and amtool", function () {
    if (spawnSync("promtool", ["--version"]).error || spawnSync("amtool", ["--version"]).error) this.skip();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-monitored-"));
    try {
      for (const name of rendered) fs.writeFileSync(path.join(folder, name), contentOf(name));
      for (const [program, ...args] of [["promtool", "check", "config", "--syntax-only", "prometheus.yml"], ["promtool", "check", "rules", "wanted.yml"], ["amtool", "check-config", "alertmanager.yml"]]) {
        const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", cwd: folder });
        assert.equal(status, 0, stdout + stderr);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
