import * as fs from "node:fs";
import * as path from "node:path";
import * as readline from "node:readline/promises";
import type Docker from "dockerode";
import { parseOptions } from "../arguments";
import { EngineEnvironment, ensureEngine, runPulumi } from "../engine";
import { clusterName, checkFolderName } from "../engine/configuration";
import { connectDocker } from "../engine/docker";
import { findLeftovers, Leftovers, removeImages, removeRunning, removeVolumes, volumeSizes } from "../engine/leftovers";
import { clearInterrupted, exportState } from "../engine/repair";
import { demand, findStack, releaseStaleLock } from "../engine/stack";
import { UserError } from "../errors";
import { createLog } from "../log";

export const usage = `npm run down [-- options]

Removes what was deployed. Data, passwords and the certificate authority stay, for the next npm run up.

  --stack <name>   stack to remove (dev)
  --data           deletes data, passwords, certificates and images too; asks for the cluster's name first
  --yes            does not ask
`;

const options = {
  stack: { type: "string", default: "dev" },
  data: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
} as const;

export async function run(args: string[]): Promise<number> {
  const { stack, data, yes } = parseOptions("down", args, options);
  checkFolderName(stack, "stack");
  const log = createLog(process.stdout, { quiet: true });
  const engine = await ensureEngine({ log, image: false });
  const docker = connectDocker(engine.dockerHost);
  const cluster = clusterName(engine.root, stack);
  checkFolderName(cluster, "cluster");
  const deployed = await findStack(stack, engine);

  if (data && !(await confirmed(cluster, await findLeftovers(docker, cluster), docker, yes))) {
    process.stdout.write("Nothing was deleted.\n");
    return 1;
  }
  if (deployed !== undefined) {
    await log.step("Stack", async (step) => {
      const released = await releaseStaleLock(stack, engine);
      if (released !== undefined) step.making(released);
      return (await clearInterrupted(stack, await exportState(stack, engine), docker, engine, step)) ?? stack;
    });
    // Without unprotected resources there is nothing to run the engine for.
    if ((deployed.resourceCount ?? 0) > 0) await destroy(["--exclude-protected"], stack, engine);
  }
  await removeRunning(docker, await findLeftovers(docker, cluster));
  if (data) await deleteData(stack, deployed !== undefined, docker, cluster, engine);
  process.stdout.write(report(cluster, await findLeftovers(docker, cluster), { data, known: deployed !== undefined }));
  return 0;
}

async function destroy(extra: string[], stack: string, engine: EngineEnvironment): Promise<void> {
  const code = await runPulumi(
    ["destroy", "--stack", stack, "--yes", "--skip-preview", "--suppress-outputs", ...extra],
    engine,
  );
  if (code !== 0)
    throw new UserError(
      code === 130 ? "interrupted" : `pulumi destroy ended with code ${code}`,
      code === 130
        ? "npm run down goes on where it stopped"
        : "mend what it names above, then: npm run down   (it goes on where it stopped)",
    );
}

/** Data goes before the passwords that open it: what is interrupted can be repeated. */
async function deleteData(
  stack: string,
  deployed: boolean,
  docker: Docker,
  cluster: string,
  engine: EngineEnvironment,
): Promise<void> {
  const leftovers = await findLeftovers(docker, cluster);
  await removeVolumes(docker, leftovers);
  if (deployed) {
    await demand(["state", "unprotect", "--all", "--yes", "--stack", stack], engine);
    await destroy([], stack, engine);
    // In a backend of one's own the stack, now empty, keeps its history.
    if (engine.backend.own) await removeStack(stack, engine);
  }
  await removeImages(docker, leftovers);
  for (const name of [stack, cluster]) fs.rmSync(engine.layout.stack(name), { recursive: true, force: true });
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

async function confirmed(cluster: string, leftovers: Leftovers, docker: Docker, yes: boolean): Promise<boolean> {
  const sizes = await volumeSizes(docker);
  const size = (name: string) => ((sizes.get(name) ?? -1) >= 0 ? ` (${megabytes(sizes.get(name)!)})` : "");
  const list = leftovers.volumes.map((name) => `  volume ${name}${size(name)}\n`).join("");
  process.stdout.write(
    `This deletes the cluster ${cluster} for good:\n${list || "  no volume is left\n"}  its passwords, certificates and images\n`,
  );
  if (yes) return true;
  if (!process.stdin.isTTY)
    throw new UserError(
      "deleting data needs a person's word",
      "add --yes where nobody can be asked: npm run down -- --data --yes",
    );
  const prompt = readline.createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Type ${cluster} to go on: `);
  prompt.close();
  return answer.trim() === cluster;
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** What is left after `down`, and what becomes of it. */
export function report(cluster: string, left: Leftovers, { data, known }: { data: boolean; known: boolean }): string {
  const stubborn = [...left.containers, ...left.networks, ...(data ? [...left.volumes, ...left.images] : [])];
  if (stubborn.length > 0) return `\n${cluster} is down, but these are still there: ${stubborn.join(", ")}\n`;
  if (data) return `\n${cluster} is down, nothing is left of it.\n`;
  if (left.volumes.length === 0) return `\n${cluster} is down; it had no data.\n`;
  const secrets = known
    ? "with the passwords and certificates in the state.\n  npm run up               takes them up again"
    : "but this backend knows no passwords for them.";
  return `\n${cluster} is down. Kept: ${left.volumes.join(", ")}, ${secrets}\n  npm run down -- --data   deletes them\n`;
}
