import { ClusterSpec, PostgresMember } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  cluster: string;
  name: string;
  host: string;
  version: number;
  etcd: string[];
}

/** What one server is: its name, addresses, certificates. A change of it replaces the server's container. */
export function patroniFile(spec: ClusterSpec, member: PostgresMember): RenderedFile {
  const view: View = {
    cluster: spec.name,
    name: member.name,
    host: member.host,
    version: spec.version,
    etcd: spec.etcd.map(({ host }) => `${host}:2379`),
  };
  return { path: "/etc/pgha/patroni/patroni.yml", content: render("patroni.yml", view) };
}
