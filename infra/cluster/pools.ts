import type { ClusterConfig } from "../config";
import { Fault, fault } from "../config/errors";
import { ClusterSpec, DatabaseLimits, DatabaseSpec, PoolLimits, Settings } from "./spec";

/** A pool below it makes its clients wait for one another. */
const FEW = 5;

/** Who divides max_connections. */
interface Sharers {
  settings: Settings;
  databases: DatabaseSpec[];
  poolers: number;
  proxies: number;
}

/** Each database has a pool for writes and one for reads, and the latter may be on the primary as well, when no standby is left. */
const poolsOfEach = ({ poolers }: Sharers) => 2 * poolers;

/** Sessions that the poolers' keepers hold (images/pgbouncer/keeper.py). */
const keepers = ({ databases, poolers, proxies }: Sharers) => 2 * databases.length * poolers * proxies;

/** Connections for all pools; what is left is for people, tools and Patroni. */
function budget(sharers: Sharers): number {
  const most = Number(sharers.settings.max_connections);
  const free = Number(sharers.settings.superuser_reserved_connections) + Math.min(15, Math.floor(most / 10));
  return most - free - keepers(sharers);
}

const reserveOf = (share: number) => Math.min(10, Math.max(0, Math.floor(share / 4)));

/** What a database whose poolSize is declared gets of each pooler, for writes as for reads. */
function limitsOf(poolSize: number): DatabaseLimits {
  const reservePoolSize = reserveOf(poolSize);
  return { poolSize, reservePoolSize, maxDatabaseConnections: poolSize + reservePoolSize };
}

/** What is left for each of the other databases; below 1 there is none. */
function shareOf(sharers: Sharers): number {
  const declared = sharers.databases.flatMap(({ poolSize }) => (poolSize === undefined ? [] : [limitsOf(poolSize).maxDatabaseConnections]));
  const left = Math.floor(budget(sharers) / poolsOfEach(sharers)) - declared.reduce((sum, each) => sum + each, 0);
  return Math.floor(left / Math.max(1, sharers.databases.length - declared.length));
}

/** Connections the poolers may open, so that all of them together never exceed max_connections, whoever is busy. */
export function planPool({ pgbouncer, haproxy }: ClusterConfig, settings: Settings, databases: DatabaseSpec[]): PoolLimits {
  const share = shareOf({ settings, databases, poolers: pgbouncer.instances, proxies: haproxy.instances });
  const reservePoolSize = pgbouncer.reservePoolSize ?? reserveOf(share);
  const poolSize = pgbouncer.poolSize ?? Math.min(25, Math.max(1, share - reservePoolSize));
  const declared = databases.flatMap(({ name, poolSize: own }) => (own === undefined ? [] : [[name, limitsOf(own)] as const]));
  return {
    poolSize,
    minPoolSize: pgbouncer.minPoolSize ?? Math.min(10, poolSize, ...declared.map(([, own]) => own.poolSize)),
    reservePoolSize,
    maxDatabaseConnections: Math.max(1, Math.min(100, share)),
    maxClientConnections: pgbouncer.maxClientConnections,
    declared: Object.fromEntries(declared),
  };
}

const sharersOf = ({ settings, databases, poolers, proxies }: ClusterSpec): Sharers => ({ settings, databases, poolers: poolers.length, proxies: proxies.length });

export function poolFaults(spec: ClusterSpec): Fault[] {
  const { pool, poolers, settings, databases, declaredDatabases, roles } = spec;
  const sharers = sharersOf(spec);
  const faults: Fault[] = [];
  const all = `${poolers.length} poolers × ${2 * databases.length} databases`;
  const others = databases.filter(({ poolSize }) => poolSize === undefined);
  if (others.length ? shareOf(sharers) < 1 : shareOf(sharers) < 0) {
    const of = databases.length > others.length ? "databases.*.poolSize" : databases.length > 1 ? "databases" : "pgbouncer.instances";
    const key = of.replace("*", String(declaredDatabases.findIndex((name) => pool.declared[name])));
    faults.push(fault(key, `the pools of ${all} and ${keepers(sharers)} sessions of their keepers exceed what max_connections ${settings.max_connections} leaves`,
      `have fewer, or raise postgres.memory, or postgres.parameters.max_connections to ${leastConnections(sharers)} at least`));
  } else if (others.length && pool.poolSize + pool.reservePoolSize > pool.maxDatabaseConnections) {
    faults.push(fault("pgbouncer.poolSize", `${all} × (${pool.poolSize} + ${pool.reservePoolSize} reserve) exceed what max_connections ${settings.max_connections} leaves`,
      `keep poolSize + reservePoolSize ≤ ${pool.maxDatabaseConnections}, or raise postgres.parameters.max_connections`));
  }
  const smallest = Math.min(...databases.map(({ name }) => (pool.declared[name] ?? pool).poolSize));
  if (pool.minPoolSize > smallest) faults.push(fault("pgbouncer.minPoolSize", `${pool.minPoolSize} is above poolSize ${smallest}`, "lower it"));
  for (const [index, { connectionLimit, login, replication }] of roles.entries())
    if (connectionLimit !== undefined && login && !replication && connectionLimit < poolers.length)
      faults.push(fault(`roles.${index}.connectionLimit`, `${connectionLimit} cannot be shared by ${poolers.length} poolers, which have one connection each at least`,
        `raise it to ${poolers.length}, or lower pgbouncer.instances`));
  return faults;
}

/** The max_connections by which each pool has one connection at least. */
function leastConnections(sharers: Sharers): number {
  const works = (most: number) => {
    const tried = { ...sharers, settings: { ...sharers.settings, max_connections: most } };
    return shareOf(tried) >= 1;
  };
  let most = Number(sharers.settings.max_connections);
  while (!works(most)) most++;
  return most;
}

/** What works, but hardly as it was meant. */
export function poolWarnings({ pool, databases, settings }: ClusterSpec): Fault[] {
  const sharing = databases.filter(({ name }) => !pool.declared[name]).length;
  if (databases.length < 2 || !sharing || pool.poolSize >= FEW) return [];
  return [fault("databases", `${sharing} of them share max_connections ${settings.max_connections}: ${pool.poolSize} server connections for each one's writes at a pooler, as many for reads`,
    "raise postgres.memory or postgres.parameters.max_connections, or give those that need more a poolSize")];
}
