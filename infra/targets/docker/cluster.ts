import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ClusterSpec, EtcdMember, Pooler, PostgresMember, Proxy } from "../../cluster/spec";
import { MIB } from "../../cluster/units";
import { bootstrapFile } from "../../render/dynamic";
import { etcdFile } from "../../render/etcd";
import { haproxyFile } from "../../render/haproxy";
import { patroniFile } from "../../render/patroni";
import { pgbouncerFile } from "../../render/pgbouncer";
import { User } from "../../secrets";
import { ClusterArgs, Endpoints, Target } from "../target";
import { Images } from "./images";
import { Preflight } from "./preflight";
import { DockerServer, keptVolume, Site } from "./server";

/** A cluster as containers on one Docker engine: one network, one container a server, one volume for whatever must last. */
export class DockerCluster extends pulumi.ComponentResource implements Target {
  readonly endpoints: Endpoints;
  readonly servers: pulumi.Output<string>[];
  readonly started: pulumi.Resource[];

  private readonly spec: ClusterSpec;
  private readonly passwords: Record<User, pulumi.Output<string>>;
  private readonly images: Images;
  private readonly site: Site;

  constructor({ spec, secrets, authority }: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:docker:Cluster", spec.name, {}, opts);
    this.spec = spec;
    this.passwords = secrets.passwords;
    const preflight = new Preflight(spec, secrets.clusterId, { parent: this });
    this.images = new Images(spec, preflight, { parent: this });
    const network = new docker.Network(
      `${spec.name}-network`,
      { name: spec.name, labels: [{ label: "pgha.cluster", value: spec.name }] },
      { parent: this, dependsOn: preflight },
    );
    this.site = { cluster: spec.name, clusterId: secrets.clusterId, preflight, network, authority };

    // One after the other, when they are made and when they are replaced
    const etcd = inTurn(spec.etcd, [], (member, after) => this.etcd(member, after));
    const members = inTurn(spec.members, etcd, (member, after) => this.postgres(member, after));
    const proxies = inTurn(spec.proxies, [], (proxy, after) => this.proxy(proxy, after));
    const poolers = inTurn(spec.poolers, [], (pooler, after) => this.pooler(pooler, after));

    this.servers = members.map(({ id }) => id);
    this.started = [...members, ...proxies, ...poolers];
    this.endpoints = {
      poolers: spec.poolers.map(({ port }) => local(port)),
      write: spec.proxies.map(({ writePort }) => local(writePort)),
      read: spec.proxies.map(({ readPort }) => local(readPort)),
      stats: spec.proxies.map(({ statsPort }) => local(statsPort)),
      patroni: spec.members.map(({ patroniPort }) => local(patroniPort)),
    };
    this.registerOutputs({});
  }

  private etcd(member: EtcdMember, after: docker.Container[]): docker.Container {
    const volume = keptVolume(this.site, "etcd", member.volume, this);
    return new DockerServer(
      {
        site: this.site,
        server: member,
        role: "etcd",
        image: this.images.etcd,
        files: [etcdFile(this.spec, member)],
        secrets: { etcd_root: this.passwords.etcdRoot, etcd_patroni: this.passwords.etcdPatroni },
        volume: { name: volume.name, path: "/var/lib/etcd" },
        ports: [],
        memory: 256 * MIB,
        stopSeconds: 10,
        healthInterval: 10,
        waitSeconds: 0,
      },
      { parent: this, dependsOn: after },
    ).container;
  }

  private postgres(member: PostgresMember, after: docker.Container[]): docker.Container {
    const { resources, timers } = this.spec;
    const volume = keptVolume(this.site, "postgres", member.volume, this);
    return new DockerServer(
      {
        site: this.site,
        server: member,
        role: "postgres",
        image: this.images.postgres,
        files: [bootstrapFile(this.spec), patroniFile(this.spec, member)],
        secrets: {},
        environment: {
          PATRONI_SUPERUSER_PASSWORD: this.passwords.postgres,
          PATRONI_REPLICATION_PASSWORD: this.passwords.replicator,
          PATRONI_REWIND_PASSWORD: this.passwords.rewind,
          // Patroni reads etcd's password from the environment only beside another of its settings
          PATRONI_ETCD3_PROTOCOL: "https",
          PATRONI_ETCD3_USERNAME: "patroni",
          PATRONI_ETCD3_PASSWORD: this.passwords.etcdPatroni,
        },
        volume: { name: volume.name, path: "/var/lib/pgha" },
        ports: [{ internal: 8008, external: member.patroniPort }],
        memory: resources.memory,
        sharedMemory: resources.memory / 4,
        stopSeconds: timers.primaryStopTimeout + 20,
        healthInterval: 5,
        waitSeconds: 0,
      },
      // The settings a cluster was made with are history; changes go to the running cluster
      { parent: this, dependsOn: after, ignoreChanges: ["uploads[0].content"] },
    ).container;
  }

  private proxy(proxy: Proxy, after: docker.Container[]): docker.Container {
    return new DockerServer(
      {
        site: this.site,
        server: proxy,
        role: "haproxy",
        image: this.images.haproxy,
        files: [haproxyFile(this.spec, proxy)],
        secrets: {},
        environment: { STATS_PASSWORD: this.passwords.stats },
        ports: [
          { internal: 5432, external: proxy.writePort },
          { internal: 5433, external: proxy.readPort },
          { internal: 8404, external: proxy.statsPort },
        ],
        memory: 256 * MIB,
        stopSeconds: 5,
        healthInterval: 2,
        waitSeconds: 60,
      },
      { parent: this, dependsOn: after },
    ).container;
  }

  private pooler(pooler: Pooler, after: docker.Container[]): docker.Container {
    const { pgbouncer, poolerAdmin, monitoring } = this.passwords;
    return new DockerServer(
      {
        site: this.site,
        server: pooler,
        role: "pgbouncer",
        image: this.images.pgbouncer,
        files: [pgbouncerFile(this.spec, pooler)],
        secrets: {
          userlist: pulumi.interpolate`"pgbouncer" "${pgbouncer}"\n"pooler_admin" "${poolerAdmin}"\n"monitoring" "${monitoring}"`,
          pgpass: pulumi.interpolate`localhost:6432:pgbouncer:pooler_admin:${poolerAdmin}`,
        },
        ports: [{ internal: 6432, external: pooler.port }],
        memory: 128 * MIB,
        stopSeconds: 5,
        healthInterval: 2,
        waitSeconds: 60,
      },
      { parent: this, dependsOn: after },
    ).container;
  }
}

/** Makes a container for each server, the first one after `after`, every further one after the one before it. */
function inTurn<T>(servers: T[], after: docker.Container[], make: (server: T, after: docker.Container[]) => docker.Container): docker.Container[] {
  const made: docker.Container[] = [];
  for (const server of servers) made.push(make(server, made.length ? made.slice(-1) : after));
  return made;
}

function local(port: number) {
  return { host: "localhost", port };
}
