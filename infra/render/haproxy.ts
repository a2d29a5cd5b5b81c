import { ClusterSpec, Proxy } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  maxConnections: number;
  maxReadLag: number;
  interval: number;
  fastInterval: number;
  servers: { name: string; host: string }[];
}

export function haproxyFile(spec: ClusterSpec, proxy: Proxy): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: proxy.name,
    maxConnections: spec.proxyMaxConnections,
    maxReadLag: spec.maxReadLag,
    interval: spec.timers.checkIntervalMs,
    fastInterval: spec.timers.fastCheckIntervalMs,
    servers: spec.members.map(({ name, host }) => ({ name, host })),
  };
  return { path: "/etc/pgha/haproxy.cfg", content: render("haproxy.cfg", view) };
}
