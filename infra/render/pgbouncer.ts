import { ClusterSpec, Pooler, PoolerTimers } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  databases: { name: string; proxies: string }[];
  poolSize: number;
  minPoolSize: number;
  reservePoolSize: number;
  maxDatabaseConnections: number;
  maxClientConnections: number;
  timers: PoolerTimers;
}

export function pgbouncerFile(spec: ClusterSpec, pooler: Pooler): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: pooler.name,
    databases: spec.databases.map(({ name }) => ({ name, proxies: pooler.proxies.join(",") })),
    ...spec.pool,
    timers: spec.timers.pooler,
  };
  return { path: "/etc/pgha/pgbouncer.ini", content: render("pgbouncer.ini", view) };
}
