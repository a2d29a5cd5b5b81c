import type { Ec2Plan, Role } from "../../cluster/ec2/place";

/** Who has a security group. Clients may carry theirs, or be named by the configuration. */
export type Group = Role | "balancer" | "clients" | "endpoints";

/** One connection that is allowed, by both sides. */
export interface Flow {
  from: Group;
  to: Group;
  port: number;
  /** Its description at AWS, which takes no apostrophe. */
  why: string;
}

/** Ports that clients connect to: PgBouncer, and HAProxy's writes and reads. */
export const CLIENT_PORTS = [6432, 5432, 5433];
/** Ports that the operator's tools connect to. */
export const OPERATOR_PORTS: { to: Role; port: number }[] = [
  { to: "edge", port: 6432 },
  { to: "edge", port: 5432 },
  { to: "edge", port: 8404 },
  { to: "postgres", port: 8008 },
];

/** Every connection between machines of the cluster. What is not here is refused. */
export function flowsOf({ config, nat }: Ec2Plan): Flow[] {
  const etcd = config.etcd === "own" ? "etcd" : "postgres";
  const viaSsm = config.access.way === "ssm" ? OPERATOR_PORTS.filter(({ to, port }) => to === "edge" && port !== 5432) : [];
  const roles: Role[] = config.etcd === "own" ? ["etcd", "postgres", "edge"] : ["postgres", "edge"];
  return [
    { from: etcd, to: etcd, port: 2380, why: "etcd members among themselves" },
    { from: "postgres", to: etcd, port: 2379, why: "the lease of Patroni in etcd" },
    { from: "postgres", to: "postgres", port: 5432, why: "replication" },
    { from: "postgres", to: "postgres", port: 8008, why: "Patroni asks its members" },
    { from: "edge", to: "postgres", port: 5432, why: "HAProxy to Postgres" },
    { from: "edge", to: "postgres", port: 8008, why: "HAProxy asks who is the primary" },
    { from: "edge", to: etcd, port: 2379, why: "HAProxy asks which members of etcd are well" },
    { from: "edge", to: "edge", port: 5432, why: "PgBouncer to the other HAProxy, writes" },
    { from: "edge", to: "edge", port: 5433, why: "PgBouncer to the other HAProxy, reads" },
    ...viaSsm.map(({ to, port }): Flow => ({ from: "edge", to, port, why: "port-forwards of operators" })),
    ...CLIENT_PORTS.flatMap((port): Flow[] => [
      { from: "clients", to: "edge", port, why: "clients, by a URL of several hosts" },
      { from: "clients", to: "balancer", port, why: "clients, by the load balancer" },
      { from: "balancer", to: "edge", port, why: "the load balancer" },
    ]),
    { from: "balancer", to: "edge", port: 8404, why: "health check of the load balancer" },
    ...(nat === "none" && !config.network.vpc ? roles.map((from): Flow => ({ from, to: "endpoints", port: 443, why: "to the interfaces of AWS" })) : []),
  ];
}
