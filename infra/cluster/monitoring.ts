import type { ClusterConfig } from "../config";
import { Fault, fault } from "../config/errors";
import { MIB } from "../config/units";
import { servers } from "./servers";
import type { Monitoring, Receiver } from "./spec";

/** Prometheus was measured at some 100 MiB, what is beside it at some 60. */
const LEAST_MEMORY = 256 * MIB;
const LEAST_DISK = 512 * MIB;

/** undefined: nothing is watched. `at`: a port of the n-th server. */
export function planMonitoring({ name, monitoring, ports, tls }: ClusterConfig, at: (port: number, index: number) => number): Monitoring | undefined {
  if (!monitoring.enabled) return undefined;
  const { enabled: _enabled, ...rest } = monitoring;
  const planned = servers(name, "prometheus", 1, tls.names).map((server, index) => ({
    ...server,
    volume: `${server.host}-data`,
    prometheusPort: at(ports.prometheus, index),
    alertmanagerPort: at(ports.alertmanager, index),
  }));
  return { ...rest, servers: planned };
}

/** What the type of a receiver needs, and what else it takes. */
const keys: Record<Receiver["type"], { needs: (keyof Receiver)[]; takes: (keyof Receiver)[] }> = {
  webhook: { needs: [], takes: ["url"] },
  email: { needs: ["to", "from", "smarthost"], takes: ["user"] },
  slack: { needs: [], takes: ["channel"] },
  pagerduty: { needs: [], takes: [] },
};

/** Whether something secret of it has to be in the stack's configuration. */
export function needsSecret({ type, url, user }: Receiver): boolean {
  return type === "webhook" ? url === undefined : type === "email" ? user !== undefined : true;
}

export function monitoringFaults({ target, monitoring: { enabled, disk, memory, receivers } }: ClusterConfig): Fault[] {
  if (!enabled) return [];
  if (target === "aws") return [fault("monitoring.enabled", "there is no monitoring on EC2 yet", "remove it, and scrape the machines by a Prometheus of your own")];
  return [
    ...(memory < LEAST_MEMORY ? [fault("monitoring.memory", "is too little for Prometheus and what is beside it", `give it at least ${LEAST_MEMORY / MIB}MiB`)] : []),
    ...(disk < LEAST_DISK ? [fault("monitoring.disk", "is too little for a day of metrics", `give it at least ${LEAST_DISK / MIB}MiB`)] : []),
    ...receivers.flatMap((receiver, index) => receiverFaults(receiver, `monitoring.receivers.${index}`)),
    ...receivers.flatMap(({ name }, index) =>
      (receivers.findIndex((other) => other.name === name) < index ? [fault(`monitoring.receivers.${index}.name`, `"${name}" is declared twice`, "choose another name")] : [])),
  ];
}

function receiverFaults(receiver: Receiver, key: string): Fault[] {
  const { type } = receiver;
  const { needs, takes } = keys[type];
  const all = Object.values(keys).flatMap((one) => [...one.needs, ...one.takes]);
  return [
    ...needs.filter((name) => receiver[name] === undefined).map((name) => fault(`${key}.${name}`, `a receiver by ${type} needs it`, "add it")),
    ...all.filter((name) => receiver[name] !== undefined && !needs.includes(name) && !takes.includes(name))
      .map((name) => fault(`${key}.${name}`, `is of no use to a receiver by ${type}`, "remove it")),
  ];
}
