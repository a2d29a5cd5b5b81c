import assert from "node:assert/strict";
import { declareStack } from "../support/monitor";
import { prodConfiguration } from "../support/prod";
import { breaches } from "./awsLimits";

const AMI = "ami-0123456789abcdef0";
const NETWORKS = ["10.8.0.0/24", "10.9.0.0/24"];
const subnets = ["a", "b", "c"].map((letter, n) => ({ id: `subnet-0123456789abcde${n}`, zone: `us-east-1${letter}`, cidr: `172.16.${n}.0/24` }));
const baked = { packages: { source: "baked" } };

/** What people may write, by what is special about it. */
const configurations: Record<string, { aws?: object; raw?: object; stack?: string }> = {
  "as shipped": {},
  ...Object.fromEntries([1, 2, 5, 8, 10, 12, 14, 16, 19, 20, 23, 26, 27, 30].map((length) => [`a name of ${length}`, { raw: { name: "abcdefghij-klmnopqrst-uvwxyz-1".slice(0, length) } }])),
  "the stack staging": { stack: "staging" },
  "the stack production": { stack: "production" },
  "a small one": { aws: { size: "small" } },
  "a large one": { aws: { size: "large" } },
  "NAT in each zone": { aws: { network: { nat: "per-zone" } } },
  "no NAT": { aws: { network: { nat: "none" }, ...baked } },
  "no NAT, directly reached": { aws: { network: { nat: "none" }, ...baked, access: { way: "direct", cidrs: NETWORKS } } },
  "a VPC that is there": { aws: { network: { vpc: "vpc-0123456789abcdef0", subnets } } },
  "amd64": { aws: { architecture: "amd64" } },
  "etcd with Postgres": { aws: { etcd: "with-postgres" } },
  "five members of etcd": { raw: { etcd: { members: 5 } } },
  "seven standbys": { raw: { standbys: 7 } },
  "seven standbys that hold five members of etcd": { aws: { etcd: "with-postgres" }, raw: { standbys: 7, etcd: { members: 5 } } },
  "nine at the edge": { raw: { haproxy: { instances: 9 }, pgbouncer: { instances: 9 } } },
  "more poolers than proxies": { raw: { haproxy: { instances: 2 }, pgbouncer: { instances: 3 } } },
  "four zones": { aws: { zones: ["a", "b", "c", "d"].map((letter) => `us-east-1${letter}`) } },
  "clients and operators in one network": { aws: { clients: { cidrs: NETWORKS }, access: { way: "direct", cidrs: NETWORKS } } },
  "networks and groups named twice": {
    aws: { clients: { cidrs: [...NETWORKS, ...NETWORKS], securityGroups: ["sg-0123456789abcdef0", "sg-0123456789abcdef0"] }, access: { way: "direct", cidrs: [...NETWORKS, ...NETWORKS] } },
  },
  "a package proxy": { aws: { packages: { source: "pgdg", proxy: "http://10.20.1.200:443" } } },
  "another region": { aws: { region: "ap-northeast-1", zones: undefined } },
  "many roles": { raw: { roles: Array.from({ length: 30 }, (_, n) => ({ name: `application_${n}`, login: true })) } },
};

describe("what AWS takes", function () {
  this.timeout(60_000);

  for (const [title, { aws, raw, stack = "prod" }] of Object.entries(configurations))
    it(title, async () => {
      const { resources } = await declareStack({ ...prodConfiguration({ ami: AMI, ...aws }), ...raw }, stack);
      assert.deepEqual(breaches(resources), []);
    });
});
