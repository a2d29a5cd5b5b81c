import { ClusterSpec, DatabaseLimits, Pooler, PoolerTimers } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  databases: { name: string; proxies: string; limits: string }[];
  /** Who may have no more connections than Postgres gives the role. */
  users: { name: string; connections: number }[];
  limitsUsers: boolean;
  poolSize: number;
  minPoolSize: number;
  reservePoolSize: number;
  maxDatabaseConnections: number;
  maxClientConnections: number;
  timers: PoolerTimers;
}

const limits = ({ poolSize, reservePoolSize, maxDatabaseConnections }: DatabaseLimits) =>
  ` pool_size=${poolSize} reserve_pool_size=${reservePoolSize} max_db_connections=${maxDatabaseConnections}`;

export function pgbouncerFile(spec: ClusterSpec, pooler: Pooler): RenderedFile {
  const { pool, poolers } = spec;
  const users = spec.roles.filter(({ login, replication }) => login && !replication)
    .flatMap(({ name, connectionLimit }) => (connectionLimit ? [{ name, connections: Math.floor(connectionLimit / poolers.length) }] : []));
  const view: View = {
    cluster: spec.name,
    name: pooler.name,
    databases: spec.databases.map(({ name }) => ({ name, proxies: pooler.proxies.join(","), limits: pool.declared[name] ? limits(pool.declared[name]) : "" })),
    users,
    limitsUsers: users.length > 0,
    ...pool,
    timers: spec.timers.pooler,
  };
  return { path: "/etc/pgha/pgbouncer.ini", content: render("pgbouncer.ini", view) };
}
