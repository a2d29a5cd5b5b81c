import { ClusterSpec } from "../../../infra/cluster/spec";
import { memberBackupFile, repositoryFile, scheduleFile } from "../../../infra/render/backup";
import { bootstrapFile } from "../../../infra/render/dynamic";
import { etcdFile } from "../../../infra/render/etcd";
import { haproxyFile } from "../../../infra/render/haproxy";
import { patroniFile } from "../../../infra/render/patroni";
import { pgbouncerFile } from "../../../infra/render/pgbouncer";
import { RenderedFile } from "../../../infra/render/template";

/** Every file of the first server of each service, and of a second one where it differs in more than its name. */
export function filesOf(spec: ClusterSpec): { server: string; file: RenderedFile }[] {
  const [etcd] = spec.etcd;
  const [member] = spec.members;
  const [proxy] = spec.proxies;
  return [
    { server: etcd.name, file: etcdFile(spec, etcd) },
    { server: member.name, file: patroniFile(spec, member) },
    { server: member.name, file: bootstrapFile(spec) },
    ...memberBackupFile(spec).map((file) => ({ server: member.name, file })),
    ...(spec.backup?.servers ?? []).flatMap(({ name }) => [repositoryFile(spec), scheduleFile(spec)].map((file) => ({ server: name, file }))),
    { server: proxy.name, file: haproxyFile(spec, proxy) },
    ...spec.poolers.slice(0, 2).map((pooler) => ({ server: pooler.name, file: pgbouncerFile(spec, pooler) })),
  ];
}
