import assert from "node:assert/strict";
import fc from "fast-check";
import { overlap, parseNetwork, size } from "../../../../infra/cluster/ec2/addresses";
import { monthlyCost } from "../../../../infra/cluster/ec2/cost";
import type { Ec2Node } from "../../../../infra/cluster/ec2/spec";
import { zonesOf } from "../../../../infra/cluster/ec2/place";
import { planCluster } from "../../../../infra/plan";
import type { ClusterSpec } from "../../../../infra/cluster/spec";
import { parseConfig } from "../../../../infra/config";
import { MACHINE } from "../../support/monitor";
import { prodConfiguration } from "../../support/prod";

const configurations = fc.record({
  standbys: fc.integer({ min: 2, max: 7 }),
  etcd: fc.record({ members: fc.constantFrom(3, 5) }),
  haproxy: fc.record({ instances: fc.integer({ min: 1, max: 9 }) }),
  pgbouncer: fc.record({ instances: fc.integer({ min: 1, max: 9 }) }),
  zones: fc.constantFrom(["a", "b", "c"], ["a", "b", "c", "d"], ["f", "b", "a"]),
  bits: fc.integer({ min: 16, max: 22 }),
  second: fc.integer({ min: 0, max: 255 }),
  size: fc.constantFrom("small", "medium", "large"),
  architecture: fc.constantFrom("arm64", "amd64"),
  together: fc.boolean(),
});

function forEveryCluster(check: (spec: ClusterSpec) => void) {
  fc.assert(
    fc.property(configurations, ({ zones, bits, second, size, architecture, together, etcd, ...rest }) => {
      const aws = {
        region: "us-east-1", ami: "ami-0123456789abcdef0", size, architecture,
        zones: zones.map((letter) => `us-east-1${letter}`),
        network: { cidr: `10.${second}.0.0/${bits}` },
        etcd: together && rest.standbys + 1 >= etcd.members ? "with-postgres" : "own",
      };
      check(planCluster(parseConfig({ target: "aws", aws, etcd, ...rest }, "prod", MACHINE)));
    }),
  );
}
const number = (address: string) => address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
const inNetwork = (address: string, cidr: string) => {
  const network = parseNetwork(cidr)!;
  // AWS keeps the first four addresses and the last one
  return number(address) >= network.base + 4 && number(address) < network.base + size(network) - 1;
};
const perZone = (nodes: Ec2Node[]) => [...new Set(nodes.map(({ zone }) => zone))].map((zone) => nodes.filter((node) => node.zone === zone).length);

