import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { BackupServer, ClusterSpec, EtcdMember, Pooler, PostgresMember, Proxy, Server } from "../../cluster/spec";
import { KIB, MIB } from "../../cluster/units";
import { ControlInputs } from "../../control";
import { bootstrapFile } from "../../render/dynamic";
import { etcdFile } from "../../render/etcd";
import { haproxyFile } from "../../render/haproxy";
import { memberBackupFile, repositoryFile, scheduleFile } from "../../render/backup";
import { patroniFile } from "../../render/patroni";
import { pgbouncerFile } from "../../render/pgbouncer";
import { publisherFiles } from "../../render/publishers";
import { User } from "../../secrets";
import { Images } from "./images";
import type { Neighbour } from "./replacement";
import { DockerServer, ServerArgs, Site } from "./server";

/** What the servers of a cluster are made of. */
export interface Parts {
  spec: ClusterSpec;
  site: Site;
  images: Images;
  passwords: Record<User, pulumi.Output<string>>;
  control: ControlInputs;
  /** Every pool of the applications; the URLs hold passwords. */
  pools: pulumi.Output<string[]>;
  /** Of the poolers; a secret. */
  userList: pulumi.Output<string>;
}

export function etcdServer({ site, spec, passwords, images }: Parts, member: EtcdMember, volume: docker.Volume): ServerArgs {
  return {
    site,
    server: member,
    role: "etcd",
    image: images.etcd,
    files: [etcdFile(spec, member)],
    secrets: { etcd_root: passwords.etcdRoot, etcd_patroni: passwords.etcdPatroni },
    volume: { name: volume.name, path: "/var/lib/etcd" },
    ports: [],
    memory: 256 * MIB,
    stopSeconds: 10,
    healthInterval: 10,
    waitSeconds: 0,
    handover: { neighbours: others(spec.etcd, member) },
  };
}

/** `ways` are the proxies and poolers that lead to it. */
export function postgresServer({ site, spec, passwords, images, control }: Parts, member: PostgresMember, volume: docker.Volume, ways: DockerServer[]): ServerArgs {
  const { resources, timers } = spec;
  return {
    site,
    server: member,
    role: "postgres",
    image: images.postgres,
    files: [patroniFile(spec, member), ...publisherFiles(spec), ...memberBackupFile(spec)],
    backedUp: spec.backup !== undefined,
    // The settings a cluster was made with are history; changes go to the running cluster
    firstFiles: [bootstrapFile(spec)],
    secrets: {},
    environment: {
      PATRONI_SUPERUSER_PASSWORD: passwords.postgres,
      PATRONI_REPLICATION_PASSWORD: passwords.replicator,
      PATRONI_REWIND_PASSWORD: passwords.rewind,
      // Patroni reads etcd's password from the environment only beside another of its settings
      PATRONI_ETCD3_PROTOCOL: "https",
      PATRONI_ETCD3_USERNAME: "patroni",
      PATRONI_ETCD3_PASSWORD: passwords.etcdPatroni,
    },
    volume: { name: volume.name, path: "/var/lib/pgha" },
    ports: [{ internal: 8008, external: member.patroniPort }],
    memory: resources.memory,
    sharedMemory: resources.memory / 4,
    stopSeconds: timers.primaryStopTimeout + 20,
    healthInterval: 5,
    waitSeconds: 0,
    handover: {
      // The proxies and poolers are replaced meanwhile: a switchover needs all of them
      neighbours: [
        ...spec.etcd.map(({ host }) => ({ container: host })),
        ...ways.map(({ host, fingerprint }) => ({ container: host, fingerprint })),
      ],
      member: { name: member.name, order: spec.members.map(({ name }) => name) },
      control,
    },
  };
}

export function proxyServer({ site, spec, passwords, images, control, pools }: Parts, proxy: Proxy): ServerArgs {
  return {
    site,
    server: proxy,
    role: "haproxy",
    image: images.haproxy,
    files: [haproxyFile(spec, proxy)],
    secrets: {},
    environment: { STATS_PASSWORD: passwords.stats },
    ports: [
      { internal: 5432, external: proxy.writePort },
      { internal: 5433, external: proxy.readPort },
      { internal: 8404, external: proxy.statsPort },
    ],
    memory: 128 * MIB + spec.proxyMaxConnections * 40 * KIB,
    stopSeconds: 5,
    healthInterval: 2,
    waitSeconds: 60,
    handover: { neighbours: others(spec.proxies, proxy), pools, control },
  };
}

export function poolerServer({ site, spec, passwords, images, userList }: Parts, pooler: Pooler): ServerArgs {
  return {
    site,
    server: pooler,
    role: "pgbouncer",
    image: images.pgbouncer,
    files: [pgbouncerFile(spec, pooler)],
    secrets: {
      userlist: userList,
      pgpass: pulumi.interpolate`localhost:6432:pgbouncer:pooler_admin:${passwords.poolerAdmin}`,
    },
    ports: [{ internal: 6432, external: pooler.port }],
    memory: 128 * MIB + spec.pool.maxClientConnections * 50 * KIB,
    stopSeconds: 5,
    healthInterval: 2,
    waitSeconds: 60,
    handover: { neighbours: others(spec.poolers, pooler) },
  };
}

export function backupServer({ site, spec, passwords, images }: Parts, server: BackupServer, volume: docker.Volume): ServerArgs {
  return {
    site,
    server,
    role: "backup",
    image: images.backup!,
    files: [repositoryFile(spec), scheduleFile(spec)],
    secrets: { repository_passphrase: passwords.backupRepository },
    backedUp: true,
    volume: { name: volume.name, path: "/var/lib/pgbackrest" },
    ports: [],
    memory: 512 * MIB,
    stopSeconds: 20,
    healthInterval: 10,
    waitSeconds: 0,
    handover: { neighbours: [] },
  };
}

/** The servers of one service besides `one`, which are made in this order: they must be healthy while it is away. */
function others(servers: Server[], one: Server): Neighbour[] {
  const at = servers.findIndex(({ host }) => host === one.host);
  return servers.flatMap(({ host }, index) => (index === at ? [] : [{ container: host, ...(index > at && { later: true }) }]));
}
