import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import Docker = require("dockerode");
import { UserError } from "../errors";
import { Step } from "../log";
import { capture } from "../process";
import { aptInstall } from "./apt";
import { Layout, makeFolder } from "./layout";
import { findProgram, lastLines } from "./pulumi";

export const defaultDockerHost = "unix:///var/run/docker.sock";

/** What stands in the way of the engine, seen from its socket. */
export type Obstacle = "absent" | "denied" | "elsewhere";

/** Where Docker listens: DOCKER_HOST, the chosen context, or the first socket that exists. */
export function dockerHost(env: NodeJS.ProcessEnv): string {
  if (env.DOCKER_HOST) return env.DOCKER_HOST;
  const configuration = env.DOCKER_CONFIG ?? path.join(env.HOME ?? "/", ".docker");
  const context = env.DOCKER_CONTEXT ?? readJson(path.join(configuration, "config.json"))?.currentContext;
  if (typeof context === "string" && context !== "" && context !== "default") {
    const id = createHash("sha256").update(context).digest("hex");
    const host = readJson(path.join(configuration, "contexts", "meta", id, "meta.json"))?.Endpoints?.docker?.Host;
    if (typeof host === "string" && host !== "") return host;
  }
  const sockets = [
    defaultDockerHost.slice("unix://".length),
    env.XDG_RUNTIME_DIR && path.join(env.XDG_RUNTIME_DIR, "docker.sock"),
    env.HOME && path.join(env.HOME, ".docker", "run", "docker.sock"),
  ];
  const socket = sockets.find((file) => file && fs.existsSync(file));
  return socket ? `unix://${socket}` : defaultDockerHost;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a file of Docker's own, read defensively
function readJson(file: string): any {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

export function connectDocker(host: string): Docker {
  if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
  process.env.DOCKER_HOST = host;
  return new Docker();
}

/** The result, or undefined where Docker says there is no such thing. */
export async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

/** The engine's version, or what stands in the way. */
export async function probeDocker(host: string): Promise<{ version: string } | { obstacle: Obstacle; reason: string }> {
  try {
    const timeout = new Promise<never>((_, reject) =>
      setTimeout(reject, 10_000, new Error("no answer in 10 s")).unref(),
    );
    const { Version } = await Promise.race([connectDocker(host).version(), timeout]);
    return { version: Version };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const obstacle =
      code === "EACCES" || code === "EPERM" ? "denied" : host.startsWith("unix://") ? "absent" : "elsewhere";
    return { obstacle, reason: message };
  }
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly hasDaemon: boolean;
  readonly hasApt: boolean;
}

/** What can be done about an engine that does not answer: install it, start it, or tell a person what to do. */
export function remedyFor(obstacle: Obstacle, machine: Machine, chosen: boolean): "install" | "start" | UserError {
  if (obstacle === "denied") {
    const remedy = "sudo usermod -aG docker $USER   and log in again (members of that group are root on this machine)";
    return new UserError("Docker is there, but its socket is not open to you", remedy);
  }
  if (chosen || obstacle === "elsewhere") {
    return new UserError(
      "Docker does not answer where DOCKER_HOST or the docker context points",
      "start it there, or unset DOCKER_HOST",
    );
  }
  if (machine.platform !== "linux") {
    return new UserError(
      "Docker is not running",
      "start Docker Desktop (https://docs.docker.com/desktop), then run the command again",
    );
  }
  if (machine.isRoot && machine.hasDaemon) return "start";
  if (machine.isRoot && machine.hasApt) return "install";
  return machine.hasDaemon
    ? new UserError("Docker is not running", "sudo systemctl start docker")
    : new UserError(
        "Docker is not installed",
        "install it (https://docs.docker.com/engine/install), then run the command again",
      );
}

export interface DaemonOptions {
  readonly host: string;
  /** Arguments of dockerd where there is no systemd to start it. */
  readonly args: string[];
}

/** Finds a Docker engine that answers, or installs and starts one. Returns its address. */
export async function ensureDocker(
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  daemon: DaemonOptions = { host: dockerHost(env), args: [] },
): Promise<{ host: string; version: string }> {
  const { host } = daemon;
  const found = await probeDocker(host);
  if ("version" in found) return { host, version: found.version };
  const folders = [...(env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/usr/bin", "/usr/local/bin"];
  const machine: Machine = {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    hasDaemon: findProgram("dockerd", folders) !== undefined,
    hasApt: findProgram("apt-get", folders) !== undefined,
  };
  const chosen = Boolean(env.DOCKER_HOST) || (host !== defaultDockerHost && daemon.args.length === 0);
  const action = remedyFor(found.obstacle, machine, chosen);
  if (action instanceof UserError) throw action;
  makeFolder(layout);
  if (action === "install") await aptInstall("docker.io", env, layout, step);
  return {
    host,
    version: await startDocker(daemon, env, layout, step, findProgram("dockerd", folders) ?? "/usr/sbin"),
  };
}

async function startDocker(
  daemon: DaemonOptions,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  folder: string,
): Promise<string> {
  step.making("starting Docker");
  let ended = false;
  if (fs.existsSync("/run/systemd/system") && daemon.args.length === 0) {
    const { code, stderr } = await capture("systemctl", ["start", "docker"], { env, timeout: 120_000 });
    if (code !== 0)
      throw new UserError(`systemctl start docker failed: ${lastLines(stderr, 3)}`, "see journalctl -u docker");
  } else {
    const log = fs.openSync(layout.dockerLog, "a", 0o600);
    // A session of its own: it outlives this command and hears no Ctrl-C.
    const child = spawn(path.join(folder, "dockerd"), daemon.args, {
      detached: true,
      stdio: ["ignore", log, log],
      env,
    });
    child.once("exit", () => (ended = true)).once("error", () => (ended = true));
    child.unref();
    fs.closeSync(log);
  }
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const found = await probeDocker(daemon.host);
    if ("version" in found) return found.version;
    if (ended) break;
  }
  const reason = fs.existsSync(layout.dockerLog)
    ? lastLines(fs.readFileSync(layout.dockerLog, "utf8"), 3)
    : "no answer in 60 s";
  throw new UserError(`Docker did not start:\n${reason}`, `its log is ${layout.dockerLog}`);
}
