import * as fs from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { parseOptions } from "../arguments";
import { EngineEnvironment, ensureEngine } from "../engine";
import { clusterName, checkFolderName } from "../engine/configuration";
import { connectDocker } from "../engine/docker";
import {
  findLeftovers,
  isEmpty,
  Leftovers,
  removeImages,
  removeRunning,
  removeVolumes,
  volumeSizes,
} from "../engine/leftovers";
import { findAbsence, missingData } from "../engine/itsEngine";
import { repository } from "../engine/layout";
import { destroy, destroyServers } from "../engine/remove";
import { clearInterrupted } from "../engine/repair";
import { demand, demandDocker, findStack, releaseStaleLock } from "../engine/stack";
import { Deployment, deploymentOf, exportState } from "../engine/state";
import { UserError } from "../errors";
import { createLog } from "../log";
import { confirmed } from "../prompt";
import { foreignList, ownList, questions, report, unknownDeployment, Whose } from "./downWords";

export const usage = `npm run down [-- options]

Removes what was deployed. Data, backups, passwords and the certificate authority stay, for the next npm run up.

  --stack <name>   stack to remove (dev)
  --data           deletes data, backups, passwords, certificates and images too; asks for the cluster's name first
                   what another deployment made under that name is asked for separately
  --yes            does not ask; another deployment's then goes only where this backend has no state of its own
  --lost-state     with --data: the state of what is there is lost for good, so that nothing can take its data up
  --lost-engine    the Docker engine that has the data is lost for good
`;

const options = {
  stack: { type: "string", default: "dev" },
  data: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  "lost-state": { type: "boolean", default: false },
  "lost-engine": { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<number> {
  const { stack, data, yes, "lost-state": lost, "lost-engine": gone } = parseOptions("down", args, options);
  checkFolderName(stack, "stack");
  demandDocker(process.env.PGHA_ROOT ?? repository, stack, "destroy");
  const log = createLog(process.stdout, { quiet: true });
  const engine = await ensureEngine({ log, image: false, stack });
  const docker = connectDocker(engine.dockerHost);
  const stacked = await findStack(stack, engine);
  const state = stacked && (await exportState(stack, engine));
  const { clusters, ids } = state ? deploymentOf(state) : { clusters: [], ids: [] };
  // The state knows what was deployed; the file may have been renamed since.
  const deployment = { clusters: clusters.length > 0 ? clusters : [clusterName(engine.root, stack)], ids };
  const cluster = deployment.clusters[0];
  checkFolderName(cluster, "cluster");

  const absence = state && !gone ? await findAbsence(state, docker, engine.dockerHost) : undefined;
  // Where the data is lost for certain nothing is taken away from it
  if (absence && absence.why !== "lost") throw missingData(absence, cluster, stack, "down");
  const { own, foreign } = await findLeftovers(docker, deployment);
  if (!(data && lost) && ids.length === 0 && !isEmpty(foreign)) throw unknownDeployment(stack, cluster, foreign);
  const doomed = data ? await askAll(questions(ids, foreign, yes), { cluster, own, foreign, docker, yes }) : [];
  if (doomed === undefined) {
    process.stdout.write("Nothing was deleted.\n");
    return 1;
  }
  if (state) {
    await log.step("Stack", async (step) => {
      const released = await releaseStaleLock(stack, engine);
      if (released !== undefined) step.making(released);
      return (await clearInterrupted({ stack, exported: await exportState(stack, engine), docker, engine, step })) ?? stack;
    });
    // Without unprotected resources there is nothing to run the engine for.
    if ((stacked.resourceCount ?? 0) > 0) await destroyServers(stack, engine, "down");
  }
  await removeRunning(docker, (await findLeftovers(docker, deployment)).own);
  if (doomed.includes("foreign")) {
    // What was shown, not what has come since.
    await removeRunning(docker, foreign);
    await removeVolumes(docker, foreign);
    await removeImages(docker, foreign);
  }
  if (data) await deleteData(stack, state !== undefined, docker, deployment, engine);
  process.stdout.write(report(stack, cluster, await findLeftovers(docker, deployment), doomed));
  return 0;
}

/** Own data goes before the passwords that open it: what is interrupted can be repeated. */
async function deleteData(
  stack: string,
  deployed: boolean,
  docker: Docker,
  deployment: Deployment,
  engine: EngineEnvironment,
): Promise<void> {
  const { own } = await findLeftovers(docker, deployment);
  await removeVolumes(docker, own);
  if (deployed) {
    await demand(["state", "unprotect", "--all", "--yes", "--stack", stack], engine);
    await destroy([], stack, engine, "down");
    // In a backend of one's own the stack, now empty, keeps its history.
    if (engine.backend.own) await removeStack(stack, engine);
  }
  await removeImages(docker, own);
  for (const name of [stack, ...deployment.clusters]) fs.rmSync(engine.layout.stack(name), { recursive: true, force: true });
}

/** Whether a file of the file backend, named from its folder, holds a state of the stack, old or new. */
export function isOfStack(file: string, stack: string): boolean {
  const [area, , name, ...rest] = file.split("/");
  if (rest.length > 0 || name === undefined) return false;
  return area === "stacks" ? name.startsWith(`${stack}.json`) : ["history", "backups"].includes(area) && name === stack;
}

/** The backend keeps a removed stack's history and backups, its encrypted passwords among them. */
async function removeStack(stack: string, engine: EngineEnvironment): Promise<void> {
  await demand(["stack", "rm", stack, "--yes", "--preserve-config"], engine);
  const folder = path.join(engine.layout.state, ".pulumi");
  const files = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => isOfStack(name, stack))) {
    fs.rmSync(path.join(folder, file), { recursive: true, force: true });
  }
}

interface Asked {
  cluster: string;
  own: Leftovers;
  foreign: Leftovers;
  docker: Docker;
  yes: boolean;
}

/** Asks for each; undefined when a person does not want the first. */
async function askAll(whose: Whose[], { cluster, own, foreign, docker, yes }: Asked): Promise<Whose[] | undefined> {
  const sizes = await volumeSizes(docker);
  for (const [index, which] of whose.entries()) {
    process.stdout.write(which === "own" ? ownList(cluster, own, sizes) : foreignList(cluster, foreign, sizes));
    if (yes) continue;
    const answer = await confirmed(cluster);
    if (answer === undefined) throw new UserError("deleting data needs a person's word", "where nobody can be asked, add --yes to the command");
    if (!answer) return index === 0 ? undefined : whose.slice(0, index);
  }
  return whose;
}
