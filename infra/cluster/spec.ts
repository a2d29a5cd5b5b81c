import type { Tags } from "../config";
import type { DatabaseDeclaration, RoleDeclaration } from "../config/databases";

/** The vocabulary of a planned cluster: plain data in which every name, address, port and setting is decided. */

import type { Ec2Plan } from "./ec2/spec";

export type Mode = "asynchronous" | "priority" | "quorum" | "strict";
export type ProfileName = "oltp" | "finance" | "ecommerce" | "logs" | "bulk" | "warehouse" | "logical";
export type PostgresVersion = 17 | 18;
export type Settings = Record<string, string | number | boolean>;

/** One server of one service; `host` is its name on the cluster's network and the name of its container. */
export interface Server {
  /** Within the cluster: "postgres-1". */
  name: string;
  /** Unique on the machine: "pgha-dev-postgres-1". */
  host: string;
  /** Where the others reach it: that name, or the fixed private address of its machine. */
  address: string;
  /** Names and addresses its certificate answers to. */
  certificateNames: string[];
}

export interface EtcdMember extends Server {
  volume: string;
}

export interface PostgresMember extends Server {
  volume: string;
  /** Patroni's REST API as seen from the machine. */
  patroniPort: number;
  tags: Tags;
}

export interface Proxy extends Server {
  writePort: number;
  readPort: number;
  statsPort: number;
}

export interface Pooler extends Server {
  port: number;
  /** Proxies in the order this pooler tries them; each pooler begins with another one. */
  proxies: string[];
}

/** Prometheus, Alertmanager and the exporters of what does not speak for itself. */
export interface PrometheusServer extends Server {
  volume: string;
  prometheusPort: number;
  alertmanagerPort: number;
}

/** The services. A word more here is a service more: the compiler names what it needs. */
export const KINDS = ["etcd", "postgres", "haproxy", "pgbouncer", "prometheus"] as const;
export type Kind = (typeof KINDS)[number];

/** The servers of each. */
export interface ServerOf {
  etcd: EtcdMember;
  postgres: PostgresMember;
  haproxy: Proxy;
  pgbouncer: Pooler;
  prometheus: PrometheusServer;
}

/** How soon a failure is noticed and got over. Patroni's timers, seconds, and what goes with them elsewhere. */
export interface Timers {
  ttl: number;
  loopWait: number;
  retryTimeout: number;
  primaryStartTimeout: number;
  primaryStopTimeout: number;
  check: CheckTimers;
  pooler: PoolerTimers;
}

/** HAProxy's checks of a server; times in milliseconds. */
export interface CheckTimers {
  interval: number;
  fastInterval: number;
  downInterval: number;
  timeout: number;
  /** Checks in a row that bring a server up, or down. */
  rise: number;
  fall: number;
}

export interface PoolerTimers {
  /** Between two tries to log in at a server. Seconds. */
  loginRetry: number;
  /** Seconds. */
  connectTimeout: number;
  /** How long sent data may stay unacknowledged. Milliseconds; 0: the system's, some 15 minutes. */
  tcpUserTimeout: number;
}

/** What one Postgres server may use. Bytes. */
export interface Resources {
  memory: number;
  cores: number;
  disk: number;
}

/** Server connections of a database at each pooler, for writes; there are as many for reads. */
export interface DatabaseLimits {
  /** Of each user. */
  poolSize: number;
  reservePoolSize: number;
  /** Of all users. */
  maxDatabaseConnections: number;
}

/** Limits of each database but those that are `declared`, by name. */
export interface PoolLimits extends DatabaseLimits {
  minPoolSize: number;
  maxClientConnections: number;
  declared: Record<string, DatabaseLimits>;
}

/** One database of applications, with a pool for writes and one for reads at each pooler. */
export interface DatabaseSpec extends Omit<DatabaseDeclaration, "owner"> {
  /** Owns it and its schemas. */
  owner: string;
}

export interface RoleSpec extends Omit<RoleDeclaration, "database"> {
  /** May be connected to; its URLs lead there. */
  database: string;
  /** By the cluster, beside what is declared. */
  made?: boolean;
}

/** A slot exists only for a consumer that is declared. */
export interface Slot {
  name: string;
  type: "physical" | "logical";
  /** Output plugin of a logical slot. */
  plugin: string;
  /** Whose changes a logical slot holds. */
  database: string;
}

/** The log system. */
export interface Logs {
  enabled: boolean;
  partition: "month" | "week" | "day";
  hotDays: number;
  keepArchivesDays: number;
  /** A directory, or s3://bucket/prefix. */
  archive?: string;
  endpoint?: string;
  region?: string;
}

/** Who is told of alerts; what of it is secret comes from the stack's configuration. */
export interface Receiver {
  name: string;
  type: "webhook" | "email" | "slack" | "pagerduty";
  /** The least that it is told of. */
  severity: "warning" | "critical";
  url?: string;
  to?: string;
  from?: string;
  smarthost?: string;
  user?: string;
  channel?: string;
}

export interface Monitoring {
  servers: PrometheusServer[];
  retentionDays: number;
  /** Bytes. */
  disk: number;
  /** Bytes. */
  memory: number;
  receivers: Receiver[];
}

export interface ClusterSpec {
  name: string;
  target: "docker" | "aws";
  version: PostgresVersion;
  profile: ProfileName;
  /** The application database: the first one of `databases`. */
  database: string;
  databases: DatabaseSpec[];
  /** Names under the key `databases`, in its order. */
  declaredDatabases: string[];
  roles: RoleSpec[];
  /** What counts as drift in databases: what is declared, or what applications make as well. */
  drift: "declared" | "all";
  /** Example schemas in the application database. */
  examples: string[];
  replication: { mode: Mode; synchronousStandbys: number };
  /** `renewed`: when their packages were last renewed; another value builds them anew. */
  images: { base: string; renewed?: string };
  /** Debian packages beside Postgres on each server, some with =version. */
  packages: string[];
  resources: Resources;
  timers: Timers;
  /** Seconds that no single failure may stop writes for, where that is promised. */
  maxWriteOutage?: number;
  settings: Settings;
  pool: PoolLimits;
  proxyMaxConnections: number;
  /** Lag behind which a standby gets no reads. Bytes. */
  maxReadLag: number;
  slots: Slot[];
  logs: Logs;
  /** undefined: nothing is watched. */
  monitoring?: Monitoring;
  etcd: EtcdMember[];
  members: PostgresMember[];
  proxies: Proxy[];
  poolers: Pooler[];
  /** Whose connections Postgres takes, in the words of pg_hba.conf. */
  networks: string[];
  /** WAL on a disk of its own. */
  walDirectory?: string;
  /** The machines, where the target is aws. */
  ec2?: Ec2Plan;
}

/** Where a server has the authority of a subscription's publisher. */
export const authorityFile = (subscription: string) => `/etc/pgha/publishers/${subscription}.crt`;
