import type { AwsConfig } from "../../config/aws";
import type { ClusterConfig } from "../../config";
import { addressAt, format, parseNetwork, part } from "./addresses";
import { prices } from "./prices";
import type { Role, Ec2Volume, Ec2Node, Ec2Plan } from "./spec";
import { regions } from "./regions";
import { sizes } from "./sizes";
import type { ClusterSpec, Server } from "../spec";
import { GIB } from "../../config/units";

/** Addresses of a role begin this far behind `network.firstAddress`; each has 16 of them, a /28. */
const OFFSETS: Record<Role, number> = { etcd: 0, postgres: 16, edge: 32 };

export function zonesOf(aws: AwsConfig): string[] {
  return aws.zones ?? (regions[aws.region] ?? "abc").slice(0, 3).split("").map((letter) => aws.region + letter);
}

/** Instance type of a role, as configured or by size. */
export function instanceTypeOf(aws: AwsConfig, role: Role): string {
  return aws.instances[role] ?? sizes[aws.size].instances[aws.architecture][role];
}

/** What one Postgres server is tuned for. `disk` is that of its WAL: what it bounds is WAL. */
export function ec2Resources({ aws, postgres, machine }: ClusterConfig) {
  const type = aws && prices.instances[instanceTypeOf(aws, "postgres")];
  return {
    memory: postgres.memory ?? (type ? type.memoryGiB * GIB : machine.memory),
    cores: postgres.cores ?? type?.cores ?? machine.cores,
    disk: aws ? (aws.volumes.wal.size ?? sizes[aws.size].volumes.wal.gib * GIB) : postgres.disk,
  };
}

/**
 * Places a planned cluster on machines: each in the zone and at the address it keeps for life, so that every file can be
 * written before the first machine is there. A proxy and a pooler of one number share a machine.
 */
export function placeOnEc2(spec: ClusterSpec, aws: AwsConfig): ClusterSpec {
  const zones = zonesOf(aws);
  const { subnets, publicSubnets } = planSubnets(aws, zones);
  const domain = `${spec.name}.internal`;
  const balancer = `db.${domain}`;
  const networks = subnets.map(({ cidr }) => parseNetwork(cidr) ?? { base: 0, bits: 32 });
  const zoneAt = (index: number) => index % zones.length;
  const addressOf = (role: Role, index: number) =>
    addressAt(networks[zoneAt(index)], aws.network.firstAddress + OFFSETS[role] + Math.floor(index / zones.length));
  const etcdRole = aws.etcd === "own" ? "etcd" : "postgres";
  const at = <T extends Server>(role: Role, server: T, index: number): T => ({ ...server, address: addressOf(role, index) });

  const etcd = spec.etcd.map((member, index) => at(etcdRole, member, index));
  const proxies = spec.proxies.map((proxy, index) => at("edge", proxy, index));
  const poolers = spec.poolers.map((pooler, index) => at("edge", pooler, index));
  // A client that comes through a proxy or the load balancer checks that one's name against the server's certificate
  const ways = [...proxies.flatMap(({ host, address }) => [host, address]), balancer];
  const members = spec.members.map((member, index) => {
    const server = at("postgres", member, index);
    return { ...server, certificateNames: [...server.certificateNames, ...ways.filter((way) => !server.certificateNames.includes(way))] };
  });

  const machine = (role: Role, index: number, services: Server[]): Ec2Node => {
    const name = `${role}-${index + 1}`;
    const host = `${spec.name}-${name}`;
    const address = addressOf(role, index);
    const names = [...new Set([host, ...services.map((service) => service.host)])];
    const further = role === "edge" ? [balancer] : [];
    return {
      name, host, role, address, names,
      zone: zones[zoneAt(index)],
      instanceType: instanceTypeOf(aws, role),
      volumes: planVolumes(aws, role, services.some((service) => etcd.some(({ host }) => host === service.host))),
      certificateNames: [...new Set([...names, address, ...further, ...services.flatMap(({ certificateNames }) => certificateNames)])],
    };
  };
  const together = etcdRole === "postgres";
  const nodes = [
    ...(together ? [] : etcd.map((member, index) => machine("etcd", index, [member]))),
    ...members.map((member, index) => machine("postgres", index, [member, ...(together ? etcd.slice(index, index + 1) : [])])),
    ...Array.from({ length: Math.max(proxies.length, poolers.length) }, (_, index) =>
      machine("edge", index, [...proxies.slice(index, index + 1), ...poolers.slice(index, index + 1)])),
  ];
  const roles = aws.network.reserve ? [...new Set(nodes.map(({ role }) => role))] : [];
  const reserved = subnets.flatMap(({ zone }, index) =>
    roles.map((role) => ({ zone, role, cidr: format({ base: networks[index].base + aws.network.firstAddress + OFFSETS[role], bits: 28 }) })));
  const nat = aws.network.vpc ? "none" : (aws.network.nat ?? sizes[aws.size].nat);
  return {
    ...spec, etcd, members, proxies, poolers,
    networks: subnets.map(({ cidr }) => cidr),
    walDirectory: "/var/lib/pgha-wal/wal",
    ec2: { config: aws, domain, balancer, nat, subnets, publicSubnets, reserved, nodes },
  };
}

/** Of an own VPC each zone gets a sixteenth; the last sixteenth is for the NAT gateways. */
function planSubnets(aws: AwsConfig, zones: string[]): Pick<Ec2Plan, "subnets" | "publicSubnets"> {
  const { vpc, cidr, subnets } = aws.network;
  if (vpc) return { subnets: zones.map((zone) => subnets.find((subnet) => subnet.zone === zone) ?? { zone, cidr: "" }), publicSubnets: [] };
  const network = parseNetwork(cidr) ?? { base: 0, bits: 16 };
  const last = part(network, network.bits + 4, 15);
  return {
    subnets: zones.map((zone, index) => ({ zone, cidr: format(part(network, network.bits + 4, index)) })),
    publicSubnets: zones.map((zone, index) => ({ zone, cidr: format(part(last, Math.min(28, last.bits + 4), index)) })),
  };
}

function planVolumes({ size, volumes }: AwsConfig, role: Role, holdsEtcd: boolean): Ec2Volume[] {
  const chosen = (name: "data" | "wal") => {
    const wanted = volumes[name];
    const { gib, iops, throughput } = sizes[size].volumes[name];
    return { gib: wanted.size === undefined ? gib : Math.ceil(wanted.size / GIB), iops: wanted.iops ?? iops, throughput: wanted.throughput ?? throughput };
  };
  return [
    ...(role === "postgres"
      ? [
          { name: "data" as const, path: "/var/lib/pgha", owner: "postgres" as const, ...chosen("data") },
          { name: "wal" as const, path: "/var/lib/pgha-wal", owner: "postgres" as const, ...chosen("wal") },
        ]
      : []),
    ...(holdsEtcd ? [{ name: "etcd" as const, path: "/var/lib/etcd", owner: "etcd" as const, gib: 10, iops: 3000, throughput: 125 }] : []),
  ];
}
