import type { AwsConfig } from "../../config/aws";
import type { ClusterConfig } from "../../config";
import { overlap, parseNetwork, size } from "./addresses";
import { prices } from "./prices";
import { Ec2Plan, rolesOf } from "./spec";
import { instanceTypeOf, zonesOf } from "./place";
import { otherPartition, regions } from "./regions";
import { Fault } from "../../config/errors";
import type { ClusterSpec } from "../spec";
import { GIB } from "../../config/units";

/** What cannot work, or would break a promise, on EC2. */
export function findEc2Faults(config: ClusterConfig, spec: ClusterSpec): Fault[] {
  const { aws, target } = config;
  if (target !== "aws") return aws ? [fault("", "has no meaning with target docker", "set target: aws, or remove it")] : [];
  if (!aws || !spec.ec2) return [fault("", "is needed by target aws", "give it at least region and ami")];
  return [
    ...nameFaults(spec.name),
    ...zoneFaults(aws, spec),
    ...networkFaults(aws, spec.ec2),
    ...wayFaults(aws),
    ...machineFaults(aws, spec.ec2, config),
    ...volumeFaults(spec.ec2),
    ...portFaults(config),
  ];
}

/** What AWS keeps for itself: ids of security groups, load balancers of its own, kinds of buckets. */
function nameFaults(name: string): Fault[] {
  const taken = /^(sg|internal|xn-|sthree|amzn-s3-demo)-/.exec(name);
  return taken ? [{ key: "pgha:cluster.name", problem: `begins with ${taken[0]}, which AWS keeps for itself`, remedy: "begin it otherwise" }] : [];
}

function zoneFaults(aws: AwsConfig, { etcd, ec2 }: ClusterSpec): Fault[] {
  if (otherPartition.test(aws.region))
    return [fault("region", `${aws.region} is of a partition of its own, whose policies and addresses are not known here`, "use a region of AWS's commercial partition")];
  const zones = zonesOf(aws);
  const faults: Fault[] = [];
  if (!aws.zones && !regions[aws.region]) faults.push(fault("zones", `are not known of ${aws.region}`, "name three: aws ec2 describe-availability-zones"));
  for (const zone of zones)
    if (zone.slice(0, -1) !== aws.region) faults.push(fault("zones", `${zone} is not in ${aws.region}`, "name zones of aws.region"));
  if (new Set(zones).size < zones.length) faults.push(fault("zones", "names a zone twice", "name each once"));
  const inZone = zones.map((_, index) => etcd.filter((_member, at) => at % zones.length === index).length);
  if (Math.max(...inZone) > etcd.length / 2) {
    const [key, remedy] = etcd.length < 3 ? ["etcd.members", "use 3 or 5"] : ["aws.zones", "name three zones"];
    faults.push({ key: `pgha:cluster.${key}`, problem: "one zone would hold the majority of etcd, and its loss would leave no primary", remedy });
  }
  const postgres = ec2!.nodes.filter(({ role }) => role === "postgres").length;
  if (aws.etcd === "with-postgres" && etcd.length > postgres)
    faults.push(fault("etcd", `with-postgres has ${postgres} machines for ${etcd.length} members`, `raise standbys to ${etcd.length - 1}, or use own`));
  return faults;
}

function networkFaults(aws: AwsConfig, { subnets }: Ec2Plan): Fault[] {
  const { cidr, vpc, subnets: given, firstAddress, nat } = aws.network;
  const faults: Fault[] = [];
  const cidrs = vpc
    ? given.map((subnet, index) => ({ key: `network.subnets.${index}.cidr`, text: subnet.cidr }))
    : [{ key: "network.cidr", text: cidr }];
  for (const { key, text } of cidrs)
    if (!parseNetwork(text)) faults.push(fault(key, `${text} is not a network`, "write its first address and its length, as 10.20.0.0/16"));
  const bits = parseNetwork(cidr)?.bits ?? 16;
  if (!vpc && (bits < 16 || bits > 22)) faults.push(fault("network.cidr", `/${bits} is not a size for it`, "use /16 to /22"));
  if (!vpc && zonesOf(aws).length > 4) faults.push(fault("zones", "an own VPC is laid out for up to 4 zones", "name fewer, or give network.vpc"));
  if (!vpc && given.length) faults.push(fault("network.subnets", "belong to a VPC that is not named", "name it in network.vpc, or remove them"));
  if (vpc && nat) faults.push(fault("network.nat", "is not ours to make in a VPC that is there already", "remove it"));
  for (const { zone, cidr: text } of vpc ? subnets : []) {
    const network = parseNetwork(text || "-");
    if (!text) faults.push(fault("network.subnets", `has none in ${zone}`, "give one for each zone"));
    else if (network && size(network) < firstAddress + 48 + 1)
      faults.push(fault("network.subnets", `${text} has no room for the 48 addresses from number ${firstAddress} on`, "give a larger subnet, or lower network.firstAddress"));
  }
  const parsed = (vpc ? given : []).flatMap(({ cidr: text }) => parseNetwork(text) ?? []);
  if (parsed.some((a, index) => parsed.slice(0, index).some((b) => overlap(a, b)))) faults.push(fault("network.subnets", "overlap", "give disjoint ones"));
  return faults;
}

