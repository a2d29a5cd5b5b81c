import { CheckTimers, ClusterSpec, Proxy } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  maxConnections: number;
  maxReadLag: number;
  check: CheckTimers;
  /** Servers are found by a name that may get another address. */
  byName: boolean;
  servers: { name: string; host: string; address: string }[];
}

export function haproxyFile(spec: ClusterSpec, proxy: Proxy): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: proxy.name,
    maxConnections: spec.proxyMaxConnections,
    maxReadLag: spec.maxReadLag,
    check: spec.timers.check,
    byName: spec.target === "docker",
    servers: spec.members.map(({ name, host, address }) => ({ name, host, address })),
  };
  return { path: "/etc/pgha/haproxy.cfg", content: render("haproxy.cfg", view) };
}
