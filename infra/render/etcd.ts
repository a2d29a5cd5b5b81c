import { ClusterSpec, EtcdMember } from "../cluster/spec";
import { render, RenderedFile } from "./template";

interface View {
  name: string;
  host: string;
  cluster: string;
  members: string;
}

export function etcdFile(spec: ClusterSpec, member: EtcdMember): RenderedFile {
  const view: View = {
    name: member.name,
    host: member.host,
    cluster: spec.name,
    members: spec.etcd.map(({ name, host }) => `${name}=https://${host}:2380`).join(","),
  };
  return { path: "/etc/pgha/etcd.yml", content: render("etcd.yml", view) };
}
