import { Fault, fault } from "../../config/errors";
import type { ClusterSpec } from "../spec";
import { lacksSpare, STRICT_LEAST } from "../topology";

/** Faults of postgres.tags: servers that do not exist, and what would leave too few to fail over to, to commit with, or to read from. */
export function tagFaults({ members, replication: { mode, synchronousStandbys } }: ClusterSpec, tagged: string[]): Fault[] {
  const names = members.map(({ name }) => name);
  const unknown = tagged.filter((name) => !names.includes(name))
    .map((name) => fault(`postgres.tags.${name}`, "is not a server of this cluster", `use one of ${names.join(", ")}`));
  const both = members.filter(({ tags }) => tags.nofailover && tags.failover_priority !== undefined)
    .map(({ name }) => fault(`postgres.tags.${name}.failover_priority`, "means nothing beside nofailover", "remove one of them"));
  return [...unknown, ...both, ...(tagged.length ? tooFew() : [])];

  function tooFew(): Fault[] {
    const without = (tag: "nofailover" | "nosync" | "noloadbalance") => members.filter(({ tags }) => !tags[tag]).length;
    const faults: Fault[] = [];
    if (without("nofailover") < 2) faults.push(fault("postgres.tags", "leave no server to fail over to", "remove a nofailover"));
    if (without("noloadbalance") < 2) faults.push(fault("postgres.tags", "leave no standby to read from", "remove a noloadbalance"));
    if (mode === "asynchronous") return faults;
    // The primary may be one of those that could have acknowledged
    const acknowledging = without("nosync") - 1;
    if (acknowledging < synchronousStandbys || lacksSpare(mode, acknowledging))
      faults.push(fault("postgres.tags", `leave ${acknowledging} standbys to acknowledge commits, and mode ${mode} needs ${Math.max(synchronousStandbys, mode === "strict" ? STRICT_LEAST + 1 : 0)}`,
        "remove a nosync or nofailover, or raise standbys"));
    return faults;
  }
}
