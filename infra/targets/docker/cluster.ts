import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ControlInputs, controlOf, poolsOf } from "../../control";
import { ClusterArgs, Endpoints, Target } from "../target";
import { Images } from "./images";
import { fixedLabels, Preflight } from "./preflight";
import { DockerServer, keptVolume, ServerArgs, Site } from "./server";
import { userList } from "../userList";
import { backupServer, etcdServer, Parts, poolerServer, postgresServer, proxyServer } from "./services";

/** A cluster as containers on one Docker engine: one network, one container a server, one volume for whatever must last. */
export class DockerCluster extends pulumi.ComponentResource implements Target {
  readonly endpoints: Endpoints;
  readonly control: ControlInputs;
  readonly servers: pulumi.Output<string>[];
  readonly started: pulumi.Resource[];

  constructor({ spec, secrets, authority, operator }: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:docker:Cluster", spec.name, {}, opts);
    const preflight = new Preflight(spec, secrets.clusterId, { parent: this });
    const images = new Images(spec, preflight, { parent: this });
    const network = new docker.Network(
      `${spec.name}-network`,
      { name: spec.name, labels: [{ label: "pgha.cluster", value: spec.name }] },
      { parent: this, dependsOn: preflight },
    );
    const site: Site = { cluster: spec.name, clusterId: secrets.clusterId, preflight, fixed: fixedLabels(spec), network, authority };

    this.endpoints = {
      poolers: spec.poolers.map(({ port }) => local(port)),
      write: spec.proxies.map(({ writePort }) => local(writePort)),
      read: spec.proxies.map(({ readPort }) => local(readPort)),
      stats: spec.proxies.map(({ statsPort }) => local(statsPort)),
      patroni: spec.members.map(({ patroniPort }) => local(patroniPort)),
    };
    this.control = controlOf({ spec, endpoints: this.endpoints, authority, operator, secrets });
    const pools = poolsOf({ spec, endpoints: this.endpoints, secrets });
    const parts: Parts = { spec, site, images, passwords: secrets.passwords, control: this.control, pools, userList: userList(spec, secrets) };

    // One after the other, when they are made and when they are replaced
    const etcd = this.inTurn(spec.etcd, [], (member) => etcdServer(parts, member, keptVolume(site, "etcd", member.volume, this)));
    const proxies = this.inTurn(spec.proxies, [], (proxy) => proxyServer(parts, proxy));
    const poolers = this.inTurn(spec.poolers, [], (pooler) => poolerServer(parts, pooler));
    const backups = this.inTurn(spec.backup?.servers ?? [], [], (server) => backupServer(parts, server, keptVolume(site, "backup", server.volume, this)));
    const members = this.inTurn(spec.members, etcd, (member) =>
      postgresServer(parts, member, keptVolume(site, "postgres", member.volume, this), [...proxies, ...poolers]));

    this.servers = members.map(({ container }) => container.id);
    this.started = [...members, ...proxies, ...poolers, ...backups].map(({ container }) => container);
    this.registerOutputs({});
  }

  /** Makes each server, the first one after `after`, every further one after the one before it. */
  private inTurn<T>(servers: T[], after: DockerServer[], describe: (server: T) => ServerArgs): DockerServer[] {
    const made: DockerServer[] = [];
    for (const server of servers) {
      const before = (made.length ? made : after).slice(-1).map(({ container }) => container);
      made.push(new DockerServer(describe(server), before, { parent: this }));
    }
    return made;
  }
}

function local(port: number) {
  return { host: "localhost", port };
}
