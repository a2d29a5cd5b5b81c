import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { planSubscription } from "../../../infra/live/schema/declared/subscriptions";
import { planCluster } from "../../../infra/plan";
import type { Ec2Node } from "../../../infra/cluster/ec2/spec";
import { parseConfig } from "../../../infra/config";
import { bundle, bundleText, restartHash } from "../../../infra/targets/aws/bundle";
import { hugePages } from "../../../infra/targets/aws/host";
import { userData, USER_DATA_LIMIT } from "../../../infra/targets/aws/userData";
import { prodConfiguration } from "../support/prod";
import { MACHINE } from "../support/monitor";

const PROJECT = path.join(__dirname, "../../..");
/** UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
const GOLDEN = path.join(PROJECT, "test/golden/prod");
const planned = (change: object = {}) => planCluster(parseConfig(prodConfiguration(change), "prod", MACHINE));
const spec = planned();
const nodes = spec.ec2!.nodes;
const first = ["etcd-1", "postgres-1", "edge-1"].map((name) => nodes.find((node) => node.name === name)!);
const written = (node: Ec2Node) => Object.entries(bundle(spec, node).files).filter(([, { mode }]) => mode === "0644");

function compare(golden: string, content: string): void {
  if (process.env.UPDATE_GOLDEN) {
    fs.mkdirSync(path.dirname(golden), { recursive: true });
    fs.writeFileSync(golden, content);
  }
  assert.equal(content, fs.readFileSync(golden, "utf8"));
}

describe("files of the EC2 machines", () => {
  for (const node of first) {
    it(`${node.name}: user data`, () => compare(path.join(GOLDEN, `${node.name}-user-data.sh`), userData(spec, node)));
    for (const [file, { content }] of written(node))
      it(`${node.name}: ${file}`, () => compare(path.join(GOLDEN, `${node.name}${file.replaceAll("/", "-")}`), content));
    it(`${node.name}: what its bundle does with them`, () => {
      const { hosts, host, before, secrets, services, successors } = bundle(spec, node);
      compare(path.join(GOLDEN, `${node.name}-bundle.json`), `${JSON.stringify({ hosts, host, before, secrets, services, successors }, null, 2)}\n`);
    });
  }

  it("cover every template", () => {
    const templates = fs.readdirSync(path.join(PROJECT, "templates/ec2")).map((file) => file.replace(".mustache", ""));
    const rendered = first.flatMap(written).map(([file]) => path.basename(file));
    const elsewhere = { "60-pgha-sysctl.conf": "60-pgha.conf", "60-pgha-limits.conf": "60-pgha.conf", hosts: "disks", "user-data.sh": "disks" };
    for (const template of templates) assert.ok(rendered.includes(elsewhere[template as keyof typeof elsewhere] ?? template), template);
  });

  it("keep user data below 8 KiB on every machine, in every size and way", () => {
    for (const change of [{}, { size: "large", packages: { source: "debian", proxy: "http://packages.example.internal:3142" } }, { etcd: "with-postgres" }, { packages: { source: "baked" } }]) {
      const other = planned(change);
      for (const node of other.ec2!.nodes) assert.ok(Buffer.byteLength(userData(other, node)) <= USER_DATA_LIMIT, node.name);
    }
  });

  it("have user data that no change of the configuration but the packages touches", () => {
    const changed = planCluster(parseConfig({ ...prodConfiguration(), postgres: { parameters: { work_mem: "64MB" } }, haproxy: { maxReadLag: "1MiB" } }, "prod", MACHINE));
    for (const [index, node] of nodes.entries()) assert.equal(userData(changed, changed.ec2!.nodes[index]), userData(spec, node));
  });

  it("carry their checksum, and say by another hash that Postgres has to restart", () => {
    const [, postgres, edge] = first;
    const { content, sha256 } = bundleText(bundle(spec, postgres));
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(JSON.parse(content), bundle(spec, postgres));
    const more = planCluster(parseConfig({ ...prodConfiguration(), standbys: 3 }, "prod", MACHINE));
    const twin = more.ec2!.nodes.find(({ name }) => name === "postgres-1")!;
    assert.equal(restartHash(bundle(spec, postgres)), restartHash(bundle(more, twin)), "another standby restarts nobody");
    assert.notEqual(bundleText(bundle(more, twin)).sha256, sha256, "but the names of machines change");
    assert.notEqual(restartHash(bundle(spec, postgres)), restartHash(bundle(spec, edge)));
  });

  it("name every file that a service reads, or get it as a secret", () => {
    for (const node of nodes) {
      const { files, services, secrets, host } = bundle(spec, node);
      const known = new Set([...Object.keys(files), ...secrets.map(({ path }) => path)]);
      for (const { unit, restart, reload = [], health } of [...services, ...host])
        for (const file of [...restart, ...reload, ...(health ? [health] : [])]) assert.ok(known.has(file), `${node.name}: ${unit} reads ${file}`);
    }
  });

  it("hold the authority of every publisher whose connection string names one", () => {
    const subscription = { name: "orders", host: "db.other.internal", database: "shop", user: "reader", authority: "-----BEGIN CERTIFICATE-----\n", publications: ["pub_orders"] };
    const other = planCluster(parseConfig({ ...prodConfiguration(), databases: [{ name: "app", subscriptions: [subscription] }] }, "prod", MACHINE));
    const plans = other.databases.flatMap(({ subscriptions }) => subscriptions.map(planSubscription));
    const named = plans.flatMap(({ connection }) => [...connection.matchAll(/sslrootcert=(\S+)/g)].map(([, file]) => file));
    assert.equal(named.length, 1);
    for (const node of other.ec2!.nodes.filter(({ role }) => role === "postgres")) {
      const { files, secrets } = bundle(other, node);
      const known = [...Object.keys(files), ...secrets.map(({ path }) => path)];
      for (const file of named) assert.ok(known.includes(file), `${node.name} has no ${file}`);
    }
  });

  it("give users numbers that Debian hands out to nobody: it counts from 100 up and from 999 down", () => {
    const numbers = first.flatMap((node) => [...userData(spec, node).matchAll(/^add_user \w+ (\d+)/gm)].map(([, number]) => Number(number)));
    assert.equal(new Set(numbers).size, 3);
    for (const number of numbers) assert.ok(number >= 500 && number < 900, String(number));
  });

  it("stop with a sentence where such a number is taken, and leave a user that is there", () => {
    const script = userData(spec, first[0]).match(/^add_user\(\)[^]*?^\}$/m)![0];
    const played = (id: number, taken: number) => `set -e; id() { return ${id}; }; getent() { return ${taken}; }; groupadd() { echo group; }; useradd() { echo user; }\n${script}\nadd_user etcd 742 /var/lib/etcd`;
    const run = (id: number, taken: number) => spawnSync("bash", ["-c", played(id, taken)], { encoding: "utf8" });
    assert.deepEqual([run(1, 0).status, run(1, 0).stderr], [1, "pgha: the number 742 for etcd is taken on this image\n"]);
    assert.equal(run(1, 2).stdout, "group\nuser\n");
    assert.equal(run(0, 0).stdout, "");
  });

  it("change with the size of a volume, so that its file system grows before settings count on it", () => {
    const larger = planned({ volumes: { wal: { size: "200GiB" } } });
    const twin = larger.ec2!.nodes.find(({ name }) => name === "postgres-1")!;
    assert.notEqual(bundleText(bundle(larger, twin)).sha256, bundleText(bundle(spec, first[1])).sha256);
    assert.match(bundle(larger, twin).files["/etc/pgha/disks"].content, /^wal .* 200$/m);
  });

  it("reserve huge pages for shared_buffers and what is beside them", () => {
    for (const [buffers, needed] of [["128MB", 109], ["2GB", 1099], ["8GB", 4250], ["32GB", 16820]] as const) {
      assert.ok(hugePages(buffers) >= needed, buffers);
      assert.ok(hugePages(buffers) < needed * 1.05, buffers);
    }
  });

  it("are programs that their languages accept", () => {
    const shell = [...first.map((node) => userData(spec, node)), ...["disks", "watchdog"].map((name) => fs.readFileSync(path.join(PROJECT, "machine", name), "utf8"))];
    for (const text of shell) assert.equal(spawnSync("bash", ["-n"], { input: text, encoding: "utf8" }).stderr, "");
  });
});
