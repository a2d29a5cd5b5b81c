import type { AwsConfig } from "../../config/aws";

/** Kinds of machines, in the order in which people read of them. */
export const ROLES = ["postgres", "etcd", "edge"] as const;

export type Role = (typeof ROLES)[number];

/** A volume that outlives its machine. */
export interface Ec2Volume {
  name: "data" | "wal" | "etcd";
  /** Where it is mounted. */
  path: string;
  owner: "postgres" | "etcd";
  gib: number;
  iops: number;
  /** MiB a second. */
  throughput: number;
}

/** One machine: everything about it that is decided before it is there. */
export interface Ec2Node {
  /** Within the cluster: "postgres-1". */
  name: string;
  host: string;
  role: Role;
  zone: string;
  address: string;
  instanceType: string;
  volumes: Ec2Volume[];
  /** Names of the services on it, its own first. */
  names: string[];
  certificateNames: string[];
}

export interface Ec2Subnet {
  zone: string;
  cidr: string;
  /** Of a VPC that is there already. */
  id?: string;
}

export interface Ec2Plan {
  config: AwsConfig;
  /** Name of the private DNS zone. */
  domain: string;
  /** Name of the load balancer in it. */
  balancer: string;
  nat: "single" | "per-zone" | "none";
  subnets: Ec2Subnet[];
  /** Small ones for the NAT gateways; none in a VPC that is there already. */
  publicSubnets: Ec2Subnet[];
  /** Blocks that hold the machines' addresses, so that AWS gives none of them to somebody else. */
  reserved: { zone: string; role: Role; cidr: string }[];
  nodes: Ec2Node[];
}

/** Those that there are machines of. */
export function rolesOf({ nodes }: Pick<Ec2Plan, "nodes">): Role[] {
  return ROLES.filter((role) => nodes.some((node) => node.role === role));
}
