import assert from "node:assert/strict";
import { planCluster } from "../../infra/plan";
import { parseConfig } from "../../infra/config";
import { ask } from "../../infra/live/patroni/client";
import { USER_DATA_LIMIT, userData } from "../../infra/targets/aws/userData";
import { query, takeApart } from "../e2e/support/project";
import { MACHINE } from "../unit/support/monitor";
import { PlayedSsm } from "../unit/support/playedSsm";
import { prodConfiguration } from "../unit/support/prod";
import { PlayedEngine } from "./support/engine";
import { Machines } from "./support/machines";
import { writingDuring } from "./support/writer";

const CLUSTER = "pgha-box";
const NETWORK = "10.77.0.0/16";
/** The shipped one, with what differs in a box: addresses that are free here, packages of the Debian that the image is, small servers. */
const configuration = (change: object = {}) => ({
  ...prodConfiguration({ ami: "ami-0123456789abcdef0", network: { cidr: NETWORK }, access: { way: "direct", cidrs: [NETWORK] }, packages: { source: "debian" } }),
  name: CLUSTER,
  postgres: { version: 18, memory: "768MiB", cores: 2 },
  ...change,
});
const CHANGED = { haproxy: { maxReadLag: "1MiB" }, tls: { names: ["db.example.com"] } };
const spec = planCluster(parseConfig(configuration(), "box", MACHINE));
const { nodes } = spec.ec2!;
const hosts = (role?: string) => nodes.filter((node) => !role || node.role === role).map(({ host }) => host);
/** Kernel settings, clock, and what a container has no use for. */
const REFUSED_IN_A_CONTAINER = ["systemd-sysctl.service", "chrony.service"];

