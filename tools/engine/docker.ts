import * as fs from "node:fs";
import * as path from "node:path";
import Docker = require("dockerode");
import { UserError } from "../errors";
import { Step } from "../log";
import { mayInstall } from "./apt";
import { findProgram, foldersOf } from "./cli";
import { DockerAddress, dockerAddresses, refuseElsewhere } from "./dockerAddress";
import { Machine, Obstacle, remedyFor } from "./dockerRemedy";
import { startDocker } from "./dockerStart";
import { Layout, makeFolder } from "./layout";

export { defaultDockerHost, dockerHost } from "./dockerAddress";

/** Docker 20.10's, the oldest that the whole cluster was run on. */
const leastApi = "1.41";

/** Connects to an address as in DOCKER_HOST; over TLS where DOCKER_CERT_PATH, or `certificates`, names a folder. */
export function connectDocker(host: string, certificates = process.env.DOCKER_CERT_PATH): Docker {
  if (host.startsWith("unix://")) return new Docker({ socketPath: host.slice("unix://".length) });
  const { hostname, port } = new URL(host);
  const read = (name: string) => fs.readFileSync(path.join(certificates ?? "", name), "utf8");
  const tls = certificates ? { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") } : {};
  const protocol = certificates ? ("https" as const) : ("http" as const);
  return new Docker({ host: hostname.replace(/^\[|\]$/g, ""), port: port || (certificates ? 2376 : 2375), protocol, ...tls });
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

export interface Answer {
  readonly version: string;
  readonly api: string;
}

/** The engine's version, or what stands in the way. */
export async function probeDocker(address: DockerAddress, silence = 10_000): Promise<Answer | Obstacle> {
  try {
    const timeout = new Promise<never>((_, reject) =>
      setTimeout(reject, silence, new Error(`no answer in ${silence / 1000} s`)).unref(),
    );
    const { Version, ApiVersion } = await Promise.race([connectDocker(address.host, address.certificates).version(), timeout]);
    return { version: Version, api: ApiVersion };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { address, denied: code === "EACCES" || code === "EPERM", reason: message };
  }
}

export interface DockerOptions {
  /** Whether Docker may be started, or installed as root. */
  readonly install: boolean;
  /** Where it may be; default: as the environment says. */
  readonly addresses?: DockerAddress[];
  /** Arguments of dockerd where there is no systemd to start it. */
  readonly daemonArgs?: string[];
}

export interface FoundDocker extends DockerAddress {
  readonly version: string;
}

/** Finds a Docker engine of this machine that answers, or starts one. Throws UserError that says where it looked. */
export async function ensureDocker(
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  { install, addresses = dockerAddresses(env), daemonArgs }: DockerOptions,
): Promise<FoundDocker> {
  const obstacles: Obstacle[] = [];
  for (const address of addresses) {
    refuseElsewhere(address);
    const found = await probeDocker(address);
    if ("version" in found) return { ...address, version: newEnough(found, address) };
    obstacles.push(found);
  }
  const folders = [...foldersOf(env.PATH), "/usr/sbin", "/usr/bin", "/usr/local/bin"];
  const machine: Machine = {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    isWsl: Boolean(env.WSL_DISTRO_NAME),
    hasDaemon: findProgram("dockerd", folders) !== undefined,
    hasApt: mayInstall(env, true),
    install,
    has: (program) => findProgram(program, foldersOf(env.PATH)) !== undefined || fs.existsSync(`/Applications/${program}.app`),
  };
  const action = remedyFor(obstacles, machine);
  if (action instanceof UserError) throw action;
  makeFolder(layout);
  const address = obstacles[0].address;
  const answers = async () => {
    const found = await probeDocker(address);
    return "version" in found ? found.version : undefined;
  };
  return { ...address, version: await startDocker(action, { answers, folders, args: daemonArgs, env, layout, step }) };
}

function newEnough({ version, api }: Answer, { host }: DockerAddress): string {
  const [least, is] = [leastApi, api].map((text) => text.split(".").map(Number));
  if (is[0] > least[0] || (is[0] === least[0] && is[1] >= least[1])) return version;
  throw new UserError(
    `Docker ${version} at ${host} is too old: its API is ${api}, and ${leastApi} is needed`,
    "Docker 20.10 or newer: https://docs.docker.com/engine/install",
  );
}
