import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec, Kind, Server } from "../../cluster/spec";
import { noticedWithin } from "../../cluster/timers";
import type { Neighbour } from "../../live/docker/replacement";
import type { ControlInputs } from "../../resources/control";
import type { HandoverArgs } from "../../resources/containerHandover";
import { serviceOf } from "../../services";
import type { Service } from "../../services/service";
import { fill, Values } from "../fill";
import type { Images } from "./images";
import type { DockerServer, ServerArgs, Site } from "./server";

/** What the servers of a cluster are made of. */
export interface Parts {
  spec: ClusterSpec;
  site: Site;
  images: Images;
  values: Values;
  control: ControlInputs;
  /** Every pool of the applications; the URLs hold passwords. */
  pools: pulumi.Output<string[]>;
}

/** One server of a service. `made`: those that are made before it. */
export function describeServer(parts: Parts, service: Service, server: Server, volume: docker.Volume | undefined, made: Record<Kind, DockerServer[]>): ServerArgs {
  const { spec, site, images, values } = parts;
  const { kind, container, environment, ports } = service;
  return {
    site,
    server,
    kind,
    image: images.of[kind],
    files: service.files(spec, server),
    firstFiles: service.firstFiles?.(spec),
    secrets: service.secrets(spec),
    values,
    environment: mapValues(environment?.variables ?? {}, (text) => fill(text, values)),
    volume: volume && { name: volume.name, path: container.volume! },
    ports: ports.flatMap(({ number, published }) => (published ? [{ internal: number, external: published.at(server) }] : [])),
    memory: container.memory(spec),
    sharedMemory: container.sharedMemory?.(spec),
    stopSeconds: container.stopSeconds(spec),
    healthInterval: container.healthInterval,
    waitSeconds: container.waitSeconds,
    handover: handoverOf(parts, service, server, made),
  };
}

function handoverOf({ spec, control, pools }: Parts, service: Service, server: Server, made: Record<Kind, DockerServer[]>): ServerArgs["handover"] {
  const { needs, waitsFor, gives } = service;
  const all = service.servers(spec);
  const ways: HandoverArgs["neighbours"] = [
    ...needs.flatMap((kind) => serviceOf(kind).servers(spec)).map(({ host }) => ({ container: host })),
    // They are replaced meanwhile
    ...waitsFor.flatMap((kind) => made[kind]).map(({ host, fingerprint }) => ({ container: host, fingerprint })),
  ];
  if (gives === "leadership") {
    const member = { name: server.name, order: all.map(({ name }) => name) };
    return { neighbours: ways, member, noticed: noticedWithin(spec.timers.check), control };
  }
  const neighbours = [...others(all, server), ...ways];
  return gives === "pools" ? { neighbours, pools, control } : { neighbours };
}

/** The servers of one service besides `one`, which are made in this order: they must be healthy while it is away. */
function others(servers: Server[], one: Server): Neighbour[] {
  const at = servers.findIndex(({ host }) => host === one.host);
  return servers.flatMap(({ host }, index) => (index === at ? [] : [{ container: host, ...(index > at && { later: true }) }]));
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
