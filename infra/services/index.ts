import type { Address, Endpoints } from "../cluster/endpoints";
import { ClusterSpec, Kind, KINDS, Server, ServerOf } from "../cluster/spec";
import { backup } from "./backup";
import { etcd } from "./etcd";
import { haproxy } from "./haproxy";
import { pgbouncer } from "./pgbouncer";
import { postgres } from "./postgres";
import { prometheus } from "./prometheus";
import type { Port, Service } from "./service";

type Services<K extends Kind> = { [One in K]: Service<ServerOf[One]> };

/** The only places that know all of them. */
const watched: Services<Exclude<Kind, "prometheus">> = { etcd, postgres, haproxy, pgbouncer, backup };
const services: Services<Kind> = { ...watched, prometheus: prometheus(Object.values(watched) as unknown as Service[]) };

export const serviceOf = (kind: Kind): Service => services[kind];
export const allServices: Service[] = KINDS.map(serviceOf);

/** Each after those that it needs or waits for. */
export const inOrder: Service[] = place([], allServices);

function place(placed: Service[], left: Service[]): Service[] {
  if (!left.length) return placed;
  const known = placed.map(({ kind }) => kind);
  const next = left.filter(({ needs, waitsFor }) => [...needs, ...waitsFor].every((kind) => known.includes(kind)));
  if (!next.length) throw new Error(`the services ${left.map(({ kind }) => kind).join(", ")} wait for one another`);
  return place([...placed, ...next], left.filter((service) => !next.includes(service)));
}

/** Those that nobody else is made after: once they have started, all have. */
export const lastServices: Service[] = inOrder.filter(({ kind }) => !inOrder.some(({ needs }) => needs.includes(kind)));

export interface PublishedPort {
  server: Server;
  port: Port;
  key: string;
  /** On the machine. */
  number: number;
}

/** Every port that is seen from outside, port by port and not server by server. */
export function publishedPorts(spec: ClusterSpec): PublishedPort[] {
  return [...allServices].reverse().flatMap((service) =>
    service.ports.flatMap((port) =>
      service.servers(spec).flatMap((server) =>
        port.published ? [{ server, port, key: port.published.key, number: port.published.at(server) }] : [])));
}

/** Where each endpoint is; `hostOf`: by what name or address its server is reached. */
export function endpointsOf(spec: ClusterSpec, hostOf: (server: Server) => string): Endpoints {
  const endpoints: Endpoints = { poolers: [], write: [], read: [], stats: [], patroni: [] };
  for (const { server, port, number } of publishedPorts(spec)) {
    const address: Address = { host: hostOf(server), port: number };
    (endpoints[port.published!.endpoint] ??= []).push(address);
  }
  return endpoints;
}