describe("the plan of a cluster on EC2", () => {
  it("gives every machine an address of its own, within the subnet of its zone", () =>
    forEveryCluster(({ ec2 }) => {
      const { nodes, subnets } = ec2!;
      assert.equal(new Set(nodes.map(({ address }) => address)).size, nodes.length);
      for (const { address, zone } of nodes) assert.ok(inNetwork(address, subnets.find((subnet) => subnet.zone === zone)!.cidr), address);
    }));

  it("lays subnets out in the VPC, none over another", () =>
    forEveryCluster(({ ec2 }) => {
      const { subnets, publicSubnets, config } = ec2!;
      const all = [...subnets, ...publicSubnets].map(({ cidr }) => parseNetwork(cidr)!);
      const vpc = parseNetwork(config.network.cidr)!;
      for (const [index, one] of all.entries()) {
        assert.ok(one.base >= vpc.base && one.base + size(one) <= vpc.base + size(vpc));
        assert.ok(size(one) >= 16, "the least that AWS takes");
        for (const other of all.slice(0, index)) assert.ok(!overlap(one, other));
      }
    }));

  it("has no majority of etcd in one zone, nor all of any other kind", () =>
    forEveryCluster(({ ec2, etcd }) => {
      const holders = ec2!.nodes.filter(({ names }) => etcd.some(({ host }) => names.includes(host)));
      assert.equal(holders.length, etcd.length);
      assert.ok(Math.max(...perZone(holders)) < etcd.length / 2);
      for (const role of ["postgres", "edge"]) {
        const nodes = ec2!.nodes.filter((node) => node.role === role);
        if (nodes.length > 1) assert.ok(Math.max(...perZone(nodes)) < nodes.length);
      }
    }));

  it("reserves a block of its subnet for every machine's address, and no block twice", () =>
    forEveryCluster(({ ec2 }) => {
      const { nodes, reserved, subnets } = ec2!;
      assert.equal(new Set(reserved.map(({ cidr }) => cidr)).size, reserved.length);
      for (const { zone, cidr } of reserved) assert.ok(overlap(parseNetwork(cidr)!, parseNetwork(subnets.find((subnet) => subnet.zone === zone)!.cidr)!));
      for (const { address, zone } of nodes)
        assert.ok(reserved.some((one) => one.zone === zone && overlap(parseNetwork(one.cidr)!, parseNetwork(`${address}/32`)!)), address);
    }));

  it("takes the zones that a region has", () => {
    const zones = (region: string) => zonesOf(parseConfig(prodConfiguration({ region }), "prod", MACHINE).aws!);
    assert.deepEqual(zones("ap-northeast-1"), ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]);
    assert.deepEqual(zones("ca-central-1"), ["ca-central-1a", "ca-central-1b", "ca-central-1d"]);
    assert.deepEqual(zones("eu-central-1"), ["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
  });

  it("keeps machines where they are when more are added", () =>
    forEveryCluster((spec) => {
      if (spec.members.length > 7 || spec.ec2!.config.etcd !== "own") return;
      const { config } = spec.ec2!;
      const raw = { target: "aws", aws: { region: config.region, ami: config.ami, zones: config.zones, network: { cidr: config.network.cidr } }, standbys: spec.members.length, pgbouncer: { instances: 9 } };
      const larger = planCluster(parseConfig(raw, "prod", MACHINE)).ec2!.nodes;
      for (const { name, address, zone } of spec.ec2!.nodes.filter(({ role }) => role === "postgres")) {
        const same = larger.find((node) => node.name === name)!;
        assert.deepEqual([same.address, same.zone], [address, zone]);
      }
    }));

  it("lets a client verify whatever it comes through: a machine's name or address, the load balancer's name", () =>
    forEveryCluster(({ ec2, members, proxies }) => {
      for (const node of ec2!.nodes) for (const name of [...node.names, node.address, "127.0.0.1"]) assert.ok(node.certificateNames.includes(name), name);
      for (const { certificateNames } of members)
        for (const way of [...proxies.flatMap(({ host, address }) => [host, address]), ec2!.balancer]) assert.ok(certificateNames.includes(way), way);
    }));

  it("has every machine of Postgres keep data and WAL on volumes of their own, and no other machine", () =>
    forEveryCluster(({ ec2 }) => {
      for (const { role, volumes } of ec2!.nodes) {
        const names: string[] = volumes.map(({ name }) => name);
        assert.equal(names.includes("data") && names.includes("wal"), role === "postgres");
        assert.equal(role === "edge", volumes.length === 0);
      }
    }));

  it("tunes Postgres for its machine, and WAL for its volume", () => {
    const spec = planCluster(parseConfig(prodConfiguration(), "prod", MACHINE));
    assert.equal(spec.settings.shared_buffers, "8GB");
    assert.equal(spec.settings.max_worker_processes, 8);
    assert.equal(spec.settings.max_wal_size, "8GB");
  });
});

describe("the cost of a cluster on EC2", () => {
  const cost = (aws: object) => monthlyCost(planCluster(parseConfig(prodConfiguration(aws), "prod", MACHINE)).ec2!);

  it("is what Pulumi.prod.yaml says of the three sizes", () =>
    assert.deepEqual(["small", "medium", "large"].map((size) => cost({ size }).month), [341, 774, 2900]));

  it("adds up: machines by the hour, volumes by size and speed", () => {
    const { items, month } = cost({});
    const of = (start: string) => items.find(({ item }) => item.startsWith(start))!.month;
    assert.equal(of("postgres r7g.xlarge"), Math.round(3 * 0.2142 * 730 * 100) / 100);
    assert.equal(of("volume data"), 48);
    assert.equal(month, Math.round(items.reduce((sum, item) => sum + item.month!, 0)));
    const fast = cost({ volumes: { data: { size: "200GiB", iops: 4000, throughput: 225 } } });
    assert.equal(fast.items.find(({ item }) => item.startsWith("volume data"))!.month, 48 + 3 * (1000 * 0.005 + 100 * 0.04));
  });

  it("grows with a gateway for each zone, shrinks with etcd beside Postgres, and says what has no price", () => {
    assert.ok(cost({ network: { nat: "per-zone" } }).month > cost({}).month);
    assert.ok(cost({ etcd: "with-postgres" }).month < cost({}).month);
    assert.equal(cost({ instances: { edge: "x9z.huge" } }).items.find(({ item }) => item.startsWith("edge"))!.month, undefined);
  });
});