/** Who may come in, and how the machines get out. */
function wayFaults(aws: AwsConfig): Fault[] {
  const faults: Fault[] = [];
  for (const [key, list] of [["clients.cidrs", aws.clients.cidrs], ["access.cidrs", aws.access.cidrs]] as const)
    list.forEach((text, index) => {
      const network = parseNetwork(text);
      if (!network) faults.push(fault(`${key}.${index}`, `${text} is not a network`, "write its first address and its length"));
      else if (network.bits < 8) faults.push(fault(`${key}.${index}`, `${text} is open to the world`, "name the networks that need it"));
    });
  if (aws.access.way === "direct" && !aws.access.cidrs.length)
    faults.push(fault("access.cidrs", "is empty, so nobody could apply settings and SQL", "name the network you come from, or use access.way ssm"));
  if (aws.network.nat === "none" && aws.packages.source !== "baked" && !aws.packages.proxy)
    faults.push(fault("network.nat", "none leaves the machines without a way to a package repository", "use packages.source baked, or name a packages.proxy inside the VPC"));
  return faults;
}

function machineFaults(aws: AwsConfig, plan: Ec2Plan, { postgres }: ClusterConfig): Fault[] {
  return rolesOf(plan).flatMap((role) => {
    const key = `instances.${role}`;
    const type = instanceTypeOf(aws, role);
    const known = prices.instances[type];
    if (!/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(type)) return [fault(key, `"${type}" is not an instance type`, "write one such as r7g.xlarge")];
    if (known && known.architecture !== aws.architecture)
      return [fault(key, `${type} is ${known.architecture}, not ${aws.architecture}`, "choose another type, or another aws.architecture (and the image for it)")];
    if (!known && role === "postgres" && (!postgres.memory || !postgres.cores))
      return [fault(key, `${type} is not in the price table, so its memory and cores are not known`, "set postgres.memory and postgres.cores")];
    return [];
  });
}

/** gp3 has at most 500 operations a second for each GiB, and 0.25 MiB/s for each of these. Source: EBS user guide, "General Purpose SSD volumes". */
function volumeFaults({ nodes }: Ec2Plan): Fault[] {
  const volumes = nodes.find(({ role }) => role === "postgres")?.volumes.filter(({ name }) => name !== "etcd") ?? [];
  return volumes.flatMap(({ name, gib, iops, throughput }) => {
    const faults: Fault[] = [];
    if (gib < 10) faults.push(fault(`volumes.${name}.size`, `${gib} GiB are too small`, "give it at least 10GiB"));
    if (gib > 65_536) faults.push(fault(`volumes.${name}.size`, `${gib} GiB are more than gp3 has`, "give it at most 64TiB"));
    if (gib >= 10 && iops > gib * 500) faults.push(fault(`volumes.${name}.iops`, `${iops} need a volume of ${Math.ceil(iops / 500)} GiB`, `lower it, or raise volumes.${name}.size`));
    if (throughput > iops / 4) faults.push(fault(`volumes.${name}.throughput`, `${throughput} MiB/s need ${throughput * 4} iops`, `lower it, or raise volumes.${name}.iops`));
    return faults;
  });
}

/** Keys of containers that machines have no use for. */
function portFaults({ ports, postgres }: ClusterConfig): Fault[] {
  const standard = { pgbouncer: 6432, write: 5432, read: 5433, stats: 8404, patroni: 8008, offset: 0 };
  const changed = (Object.keys(standard) as (keyof typeof standard)[]).filter((name) => ports[name] !== standard[name]);
  const faults = changed.map((name) => ({ key: `pgha:cluster.ports.${name}`, problem: "is for containers on one machine", remedy: "remove it: machines of their own have the standard ports" }));
  if (postgres.disk !== 20 * GIB)
    faults.push({ key: "pgha:cluster.postgres.disk", problem: "is for containers", remedy: "remove it: aws.volumes has the sizes" });
  return faults;
}

function fault(key: string, problem: string, remedy: string): Fault {
  return { key: ["pgha:cluster.aws", key].filter(Boolean).join("."), problem, remedy };
}
