import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";

let connected: Promise<Docker> | undefined;

/** The Docker engine of DOCKER_HOST, else of the current docker context, else of the default socket. */
export function docker(): Promise<Docker> {
  connected ??= connect();
  return connected;
}

async function connect(): Promise<Docker> {
  const client = await newClient();
  await client.ping().catch((error: Error) => {
    const { host, socketPath } = client.modem as { host?: string; socketPath?: string };
    throw new Error(`Docker does not answer at ${host ?? socketPath} (${error.message}): is it running?`);
  });
  return client;
}

/** dockerode is loaded at the first call: a preview without changes needs none of it. */
async function newClient(): Promise<Docker> {
  const { default: Client } = await import("dockerode");
  const host = process.env.DOCKER_HOST ? undefined : contextHost(process.env);
  if (!host) return new Client();
  const url = new URL(host);
  if (url.protocol === "unix:") return new Client({ socketPath: url.pathname });
  if (url.protocol === "tcp:" || url.protocol === "ssh:") {
    process.env.DOCKER_HOST = host;
    return new Client();
  }
  throw new Error(`The docker context points to ${host}, which is not supported: set DOCKER_HOST.`);
}

/** The endpoint of the current docker context; undefined for the default one. */
export function contextHost(environment: NodeJS.ProcessEnv): string | undefined {
  const directory = environment.DOCKER_CONFIG ?? join(homedir(), ".docker");
  const config = join(directory, "config.json");
  const name =
    environment.DOCKER_CONTEXT ?? (existsSync(config) && JSON.parse(readFileSync(config, "utf8")).currentContext);
  if (!name || name === "default") return undefined;
  const meta = join(directory, "contexts", "meta", createHash("sha256").update(name).digest("hex"), "meta.json");
  if (!existsSync(meta))
    throw new Error(`The docker context "${name}" does not exist: run \`docker context use default\`.`);
  return JSON.parse(readFileSync(meta, "utf8")).Endpoints.docker.Host;
}

/** Undefined instead of an error when the object does not exist (any more). */
export async function orUndefined<T>(request: Promise<T>, ...statuses: number[]): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if ([404, ...statuses].includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
    throw error;
  }
}

/** The daemon's own words, without the status line that dockerode puts before them. */
export function daemonMessage(error: unknown): string {
  const { message } = error as Error;
  return message.replace(/^\(HTTP code \d+\) .*? - /, "").trim() || message;
}
