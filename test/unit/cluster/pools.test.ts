import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigurationError } from "../../../infra/config/errors";
import { planCluster } from "../../../infra/plan";
import { poolWarnings } from "../../../infra/cluster/pools";
import { ClusterSpec } from "../../../infra/cluster/spec";
import { parseConfig } from "../../../infra/config";
import { pgbouncerFile } from "../../../infra/render/pgbouncer";

const MACHINE = { memory: 64 * 2 ** 30, cores: 4 };
const plan = (raw: object) => planCluster(parseConfig(raw, "dev", MACHINE));
const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `shop${index}` }));

/** By what the poolers are told: every pool of every pooler is full on one server, where the keepers are as well. */
function mostConnections(spec: ClusterSpec): number {
  const sums = spec.poolers.map((pooler) => {
    const { content } = pgbouncerFile(spec, pooler);
    const standard = Number(/^max_db_connections = (\d+)$/m.exec(content)![1]);
    const lines = content.split("\n").filter((line) => line.includes(" dbname="));
    const pools = lines.map((line) => Number(/ max_db_connections=(\d+)/.exec(line)?.[1] ?? standard));
    return pools.reduce((sum, each) => sum + each, 0) + lines.length * spec.proxies.length;
  });
  return sums.reduce((sum, each) => sum + each, 0);
}

describe("the pools of all databases", () => {
  it("never exceed max_connections with the keepers' sessions, or are refused", () => {
    const configurations = fc.record({
      databases: fc.array(fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }), { maxLength: 45 })
        .map((sizes) => sizes.map((poolSize, index) => ({ name: `shop${index}`, poolSize }))),
      pgbouncer: fc.record({ instances: fc.integer({ min: 1, max: 4 }), poolSize: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }) }),
      haproxy: fc.record({ instances: fc.integer({ min: 1, max: 4 }) }),
      postgres: fc.integer({ min: 20, max: 500 }).map((most) => ({ parameters: { max_connections: most } })),
    });
    let planned = 0;
    fc.assert(fc.property(configurations, (raw) => {
      let spec: ClusterSpec;
      try {
        spec = plan(raw);
      } catch (error) {
        if (error instanceof ConfigurationError) return;
        throw error;
      }
      planned++;
      const most = Number(spec.settings.max_connections);
      assert.ok(mostConnections(spec) <= most - 5 - Math.min(15, Math.floor(most / 10)), `${mostConnections(spec)} of ${most}`);
    }));
    assert.ok(planned > 5, `${planned} were planned`);
  });

  it("leave a database the size that is declared for it, and share the rest equally", () => {
    const spec = plan({ databases: [{ name: "shop", poolSize: 12 }, { name: "crm" }] });
    assert.deepEqual(spec.pool.declared, { shop: { poolSize: 12, reservePoolSize: 3, maxDatabaseConnections: 15 } });
    // (200 − 5 − 15 − 24 of the keepers) / 4 − 15 for shop, halved
    assert.deepEqual([spec.pool.maxDatabaseConnections, spec.pool.poolSize, spec.pool.reservePoolSize], [12, 9, 3]);
    const { content } = pgbouncerFile(spec, spec.poolers[0]);
    for (const pool of ["shop", "shop_ro"])
      assert.match(content, new RegExp(`^${pool} = .* pool_size=12 reserve_pool_size=3 max_db_connections=15$`, "m"));
    assert.match(content, /^crm = .*load_balance_hosts=disable$/m);
    assert.match(content, /^default_pool_size = 9$/m);
  });

  it("keep no more connections open than the smallest of them may have", () =>
    assert.equal(plan({ databases: [{ name: "shop", poolSize: 2 }] }).pool.minPoolSize, 2));

  it("are refused where one would have none, with what would be enough", () => {
    const refusal = (raw: object) => {
      try {
        plan(raw);
      } catch (error) {
        return (error as ConfigurationError).faults[0];
      }
      return assert.fail("it was planned");
    };
    const many = refusal({ databases: named(40) });
    assert.equal(many.key, "pgha:cluster.databases");
    assert.match(many.problem, /2 poolers × 82 databases and 328 sessions of their keepers exceed what max_connections 200 leaves/);
    const enough = Number(/max_connections to (\d+) at least/.exec(many.remedy)![1]);
    const { pool } = plan({ databases: named(40), postgres: { parameters: { max_connections: enough } } });
    assert.equal(pool.poolSize, 1);
    assert.match(refusal({ databases: named(40), postgres: { parameters: { max_connections: enough - 1 } } }).problem, /exceed/);
    assert.equal(refusal({ databases: [{ name: "shop", poolSize: 100 }] }).key, "pgha:cluster.databases.0.poolSize");
    assert.equal(refusal({ databases: [{ name: "app", poolSize: 100 }] }).key, "pgha:cluster.databases.0.poolSize");
  });

  it("are warned of where databases share so many connections that a pool has less than five", () => {
    assert.deepEqual(poolWarnings(plan({ databases: named(2) })), []);
    const [warning] = poolWarnings(plan({ databases: named(7) }));
    assert.match(warning.problem, /^8 of them share max_connections 200: 3 server connections/);
    assert.match(warning.remedy, /max_connections.*poolSize/);
  });

  it("give a role of limited connections its share at each pooler, and refuse a limit that leaves one without", () => {
    const spec = plan({ roles: [{ name: "reporting", connectionLimit: 5 }, { name: "other" }, { name: "feed", connectionLimit: 1, replication: true }] });
    for (const pooler of spec.poolers) assert.match(pgbouncerFile(spec, pooler).content, /\[users\]\nreporting = max_user_connections=2\n\n\[pgbouncer\]/);
    assert.throws(() => plan({ roles: [{ name: "reporting", connectionLimit: 1 }] }), /roles\.0\.connectionLimit: 1 cannot be shared by 2 poolers.*raise it to 2/);
  });
});
