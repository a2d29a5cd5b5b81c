import * as fs from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { Step } from "../log";
import { counted } from "../words";
import { unlessMissing } from "./docker";
import { findLost } from "./lost";
import type { EngineEnvironment } from "./index";
import { findLeftovers, Leftovers } from "./leftovers";
import { demand } from "./stack";
import { deploymentOf, Exported, PendingOperation } from "./state";

const containerType = "docker:index/container:Container";
const networkType = "docker:index/network:Network";

/** A stack with its state, and what it takes to mend it. */
export interface Repair {
  stack: string;
  exported: Exported;
  docker: Docker;
  engine: EngineEnvironment;
  step: Step;
}

export interface Repaired {
  /** What was done, for people. */
  done: string[];
  /** URNs of what the update is to make anew. */
  replace: string[];
}

/** Brings the state of a stack and Docker together again before an update. */
export async function repairStack(repair: Repair): Promise<Repaired> {
  const { stack, exported, docker, engine, step } = repair;
  const resources = exported.deployment.resources ?? [];
  const cleared = await clearInterrupted(repair);
  const { forgettable, images } = await findLost(resources, docker);
  const kinds = [...new Set(forgettable.map((urn) => /(\w+)::[^:]*$/.exec(urn)![1].toLowerCase()))].join(", ");
  if (forgettable.length > 0) {
    step.making(`refreshing ${forgettable.length} of ${kinds}, stopped or removed outside of Pulumi`);
    const targets = forgettable.flatMap((urn) => ["--target", urn]);
    await demand(["refresh", "--stack", stack, "--yes", "--skip-preview", ...targets], engine);
  }
  const done = [
    cleared,
    forgettable.length > 0 && `${forgettable.length} of ${kinds} refreshed`,
    images.length > 0 && `${counted(images.length, "lost image")} to be built again`,
  ];
  return { done: done.filter((what) => typeof what === "string"), replace: images };
}

/** Names of what interrupted updates may have begun to create in Docker without the engine knowing its id; own only. */
export function halfMade(
  operations: PendingOperation[],
  own: Pick<Leftovers, "containers" | "networks">,
): Pick<Leftovers, "containers" | "networks"> {
  const named = (type: string) =>
    operations
      .filter((operation) => operation.type === "creating" && operation.resource.type === type)
      .map(({ resource }) => resource.inputs?.name)
      .filter((name) => typeof name === "string");
  return {
    containers: named(containerType).filter((name) => own.containers.includes(name)),
    networks: named(networkType).filter((name) => own.networks.includes(name)),
  };
}

/**
 * Clears away what an interrupted update began and never finished: containers and networks of ours that the state does
 * not know (they would stand in the way by their names; volumes are taken up again), and the engine's note of them.
 */
export async function clearInterrupted({ stack, exported, docker, engine, step }: Repair): Promise<string | undefined> {
  const pending = exported.deployment.pending_operations ?? [];
  if (pending.length === 0) return undefined;
  step.making(`clearing ${counted(pending.length, "operation")} that an interrupted update left`);
  // First, as it takes the backend's lock: an update that still runs is no leftover, and what it makes is not removed
  await importState({ ...exported, deployment: { ...exported.deployment, pending_operations: [] } }, stack, engine);
  const { own } = await findLeftovers(docker, deploymentOf(exported));
  const { containers, networks } = halfMade(pending, own);
  for (const name of containers) await unlessMissing(docker.getContainer(name).remove({ force: true }));
  for (const name of networks) await unlessMissing(docker.getNetwork(name).remove());
  return `${counted(pending.length, "interrupted operation")} cleared`;
}

async function importState(exported: Exported, stack: string, engine: EngineEnvironment): Promise<void> {
  const file = path.join(engine.layout.folder, `${stack.split("/").pop()}-repaired.json`);
  fs.writeFileSync(file, JSON.stringify(exported), { mode: 0o600 });
  try {
    await demand(["stack", "import", "--stack", stack, "--file", file], engine);
  } finally {
    fs.rmSync(file);
  }
}
