import assert from "node:assert/strict";
import { fingerprint } from "../../../infra/targets/fingerprint";
import { declareStack, isSecret, Registered } from "../support/monitor";

const CONTAINER = "docker:index/container:Container";

describe("pulumi up as a rolling change", function () {
  this.timeout(20_000);
  let resources: Registered[];
  const find = (all: Registered[], name: string) => all.find((resource) => resource.name === `pgha-test-${name}`)!;
  const label = ({ inputs }: Registered) => inputs.labels.find((one: { label: string }) => one.label === "pgha.fingerprint").value;
  const containers = (all: Registered[]) => all.filter(({ type }) => type === CONTAINER);

  before(async () => ({ resources } = await declareStack({})));

  it("has a handover before each container, after the container before it", () => {
    for (const { name, dependencies } of containers(resources)) assert.ok(dependencies.includes(`${name}-handover`), name);
    for (const [service, count] of [["etcd", 3], ["postgres", 3], ["haproxy", 2], ["pgbouncer", 2]] as const)
      for (let n = 2; n <= count; n++)
        assert.ok(find(resources, `${service}-${n}-handover`).dependencies.includes(`pgha-test-${service}-${n - 1}`), `${service}-${n}`);
  });

  it("hands a handover the fingerprint its container is labelled with, in clear, and no secret in clear", () => {
    for (const container of containers(resources)) {
      const { inputs } = resources.find(({ name }) => name === `${container.name}-handover`)!;
      assert.match(inputs.fingerprint, /^[0-9a-f]{16}$/);
      assert.equal(inputs.fingerprint, label(container));
    }
    const { control } = find(resources, "postgres-1-handover").inputs;
    assert.ok(isSecret(control));
  });

  it("waits for the others: members of a service, and for Postgres etcd and the renewed proxies and poolers", () => {
    const neighbours = (name: string) => find(resources, `${name}-handover`).inputs.neighbours.map(({ container }: { container: string }) => container.replace("pgha-test-", ""));
    assert.deepEqual(neighbours("etcd-2"), ["etcd-1", "etcd-3"]);
    assert.deepEqual(neighbours("haproxy-1"), ["haproxy-2"]);
    assert.deepEqual(neighbours("postgres-1"), ["etcd-1", "etcd-2", "etcd-3", "haproxy-1", "haproxy-2", "pgbouncer-1", "pgbouncer-2"]);
    const later = (name: string) => find(resources, `${name}-handover`).inputs.neighbours.filter((one: { later?: boolean }) => one.later).length;
    assert.deepEqual([later("etcd-1"), later("etcd-2"), later("etcd-3"), later("postgres-1")], [2, 1, 0, 0], "those that are made only after it");
    for (const { container, fingerprint: wanted } of find(resources, "postgres-1-handover").inputs.neighbours.slice(3))
      assert.equal(wanted, label(containers(resources).find(({ name }) => name === container)!), container);
  });

  it("changes a fingerprint exactly when the container is replaced", async () => {
    const differing = async (raw: object) => {
      const other = (await declareStack(raw)).resources;
      return containers(resources).filter((one) => label(one) !== label(containers(other).find(({ name }) => name === one.name)!)).map(({ name }) => name.replace("pgha-test-", ""));
    };
    assert.deepEqual(await differing({}), []);
    assert.deepEqual(await differing({ postgres: { parameters: { work_mem: "9MB" } } }), [], "bootstrap settings are history");
    assert.deepEqual(await differing({ pgbouncer: { maxClientConnections: 1999 } }), ["pgbouncer-1", "pgbouncer-2"]);
    assert.deepEqual((await differing({ postgres: { memory: "777MiB" } })).filter((name) => !name.startsWith("pgbouncer")), ["postgres-1", "postgres-2", "postgres-3"]);
  });

  it("hashes all that goes in", () => {
    assert.notEqual(fingerprint({ envs: ["A=1"] }), fingerprint({ envs: ["A=2"] }));
    assert.equal(fingerprint({ envs: ["A=secret"] }), fingerprint({ envs: ["A=secret"] }));
    assert.ok(!fingerprint({ envs: ["A=secret"] }).includes("secret"));
  });
});
