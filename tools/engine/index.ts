import { StdioOptions } from "node:child_process";
import * as path from "node:path";
import { createLog, Log } from "../log";
import { capture, follow, Result } from "../process";
import { Backend, demandItsBackend, EngineEnvironment, ensureBackend } from "./backend";
import { BASE_IMAGE, ensureBaseImage } from "./baseImage";
import { baseImage, configurationArguments, targetOf } from "./configuration";
import { foldersOf, pathWith } from "./cli";
import { connectDocker, defaultDockerHost, ensureDocker } from "./docker";
import type { DockerAddress } from "./dockerAddress";
import { Layout, layoutOf, repository } from "./layout";
import { dynamicProviderFolders, ensurePlugins } from "./plugins";
import { ensurePulumi } from "./pulumi";

export { BASE_IMAGE };
export type { EngineEnvironment };

export interface EngineOptions {
  /** Folder of Pulumi.yaml; default: PGHA_ROOT, or this repository. */
  root?: string;
  /** Default: says on stderr what is being made, and nothing else. */
  log?: Log;
  /** Whether a running Docker engine is needed; default true. */
  docker?: boolean;
  /** Whether the base image is needed too; default true where Docker is. */
  image?: boolean;
  /** Stack whose configuration names the target and the base image; default docker and BASE_IMAGE. A function is asked once the state is there. */
  stack?: string | ((layout: Layout, env: NodeJS.ProcessEnv) => string | undefined);
  /** Whether nothing will be made; default false. */
  preview?: boolean;
  /** Whether system software that is missing may be installed and started, as root; default false, and never with PGHA_NO_INSTALL. */
  install?: boolean;
}

/** Finds or makes every prerequisite: the Pulumi CLI, a state backend, provider plugins, Docker and the base image. */
export async function ensureEngine(options: EngineOptions = {}): Promise<EngineEnvironment> {
  const {
    root = process.env.PGHA_ROOT ?? repository,
    log = createLog(process.stderr, { quiet: true }),
    docker = true,
    image = docker,
    preview = false,
  } = options;
  const install = options.install === true && !process.env.PGHA_NO_INSTALL;
  const layout = layoutOf(root);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Types are checked by `npm test`; checking them at every run would cost seconds.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  };
  let backend = undefined as Backend | undefined;
  let stack = undefined as string | undefined;
  await log.step("State", async () => {
    backend = ensureBackend(env, layout);
    Object.assign(env, backend.env);
    stack = typeof options.stack === "function" ? options.stack(layout, env) : options.stack;
    // Whoever only moves states about needs no Docker
    if (docker && stack !== undefined) demandItsBackend(stack, env, layout);
    return backend.summary;
  });
  const target = targetOf(layout.root, stack);
  let host = defaultDockerHost;
  // First of what has to be there: the commonest thing to be missing is an engine that runs
  if (docker && target === "docker")
    await log.step("Docker", async (step) => {
      const found = await ensureDocker(env, layout, step, { install });
      host = found.host;
      pointTo(found, env);
      return `${found.version} (${host})`;
    });
  await log.step("Pulumi CLI", async (step) => {
    const { folders, version } = await ensurePulumi(env, layout, step);
    env.PATH = pathWith(folders[0], env.PATH);
    append(env, folders.slice(1));
    append(env, dynamicProviderFolders(folders[0], layout, foldersOf(env.PATH)));
    return `${version} (${shorten(folders[0], root)})`;
  });
  let standIns: string[] = [];
  await log.step("Provider plugins", async (step) => {
    const plugins = await ensurePlugins(env, layout, step, { providers: [target, "random"], preview });
    append(env, plugins.folders);
    standIns = plugins.standIns;
    // The program notes it in the state
    env.PGHA_STAND_INS = standIns.join(" ");
    return plugins.summary;
  });
  const engine = { root: layout.root, layout, backend: backend!, dockerHost: host, standIns, env };
  if (docker && image && target === "docker") await ensureImage(stack, engine, { log, install });
  return engine;
}

/** Finds, pulls or makes the image that the cluster's are built on. */
export async function ensureImage(stack: string | undefined, { layout, dockerHost, env }: EngineEnvironment, { log, install }: { log: Log; install: boolean }): Promise<void> {
  const base = stack === undefined ? BASE_IMAGE : baseImage(layout.root, stack);
  const making = { docker: connectDocker(dockerHost), image: base, env, layout, install: install && !env.PGHA_NO_INSTALL };
  await log.step("Base image", (step) => ensureBaseImage({ ...making, step }));
}

/** The default stays unsaid, so that plain pulumi sees the same provider configuration. */
function pointTo({ host, certificates }: DockerAddress, env: NodeJS.ProcessEnv): void {
  if (host !== defaultDockerHost) env.DOCKER_HOST = host;
  // Ours as well: the commands of this process connect by them
  if (certificates) for (const of of [env, process.env]) Object.assign(of, { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: certificates });
}

function append(env: NodeJS.ProcessEnv, folders: string[]): void {
  env.PATH = [...new Set([...foldersOf(env.PATH), ...folders])].join(path.delimiter);
}

function shorten(folder: string, root: string): string {
  const relative = path.relative(root, folder);
  return relative.startsWith("..") ? folder : relative;
}

/** Runs pulumi on our own standard streams (or all on stderr), Ctrl-C included; returns its exit code. */
export function runPulumi(args: string[], engine: EngineEnvironment, { onStderr = false } = {}): Promise<number> {
  const stdio: StdioOptions = ["inherit", onStderr ? 2 : "inherit", "inherit"];
  return follow("pulumi", configurationArguments(args, engine), { cwd: engine.root, env: engine.env, stdio });
}

/** Runs pulumi and returns what it wrote. */
export function askPulumi(args: string[], engine: EngineEnvironment): Promise<Result> {
  return capture("pulumi", configurationArguments(args, engine), { cwd: engine.root, env: engine.env });
}
