import { ChildProcess, spawn } from "node:child_process";
import type { Address } from "../../cluster/endpoints";
import type { Reach } from "../access";

export interface Forward {
  /** On 127.0.0.1. */
  port: number;
  close(): Promise<void>;
}

const DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost";
/** A session takes two or three seconds. */
const OPEN_MS = 30_000;
const CLOSE_MS = 5000;

/** Whoever ends this process ends them. */
const open = new Set<ChildProcess>();
process.once("exit", () => open.forEach((child) => kill(child, "SIGKILL")));

/** A port of this machine that leads to `address`, by a session on the first machine that takes one. The plugin chooses a free port. */
export async function openForward({ region, instances }: Reach, address: Address): Promise<Forward> {
  const reasons: string[] = [];
  for (const instance of instances) {
    try {
      return await start(region, instance, address);
    } catch (error) {
      reasons.push(`${instance}: ${(error as Error).message}`);
    }
  }
  throw new Error(
    `no port-forward to ${address.host}:${address.port} through AWS Systems Manager: ${reasons.join("; ")}. It needs the AWS CLI with credentials and its ` +
      "session-manager-plugin on this machine; with a VPN or peering set pgha:cluster.aws.access.way to direct",
  );
}

function start(region: string, instance: string, { host, port }: Address): Promise<Forward> {
  const parameters = JSON.stringify({ host: [host], portNumber: [String(port)] });
  // A process group of its own: the plugin is a child of the CLI and has to end with it
  const child = spawn("aws", ["ssm", "start-session", "--region", region, "--target", instance, "--document-name", DOCUMENT, "--parameters", parameters], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => fail(`no session within ${OPEN_MS / 1000} s`), OPEN_MS);
    const fail = (reason: string) => {
      clearTimeout(timer);
      void end(child);
      reject(new Error(reason));
    };
    const listen = (text: Buffer) => {
      said += text;
      const opened = /Port (\d+) opened/.exec(said);
      if (!opened) return;
      clearTimeout(timer);
      open.add(child);
      resolve({ port: Number(opened[1]), close: () => end(child) });
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", (error: NodeJS.ErrnoException) => fail(error.code === "ENOENT" ? "there is no program aws" : error.message));
    child.once("exit", () => open.delete(child));
    child.once("exit", (code) => fail(said.trim().split("\n").slice(-1)[0] || `aws ended with code ${code}`));
  });
}

/** SIGINT ends the session on the machine, too. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  kill(child, "SIGINT");
  const timer = setTimeout(() => kill(child, "SIGKILL"), CLOSE_MS);
  await ended;
  clearTimeout(timer);
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // it has ended by itself
  }
}
