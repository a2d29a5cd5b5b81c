import assert from "node:assert/strict";
import fc from "fast-check";
import { planCluster } from "../../infra/plan";
import { ClusterSpec } from "../../infra/cluster/spec";
import { parseConfig } from "../../infra/config";

const GIB = 2 ** 30;
const configurations = fc.record({
  profile: fc.constantFrom("oltp", "ecommerce", "logs", "bulk", "warehouse", "logical"),
  standbys: fc.integer({ min: 1, max: 7 }),
  etcd: fc.record({ members: fc.constantFrom(1, 3, 5) }),
  haproxy: fc.record({ instances: fc.integer({ min: 1, max: 3 }) }),
  pgbouncer: fc.record({ instances: fc.integer({ min: 1, max: 3 }) }),
  postgres: fc.record({ version: fc.constantFrom(17, 18) }),
  ports: fc.record({ offset: fc.integer({ min: 0, max: 50_000 }) }),
});
const machines = fc.record({ memory: fc.integer({ min: 1, max: 1024 }).map((gib) => gib * GIB), cores: fc.integer({ min: 1, max: 256 }) });

function forEveryCluster(check: (spec: ClusterSpec) => void) {
  fc.assert(fc.property(configurations, machines, (raw, machine) => check(planCluster(parseConfig(raw, "dev", machine)))));
}

describe("the plan of a cluster", () => {
  it("never refuses what the defaults derive", () => forEveryCluster(() => undefined));

  it("gives every server its own name and every service its own port", () =>
    forEveryCluster((spec) => {
      const hosts = [...spec.etcd, ...spec.members, ...spec.proxies, ...spec.poolers].map(({ host }) => host);
      assert.equal(new Set(hosts).size, hosts.length);
      const ports = [
        ...spec.members.map(({ patroniPort }) => patroniPort),
        ...spec.proxies.flatMap(({ writePort, readPort, statsPort }) => [writePort, readPort, statsPort]),
        ...spec.poolers.map(({ port }) => port),
      ];
      assert.equal(new Set(ports).size, ports.length);
      assert.ok(Math.max(...ports) < 65536);
    }));

  it("keeps all pools together below max_connections, with some left for people", () =>
    forEveryCluster(({ pool, poolers, proxies, settings }) => {
      assert.ok(pool.poolSize + pool.reservePoolSize <= pool.maxDatabaseConnections);
      const most = poolers.length * 2 * (pool.maxDatabaseConnections + proxies.length);
      assert.ok(most <= Number(settings.max_connections) - Number(settings.superuser_reserved_connections) - 4, `${most}`);
    }));

  it("lets a client that comes through any proxy verify any server", () =>
    forEveryCluster(({ members, proxies }) => {
      for (const { certificateNames, host } of members) {
        for (const proxy of proxies) assert.ok(certificateNames.includes(proxy.host));
        for (const name of [host, "localhost", "127.0.0.1"]) assert.ok(certificateNames.includes(name));
      }
    }));

  it("has every pooler know every proxy, neighbours beginning with different ones", () =>
    forEveryCluster(({ poolers, proxies }) => {
      for (const pooler of poolers) assert.deepEqual([...pooler.proxies].sort(), proxies.map(({ host }) => host).sort());
      if (proxies.length > 1 && poolers.length > 1) assert.notEqual(poolers[0].proxies[0], poolers[1].proxies[0]);
    }));

  it("plans timers that Patroni does not rewrite, and restarts an asynchronous primary in place first", () =>
    forEveryCluster(({ timers, replication }) => {
      assert.ok(timers.ttl >= 8 && timers.loopWait >= 1 && timers.retryTimeout >= 3);
      assert.ok(timers.loopWait + 2 * timers.retryTimeout <= timers.ttl);
      assert.equal(timers.primaryStartTimeout > 0, replication.mode === "asynchronous");
    }));

  it("runs scheduled jobs in the application database, whatever else is preloaded", () => {
    const { settings } = planCluster(parseConfig(
      { database: { name: "shop" }, postgres: { parameters: { shared_preload_libraries: "auto_explain, pg_cron" } } }, "dev", { memory: GIB, cores: 1 }));
    assert.equal(settings.shared_preload_libraries, "pg_stat_statements,pg_cron,auto_explain");
    assert.equal(settings["cron.database_name"], "shop");
    assert.equal(settings["cron.use_background_workers"], "on");
  });

  it("keeps the names of a cluster apart from another's", () => {
    const hosts = (stack: string) => planCluster(parseConfig({}, stack, { memory: GIB, cores: 1 })).members.map(({ host }) => host);
    assert.equal(hosts("a").filter((host) => hosts("b").includes(host)).length, 0);
  });
});

describe("extensions and libraries that the servers' packages lack", () => {
  const plan = (more: object) => () => planCluster(parseConfig({ databases: [{ name: "app", extensions: [{ name: "vector" }] }], postgres: { parameters: { shared_preload_libraries: "pgaudit" } }, ...more }, "dev", { memory: 8 * GIB, cores: 4 }));

  it("are refused where pgha alone has chosen the packages", () => assert.throws(plan({}), /no extension "vector"[^]*no library "pgaudit"/));

  it("are not where the image is the user's own", () => void plan({ images: { base: "registry.example.com/debian-with-pgvector:1" } })());
});
