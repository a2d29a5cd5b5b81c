import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ControlInputs, controlOf, poolsOf } from "../../resources/control";
import { DockerEngine } from "../../resources/dockerEngine";
import { Succession } from "../../resources/succession";
import type { Endpoints } from "../../cluster/endpoints";
import type { Kind } from "../../cluster/spec";
import { endpointsOf, inOrder, lastServices } from "../../services";
import type { Service } from "../../services/service";
import { valuesOf } from "../fill";
import type { ClusterArgs, Target } from "../target";
import { Images } from "./images";
import { fixedLabels, Preflight } from "../../resources/preflight";
import { DockerServer, keptVolume, Site } from "./server";
import { describeServer, Parts } from "./describe";

/** A cluster as containers on one Docker engine: one network, one container a server, one volume for whatever must last. */
export class DockerCluster extends pulumi.ComponentResource implements Target {
  readonly endpoints: Endpoints;
  readonly control: ControlInputs;
  readonly servers: pulumi.Output<string>[];
  readonly started: pulumi.Resource[];

  constructor({ spec, secrets, authority, operator }: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pgha:docker:Cluster", spec.name, {}, opts);
    const engine = new DockerEngine(spec.name, secrets.clusterId, { parent: this });
    const preflight = new Preflight(spec, secrets.clusterId, { parent: this, dependsOn: engine });
    const network = new docker.Network(
      `${spec.name}-network`,
      { name: spec.name, labels: [{ label: "pgha.cluster", value: spec.name }] },
      { parent: this, dependsOn: preflight },
    );
    const site: Site = { cluster: spec.name, clusterId: secrets.clusterId, preflight, fixed: fixedLabels(spec), network, authority };

    this.endpoints = endpointsOf(spec, () => "localhost");
    this.control = controlOf({ spec, endpoints: this.endpoints, authority, operator, secrets });
    const members = spec.members.map(({ name }) => name);
    const succession = new Succession(`${spec.name}-succession`, { members, control: this.control }, { parent: this, dependsOn: preflight });
    const images = new Images(spec, succession, { parent: this });
    const pools = poolsOf({ spec, endpoints: this.endpoints, secrets });
    const parts: Parts = { spec, site, images, values: valuesOf(secrets), control: this.control, pools };

    const made = {} as Record<Kind, DockerServer[]>;
    for (const service of inOrder) made[service.kind] = this.inTurn(parts, service, made);
    const containers = (kind: Kind) => made[kind].map(({ container }) => container);
    this.servers = containers("postgres").map(({ id }) => id);
    this.started = lastServices.flatMap(({ kind }) => containers(kind));
    this.registerOutputs({});
  }

  /** Makes the servers of a service one after the other, which is also the order in which they are replaced; the first one after what it needs. */
  private inTurn(parts: Parts, service: Service, made: Record<Kind, DockerServer[]>): DockerServer[] {
    const { kind, needs, container } = service;
    const servers: DockerServer[] = [];
    for (const server of service.servers(parts.spec)) {
      const before = servers.length ? servers.slice(-1) : needs.flatMap((needed) => made[needed].slice(-1));
      const volume = container.volume ? keptVolume(parts.site, kind, `${server.host}-data`, this) : undefined;
      servers.push(new DockerServer(describeServer(parts, service, server, volume, made), before.map((one) => one.container), { parent: this }));
    }
    return servers;
  }
}
