import { CheckTimers, ClusterSpec, Proxy, Server } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  maxConnections: number;
  maxReadLag: number;
  check: CheckTimers;
  /** Servers are found by a name that may get another address. */
  byName: boolean;
  servers: Server[];
  etcd: Server[];
}

export function haproxyFile(spec: ClusterSpec, proxy: Proxy): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: proxy.name,
    maxConnections: spec.proxyMaxConnections,
    maxReadLag: spec.maxReadLag,
    check: spec.timers.check,
    byName: spec.target === "docker",
    servers: spec.members,
    etcd: spec.etcd,
  };
  return { path: "/etc/pgha/haproxy.cfg", content: render("haproxy.cfg", view) };
}