describe("prod in a box", () => {
  const machines = new Machines(CLUSTER, NETWORK);
  const engine = new PlayedEngine(machines, (line) => console.log(line));
  let outputs: Record<string, any>;
  let seconds: number;
  let stopSsm: (() => Promise<void>) | undefined;

  const sql = (url: string, text: string) => query(outputs[url], outputs.caCertificate, text);
  const on = async (host: string, command: string) => {
    const { code, text } = await machines.exec(host, "bash", "-c", command);
    assert.equal(code, 0, `${host}: ${command}\n${text}`);
    return text.replaceAll("\r", "").trim();
  };
  const up = async (change: object = {}) => {
    const began = Date.now();
    outputs = await engine.up(configuration(change));
    seconds = (Date.now() - began) / 1000;
  };
  const changed = (type: string) => engine.changes.filter((change) => change.type === type).map(({ name }) => name.replace(`${CLUSTER}-`, "").replace("-rollout", ""));
  const members = async () => {
    const patroni = nodes.filter(({ role }) => role === "postgres").map(({ address }) => ({ host: address, port: 8008 }));
    const answer = await ask({ patroni, authority: outputs.caCertificate, certificate: outputs.operatorCertificate, key: outputs.operatorKey }, "GET", "/cluster");
    return answer.members as { name: string; role: string; state: string }[];
  };
  const primary = async () => (await members()).find(({ role }) => role === "leader")!.name;
  const allStream = async () => {
    const roles = (await members()).map(({ role, state }) => `${role === "leader" ? role : "standby"} ${state}`).sort();
    assert.deepEqual(roles, ["leader running", "standby streaming", "standby streaming"]);
  };
  const holds = async (rows: string[]) => {
    const found = new Set((await sql("writeUrl", "SELECT name FROM app.accounts")).map(({ name }) => name));
    assert.deepEqual(rows.filter((row) => !found.has(row)), [], "acknowledged rows are missing");
  };

  before(async () => {
    stopSsm = await new PlayedSsm((id) => machines.agent(id)).start();
    const texts = spec.ec2!.nodes.map((node) => userData(spec, node));
    const installed = texts.flatMap((text) => [...text.matchAll(/^again apt install -y --no-install-recommends (.+)$/gm)]).flatMap(([, names]) => names.split(" "));
    await machines.prepare([...new Set(installed)]);
  });
  after(async () => {
    await stopSsm?.();
    await machines.remove();
  });

  it("boots from nothing, in the program's order, to SQL through the edge", async () => {
    await up();
    assert.deepEqual(await sql("writeUrl", "SELECT current_user, pg_is_in_recovery() AS standby"), [{ current_user: "app", standby: false }]);
    console.log(`      ${seconds.toFixed(0)} s`);
    const order = changed("rollout");
    assert.deepEqual(order.slice(5), ["postgres-1", "postgres-2", "postgres-3"]);
    assert.deepEqual(order.filter((name) => name.startsWith("etcd")), ["etcd-1", "etcd-2", "etcd-3"]);
  });

  it("makes each machine by real cloud-init and the AWS CLI, without a fault", async () => {
    for (const host of hosts()) {
      assert.match(await on(host, "cloud-init status --long"), /status: done[^]*errors: \[\]/);
      assert.equal(await on(host, "hostname"), host);
      const failed = (await on(host, "systemctl list-units --failed --plain --no-legend | cut -d' ' -f1")).split("\n").filter(Boolean);
      assert.deepEqual(failed.filter((unit) => !REFUSED_IN_A_CONTAINER.includes(unit)), [], host);
    }
  });

  it("forms etcd, which asks for passwords", async () => {
    for (const host of hosts("etcd")) await on(host, "/usr/local/lib/pgha/etcd/health");
    const [host] = hosts("etcd");
    const etcdctl = "etcdctl --endpoints https://localhost:2379 --cacert /etc/pgha/ca.crt --cert /etc/pgha/tls.crt --key /run/secrets/tls_key";
    assert.equal((await on(host, `${etcdctl} --user root:$(cat /run/secrets/etcd_root) member list`)).split("\n").length, 3);
    assert.notEqual((await machines.exec(host, "bash", "-c", `${etcdctl} get --prefix /pgha/`)).code, 0);
  });

  it("replicates to two standbys, on the volumes", async () => {
    await allStream();
    for (const host of hosts("postgres")) {
      assert.equal(await on(host, "readlink /var/lib/pgha/data/pg_wal"), "/var/lib/pgha-wal/wal");
      await on(host, "mountpoint -q /var/lib/pgha && mountpoint -q /var/lib/pgha-wal");
    }
  });

  it("serves writes and reads at each edge, with the schema of sql/", async () => {
    assert.match(outputs.schemaVersion, /^\d{4}$/);
    await sql("writeUrl", "INSERT INTO app.accounts (name) VALUES ('first')");
    for (const address of takeApart(outputs.writeUrl).hosts.map((host) => host.join(":"))) {
      const through = (url: string) => outputs[url].replace(/@[^/]+/, `@${address}`);
      const write = await query(through("writeUrl"), outputs.caCertificate, "SELECT pg_is_in_recovery() AS standby");
      const read = await query(through("readUrl"), outputs.caCertificate, "SELECT pg_is_in_recovery() AS standby, count(*)::int AS n FROM app.accounts GROUP BY 1");
      assert.deepEqual([write, read], [[{ standby: false }], [{ standby: true, n: 1 }]]);
    }
  });

  it("holds no password or key in user data, bundles, or what the machines have logged", async () => {
    const secrets = engine.secretValues;
    assert.ok(secrets.length > 15);
    // Of a key, a line in the middle: logs break it
    const needles = secrets.map((secret) => secret.split("\n").at(secret.includes("\n") ? 1 : 0)!);
    const texts = Object.values(engine.declared("aws:ec2/instance:Instance")).map((inputs) => inputs.userData);
    const bundles = Object.values(engine.declared("aws:s3/bucketObjectv2:BucketObjectv2")).map(({ content }) => content);
    assert.equal(texts.length + bundles.length, 2 * nodes.length);
    for (const text of texts) assert.ok(Buffer.byteLength(text) <= USER_DATA_LIMIT);
    const logs = await Promise.all(hosts().map((host) => on(host, "journalctl --no-pager; cat /var/log/cloud-init*.log /var/lib/pgha-machine/*")));
    for (const text of [...texts, ...bundles, ...logs]) for (const needle of needles) assert.ok(!text.includes(needle));
    const known = await on(hosts("postgres")[0], "cat /run/secrets/*");
    assert.ok(needles.some((needle) => known.includes(needle)), "the search would find one");
  });

  it("changes nothing the second time, and a second run of a rollout does nothing", async () => {
    await up();
    assert.deepEqual(engine.changes, []);
    const { commands } = engine.declared("pulumi-nodejs:dynamic/pgha:Ec2Rollout")[`${CLUSTER}-postgres-2-rollout`];
    const { code, text } = await machines.exec(`${CLUSTER}-postgres-2`, "sh", "-c", commands);
    assert.deepEqual([code, text.trim()], [0, "apply: this machine is as its bundle says"]);
  });

  it("stops at the machine that does not become well, at the next try, too, and goes on when it does", async () => {
    const [first, second] = hosts("edge");
    await on(first, "systemctl mask --runtime --now pgha-pgbouncer");
    for (const _try of [1, 2]) {
      await assert.rejects(up(CHANGED), (error: Error) => {
        assert.match(error.message, new RegExp(`^${first} is not as its bundle says`));
        assert.match(error.message, /pgha-pgbouncer/);
        return true;
      });
      assert.ok(!changed("rollout").some((name) => name.startsWith("edge") || name.startsWith("postgres")), "nothing behind it is begun");
    }
    await on(second, "/usr/local/lib/pgha/pgbouncer/health");
    await on(first, "systemctl unmask --runtime pgha-pgbouncer");
    await up();
  });

  it("rolls a changed setting and new certificates out, one machine after the other, while a client writes", async () => {
    const { acknowledged, errors, longestPause } = await writingDuring(outputs.writeUrl, () => up(CHANGED));
    console.log(`      ${acknowledged.length} rows, ${errors.length} errors, longest pause ${longestPause.toFixed(1)} s`);
    assert.deepEqual(changed("machine"), [], "no machine is replaced");
    assert.deepEqual(changed("rollout").slice(-3), ["postgres-1", "postgres-2", "postgres-3"]);
    for (const host of hosts("edge")) assert.match(machines.said(host), /reload pgha-haproxy/);
    for (const host of hosts("postgres")) assert.match(machines.said(host), /restart pgha-patroni/);
    for (const host of hosts("postgres")) assert.doesNotMatch(machines.said(host), /leadership:/, "the engine has moved the primary before");
    for (const host of hosts("postgres")) await on(host, "journalctl --no-pager -u pgha-patroni | grep -q 'before_stop.*exited with 0'");
    await holds(acknowledged);
    assert.ok(acknowledged.length > 100);
    assert.deepEqual(errors, []);
    await allStream();
    await on(`${CLUSTER}-postgres-1`, "openssl x509 -in /etc/pgha/tls.crt -noout -ext subjectAltName | grep -q db.example.com");
  });

  it("comes back by itself from a reboot, with its secrets", async () => {
    const leader = await primary();
    for (const host of [hosts("postgres").find((one) => !one.endsWith(leader))!, hosts("edge")[1]]) {
      await machines.restart(host);
      const health = host.includes("edge") ? "pgbouncer" : "postgres";
      await on(host, "grep -q pgha-box-edge-1 /etc/hosts");
      await on(host, `for n in $(seq 120); do /usr/local/lib/pgha/${health}/health 2>/dev/null && exit 0; sleep 1; done; systemctl status 'pgha-*'; exit 1`);
    }
    await allStream();
  });

  it("goes on without the primary's machine, and takes its data up on another one", async () => {
    const lost = await primary();
    const host = `${CLUSTER}-${lost}`;
    const { acknowledged, errors, longestPause } = await writingDuring(outputs.writeUrl, async () => {
      await machines.lose(host);
      await up(CHANGED);
    });
    console.log(`      ${seconds.toFixed(0)} s, ${acknowledged.length} rows, ${errors.length} errors, longest pause ${longestPause.toFixed(1)} s`);
    assert.deepEqual(changed("machine"), [lost]);
    assert.deepEqual(changed("rollout"), [lost]);
    await holds(acknowledged);
    assert.ok(longestPause < spec.maxWriteOutage!, `${longestPause} s`);
    assert.ok(errors.length <= 3, errors.join("; "));
    await allStream();
    assert.notEqual(await primary(), lost);
    assert.doesNotMatch(await on(host, "journalctl --no-pager -u pgha-patroni"), /basebackup|bootstrap/, "its data was on the volume");
  });
});
