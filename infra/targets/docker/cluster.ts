import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ClusterSpec, EtcdMember, Pooler, PostgresMember, Proxy, Server } from "../../cluster/spec";
import { KIB, MIB } from "../../cluster/units";
import { ControlInputs, controlOf, poolsOf } from "../../control";
import { bootstrapFile } from "../../render/dynamic";
import { etcdFile } from "../../render/etcd";
import { haproxyFile } from "../../render/haproxy";
import { patroniFile } from "../../render/patroni";
import { pgbouncerFile } from "../../render/pgbouncer";
import { publisherFiles } from "../../render/publishers";
import { User } from "../../secrets";
import { ClusterArgs, Endpoints, Target } from "../target";
import { Images } from "./images";
import { fixedLabels, Preflight } from "./preflight";
import { DockerServer, keptVolume, Site } from "./server";

/** A cluster as containers on one Docker engine: one network, one container a server, one volume for whatever must last. */
export class DockerCluster extends pulumi.ComponentResource implements Target {
  readonly endpoints: Endpoints;
  readonly control: ControlInputs;
  readonly servers: pulumi.Output<string>[];
  readonly started: pulumi.Resource[];

  private readonly spec: ClusterSpec;
  private readonly passwords: Record<User, pulumi.Output<string>>;
  private readonly images: Images;
  private readonly site: Site;
  private readonly pools: pulumi.Output<string[]>;

  constructor({ spec, secrets, authority, operator }: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
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
    this.site = { cluster: spec.name, clusterId: secrets.clusterId, preflight, fixed: fixedLabels(spec), network, authority };

    this.endpoints = {
      poolers: spec.poolers.map(({ port }) => local(port)),
      write: spec.proxies.map(({ writePort }) => local(writePort)),
      read: spec.proxies.map(({ readPort }) => local(readPort)),
      stats: spec.proxies.map(({ statsPort }) => local(statsPort)),
      patroni: spec.members.map(({ patroniPort }) => local(patroniPort)),
    };
    this.control = controlOf({ spec, endpoints: this.endpoints, authority, operator, secrets });
    this.pools = poolsOf({ spec, endpoints: this.endpoints, secrets });

    // One after the other, when they are made and when they are replaced
    const etcd = inTurn(spec.etcd, [], (member, after) => this.etcd(member, after));
    const proxies = inTurn(spec.proxies, [], (proxy, after) => this.proxy(proxy, after));
    const poolers = inTurn(spec.poolers, [], (pooler, after) => this.pooler(pooler, after));
    const members = inTurn(spec.members, etcd, (member, after) => this.postgres(member, after, [...proxies, ...poolers]));

    this.servers = members.map(({ container }) => container.id);
    this.started = [...members, ...proxies, ...poolers].map(({ container }) => container);
    this.registerOutputs({});
  }

  private etcd(member: EtcdMember, after: pulumi.Resource[]): DockerServer {
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
        handover: { neighbours: others(this.spec.etcd, member) },
      },
      after,
      { parent: this },
    );
  }

  private postgres(member: PostgresMember, after: pulumi.Resource[], ways: DockerServer[]): DockerServer {
    const { resources, timers } = this.spec;
    const volume = keptVolume(this.site, "postgres", member.volume, this);
    return new DockerServer(
      {
        site: this.site,
        server: member,
        role: "postgres",
        image: this.images.postgres,
        files: [patroniFile(this.spec, member), ...publisherFiles(this.spec)],
        // The settings a cluster was made with are history; changes go to the running cluster
        firstFiles: [bootstrapFile(this.spec)],
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
        handover: {
          // The proxies and poolers are replaced meanwhile: a switchover needs all of them
          neighbours: [
            ...this.spec.etcd.map(({ host }) => ({ container: host })),
            ...ways.map(({ host, fingerprint }) => ({ container: host, fingerprint })),
          ],
          member: { name: member.name, order: this.spec.members.map(({ name }) => name) },
          control: this.control,
        },
      },
      after,
      { parent: this },
    );
  }

  private proxy(proxy: Proxy, after: pulumi.Resource[]): DockerServer {
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
        memory: 128 * MIB + this.spec.proxyMaxConnections * 40 * KIB,
        stopSeconds: 5,
        healthInterval: 2,
        waitSeconds: 60,
        handover: { neighbours: others(this.spec.proxies, proxy), pools: this.pools, control: this.control },
      },
      after,
      { parent: this },
    );
  }

  private pooler(pooler: Pooler, after: pulumi.Resource[]): DockerServer {
    const { pgbouncer, poolerAdmin, monitoring, application, applicationReadonly } = this.passwords;
    const { database } = this.spec;
    // The application's own users are known here, so that they can connect while there is no primary to ask about them
    const users = Object.entries({
      pgbouncer,
      pooler_admin: poolerAdmin,
      monitoring,
      [database]: application,
      [`${database}_readonly`]: applicationReadonly,
    }).map(([name, password]) => pulumi.interpolate`"${name}" "${password}"`);
    return new DockerServer(
      {
        site: this.site,
        server: pooler,
        role: "pgbouncer",
        image: this.images.pgbouncer,
        files: [pgbouncerFile(this.spec, pooler)],
        secrets: {
          userlist: pulumi.all(users).apply((lines) => lines.join("\n")),
          pgpass: pulumi.interpolate`localhost:6432:pgbouncer:pooler_admin:${poolerAdmin}`,
        },
        ports: [{ internal: 6432, external: pooler.port }],
        memory: 128 * MIB + this.spec.pool.maxClientConnections * 50 * KIB,
        stopSeconds: 5,
        healthInterval: 2,
        waitSeconds: 60,
        handover: { neighbours: others(this.spec.poolers, pooler) },
      },
      after,
      { parent: this },
    );
  }
}

/** Makes each server, the first one after `after`, every further one after the one before it. */
function inTurn<T>(servers: T[], after: DockerServer[], make: (server: T, after: pulumi.Resource[]) => DockerServer): DockerServer[] {
  const made: DockerServer[] = [];
  for (const server of servers) made.push(make(server, (made.length ? made : after).slice(-1).map(({ container }) => container)));
  return made;
}

/** The servers of one service besides `one`: they must be healthy while it is away. */
function others(servers: Server[], one: Server) {
  return servers.filter(({ host }) => host !== one.host).map(({ host }) => ({ container: host }));
}

function local(port: number) {
  return { host: "localhost", port };
}
