import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { lastLines } from "../process";
import { loggedIn } from "./backend";
import { checkFolderName, clusterName, configurationFile, targetOf } from "./configuration";
import { askPulumi, EngineEnvironment } from "./index";

/** Runs pulumi and returns its output; a failure is an error with the end of what it said. */
export async function demand(args: string[], engine: EngineEnvironment): Promise<string> {
  const { code, stdout, stderr } = await askPulumi([...args, "--non-interactive"], engine);
  if (code !== 0) throw new UserError(`pulumi ${args.join(" ")} failed: ${lastLines(stderr || stdout, 4)}`);
  return stdout;
}

interface StackSummary {
  name: string;
  current: boolean;
  resourceCount?: number;
}

/** What the backend knows of a stack, or undefined. */
export async function findStack(stack: string, engine: EngineEnvironment): Promise<StackSummary | undefined> {
  return (await listStacks(engine)).find(({ name }) => isSameStack(name, stack));
}

/** Whether a listed stack is the wanted one; one of another organisation than one's own is listed with it. */
export function isSameStack(listed: string, wanted: string): boolean {
  const [one, other] = [listed, wanted].map((name) => name.split("/"));
  return one.at(-1) === other.at(-1) && (one.length === 1 || one[0] === other[0]);
}

async function listStacks(engine: EngineEnvironment): Promise<StackSummary[]> {
  return JSON.parse(await demand(["stack", "ls", "--json"], engine)) as StackSummary[];
}

/** A branch's name makes a poor stack's: what stands before a slash is an organisation, which Pulumi Cloud alone has. */
export function demandOrganization(stack: string, backend: string | undefined): void {
  const [organization, ...rest] = stack.split("/");
  const place = /^(file|s3|gs|azblob|postgres):/.exec(backend ?? "")?.[1];
  if (!rest.length || organization === "organization" || place === undefined) return;
  throw new UserError(
    `the stack ${stack} is one of an organization, ${organization}, which a state in ${place} does not have`,
    `use ${stack.replaceAll("/", "-")}, for example`,
  );
}

/** `npm run up` and `down` look after containers of this machine; on EC2 Pulumi does it all. */
export function demandDocker(root: string, stack: string, command: "up" | "destroy"): void {
  if (targetOf(root, stack) === "docker") return;
  throw new UserError(`the stack ${stack} runs on EC2, not on this machine`, `npm run pulumi -- ${command} --stack ${stack}`);
}

/** Makes the stack where there is none, and selects it where no other is selected. */
export async function ensureStack(stack: string, engine: EngineEnvironment, step?: Step): Promise<string> {
  checkFolderName(stack, "stack");
  demandOrganization(stack, loggedIn(engine.env));
  const file = configurationFile(engine.root, stack);
  if (!fs.existsSync(file)) {
    const name = path.basename(file);
    throw new UserError(
      `there is no ${name} for the stack ${stack}`,
      `cp Pulumi.dev.yaml ${name}   and give the cluster in it a name and ports.offset of its own`,
    );
  }
  checkFolderName(clusterName(engine.root, stack), "cluster");
  const stacks = await listStacks(engine);
  const existing = stacks.find(({ name }) => isSameStack(name, stack));
  if (existing === undefined) {
    step?.making(`a new stack ${stack}: its state, with its passwords, goes to ${engine.backend.summary}`);
    await demand(initArguments(stack, engine), engine);
  }
  if (!stacks.some(({ current }) => current)) await demand(["stack", "select", stack], engine);
  return `${stack}${existing === undefined ? ", new" : ""}`;
}

/** `stack init` writes its salt beside the Pulumi.yaml it finds; of our own backend it finds a copy in .pgha/<stack>/. */
function initArguments(stack: string, engine: EngineEnvironment): string[] {
  const init = ["stack", "init", stack, "--no-select"];
  if (!engine.backend.own) return init;
  const folder = engine.layout.stack(stack);
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(engine.root, "Pulumi.yaml"), path.join(folder, "Pulumi.yaml"));
  return ["-C", folder, ...init];
}

/** What the file backend writes while an update runs. */
export interface Lock {
  pid: number;
  username: string;
  hostname: string;
  timestamp: string;
}

/** Whether the update that holds the lock is over for certain: it ran on this machine, and its process is gone. */
export function isStale(lock: Lock, hostname: string, isAlive: (pid: number) => boolean): boolean {
  return lock.hostname === hostname && !isAlive(lock.pid);
}

/** Whether a process is a running pulumi: its number may have been given away since. */
function isPulumi(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const status = `/proc/${pid}/stat`;
  return !fs.existsSync(status) || isRunningPulumi(fs.readFileSync(status, "utf8"));
}

/** Reads Linux's /proc/<pid>/stat: another program, or a dead process that nobody has buried (Z), holds no lock. */
export function isRunningPulumi(status: string): boolean {
  return /^\d+ \(pulumi[^)]*\) [^ZX]/.test(status);
}

/** Removes the lock that a killed update left in our own backend; a live one is an error. Returns what was done. */
export async function releaseStaleLock(stack: string, engine: EngineEnvironment): Promise<string | undefined> {
  const locks = path.join(engine.layout.state, ".pulumi", "locks");
  if (!engine.backend.own || !fs.existsSync(locks)) return undefined;
  const held = fs
    .readdirSync(locks, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json") && path.basename(path.dirname(file)) === stack.split("/").pop())
    .map((file) => JSON.parse(fs.readFileSync(path.join(locks, file), "utf8")) as Lock);
  if (held.length === 0) return undefined;
  const live = held.find((lock) => !isStale(lock, os.hostname(), isPulumi));
  if (live !== undefined) {
    throw new UserError(
      `another update of ${stack} is running (process ${live.pid} on ${live.hostname}, since ${live.timestamp.slice(0, 19)})`,
      `wait for it; if it is not running any more: npm run pulumi -- cancel ${stack} --yes`,
    );
  }
  await demand(["cancel", stack, "--yes"], engine);
  return `the lock of an update that was killed (process ${held.map(({ pid }) => pid).join(", ")}) is removed`;
}
