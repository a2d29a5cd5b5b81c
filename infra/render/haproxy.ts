import { CheckTimers, ClusterSpec, Proxy } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  maxConnections: number;
  maxReadLag: number;
  check: CheckTimers;
  servers: { name: string; host: string }[];
}

export function haproxyFile(spec: ClusterSpec, proxy: Proxy): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: proxy.name,
    maxConnections: spec.proxyMaxConnections,
    maxReadLag: spec.maxReadLag,
    check: spec.timers.check,
    servers: spec.members.map(({ name, host }) => ({ name, host })),
  };
  return { path: "/etc/pgha/haproxy.cfg", content: render("haproxy.cfg", view) };
}
