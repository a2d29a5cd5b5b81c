import type { ClusterSpec } from "../cluster/spec";
import { Fault, fault } from "../config/errors";
import { publishedPorts } from ".";

/** Ports that cannot be had together on the machine that the containers share; one fault a key. */
export function portFaults(spec: ClusterSpec): Fault[] {
  if (spec.target !== "docker") return [];
  const uses = publishedPorts(spec).map(({ server, port, key, number }) => ({ key, number, name: `${server.name} (${port.name})` }));
  const faults = uses.flatMap(({ key, number, name }, index) => {
    const other = uses.slice(0, index).find((use) => use.number === number);
    if (other) return [fault(key, `${name} and ${other.name} would both listen on port ${number}`, "move one of them (instance n adds 10 × (n − 1))")];
    return number > 65535 ? [fault(key, `${name} would listen on port ${number}`, "stay below 65536, ports.offset included")] : [];
  });
  return faults.filter(({ key }, index) => faults.findIndex((first) => first.key === key) === index);
}
