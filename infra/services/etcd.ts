import type { EtcdMember } from "../cluster/spec";
import { MIB } from "../config/units";
import { etcdFile } from "../render/etcd";
import { CERTIFICATES, PROGRAMS, Service } from "./service";

/** Elects: holds the lease of the primary, and the settings of the whole cluster. */
export const etcd: Service<EtcdMember> = {
  kind: "etcd",
  servers: (spec) => spec.etcd,
  ports: [
    { name: "peers", number: 2380, from: [{ who: "etcd", why: "etcd members among themselves" }] },
    {
      name: "clients",
      number: 2379,
      from: [{ who: "postgres", why: "the lease of Patroni in etcd" }, { who: "haproxy", why: "HAProxy asks which members of etcd are well" }],
    },
  ],
  files: (spec, member) => [etcdFile(spec, member)],
  secrets: () => [{ name: "etcd_root", text: "{{etcdRoot}}" }, { name: "etcd_patroni", text: "{{etcdPatroni}}" }],
  scrapes: [
    {
      job: "etcd",
      by: "https",
      port: 2379,
      interval: 15,
      keep: ["etcd_server_(has_leader|is_leader|leader_changes_seen_total|quota_backend_bytes|proposals_.+)", "etcd_mvcc_db_total_size.+",
        "etcd_disk_(wal_fsync|backend_commit)_duration_seconds_(bucket|sum|count)", "process_(resident_memory_bytes|cpu_seconds_total|open_fds|start_time_seconds)"],
    },
    { job: "certificates", by: "tls", port: 2379, interval: 120 },
  ],
  needs: [],
  waitsFor: [],
  container: { volume: "/var/lib/etcd", memory: () => 256 * MIB, stopSeconds: () => 10, healthInterval: 10, waitSeconds: 0 },
  machine: {
    role: "etcd",
    user: "etcd",
    packages: () => ["etcd-server", "etcd-client"],
    programs: Object.fromEntries(["health", "etcd-authentication", "etcd-member"].map((name) => [`etcd/${name}`, `images/etcd/${name}`])),
    units: (files) => [
      { name: "etcd", restart: [...files, ...CERTIFICATES], health: `${PROGRAMS}/etcd/health`, formed: "/var/lib/etcd/formed" },
      { name: "etcd-authentication", restart: [] },
    ],
  },
};
