import assert from "node:assert/strict";
import { ConfigurationError } from "../../infra/config/errors";
import { planCluster } from "../../infra/plan";
import { parseConfig } from "../../infra/config";
import { badConfigurations } from "./support/badConfigurations";
import { badEc2Configurations } from "./support/badEc2Configurations";
import { MACHINE } from "./support/monitor";

const plan = (raw: unknown) => planCluster(parseConfig(raw, "test", MACHINE));

describe("the configuration", () => {
  const machines = { region: "us-east-1", ami: "ami-0123456789abcdef0" };
  const onEc2 = badEc2Configurations.map(({ title, aws, raw, key, says }) => ({
    title: `${title}, on EC2`, raw: { target: "aws", aws: { ...machines, ...aws }, ...raw }, key, says,
  }));
  for (const { title, raw, key, says } of [...badConfigurations, ...onEc2])
    it(`refuses ${title}, by one message that names the key and the remedy`, () => {
      assert.throws(
        () => plan(raw),
        (error: ConfigurationError) => {
          assert.ok(error instanceof ConfigurationError, String(error));
          const found = error.faults.filter((fault) => fault.key === ["pgha:cluster", key].filter(Boolean).join("."));
          assert.equal(error.faults.length, 1, error.message);
          assert.equal(found.length, 1, error.message);
          assert.match(`${found[0].problem}; ${found[0].remedy}`, says);
          return true;
        },
      );
    });

  it("reports every fault at once", () => {
    assert.throws(() => plan({ standbys: 9, etcd: { members: 4 }, nonsense: 1 }), (error: ConfigurationError) => error.faults.length === 3);
    assert.throws(
      () => plan({ standbys: 1, replication: { mode: "strict", synchronousStandbys: 2 }, postgres: { parameters: { fsync: "off" } } }),
      (error: ConfigurationError) => error.faults.length === 3,
    );
  });

  it("reports of a promise both what has no end and what takes too long", () => {
    const keys = (error: ConfigurationError) => error.faults.map(({ key }) => key.replace("pgha:cluster.", ""));
    assert.throws(
      () => plan({ haproxy: { instances: 1 }, availability: { maxWriteOutage: 10 } }),
      (error: ConfigurationError) => (assert.deepEqual(keys(error), ["haproxy.instances", "availability.maxWriteOutage"]), true),
    );
  });

  it("needs nothing: {} and nothing at all are the same default cluster", () => {
    assert.deepEqual(plan({}), plan(undefined));
    const spec = plan({});
    assert.equal(spec.version, 18);
    assert.deepEqual([spec.etcd.length, spec.members.length, spec.proxies.length, spec.poolers.length], [3, 3, 2, 2]);
    assert.deepEqual(spec.replication, { mode: "quorum", synchronousStandbys: 1 });
    assert.equal(spec.name, "pgha-test");
  });
});
