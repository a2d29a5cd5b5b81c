import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { UserError } from "../errors";
import type { EngineEnvironment } from "./backend";
import { BASE_IMAGE } from "./baseImage";
import { Layout } from "./layout";

/** Stacks and clusters get a folder of their name in .pgha/, beside these. */
const reserved = [
  ...["bin", "pulumi", "state", "plugins", "unavailable", "clients", "archives", "drills", "bench"],
  ...["passphrase", "dockerd.log", "apt.log"],
];

/** Refuses a name that could not be a folder of its own in .pgha/. */
export function checkFolderName(name: string, what: "stack" | "cluster"): void {
  const last = name.split("/").pop() ?? "";
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(last) || reserved.includes(last)) {
    const remedy = `use letters, digits, "-" and "_", and none of ${reserved.join(", ")}`;
    throw new UserError(`"${name}" cannot be the name of a ${what}`, remedy);
  }
}

export function configurationFile(root: string, stack: string): string {
  return path.join(root, `Pulumi.${stack.split("/").pop()}.yaml`);
}

interface StackFile {
  encryptionsalt?: string;
  secretsprovider?: string;
  config?: Record<string, unknown>;
}

function readStackFile(file: string): StackFile {
  try {
    return (parse(fs.readFileSync(file, "utf8")) as StackFile | null) ?? {};
  } catch (error) {
    throw new UserError(
      `${path.basename(file)} is not valid YAML: ${(error as Error).message.split("\n")[0]}`,
      "mend it, then run the command again",
    );
  }
}

/** The object under pgha:cluster, not checked; infra/config/index.ts does that. */
function clusterConfiguration(
  root: string,
  stack: string,
): { name?: unknown; target?: unknown; images?: { base?: unknown } | null } {
  const file = configurationFile(root, stack);
  const cluster = fs.existsSync(file) ? readStackFile(file).config?.["pgha:cluster"] : undefined;
  return typeof cluster === "object" && cluster !== null ? cluster : {};
}

/** The name that infra/config/index.ts gives the cluster: `name` of the configuration, or pgha-<stack>. */
export function clusterName(root: string, stack: string): string {
  const { name } = clusterConfiguration(root, stack);
  const last = stack.split("/").pop() ?? "";
  return typeof name === "string" ? name : `pgha-${last.toLowerCase().replace(/[^a-z0-9-]/g, "-")}`;
}

/** Where a stack's cluster runs. */
export function targetOf(root: string, stack: string | undefined): "docker" | "aws" {
  return stack !== undefined && clusterConfiguration(root, stack).target === "aws" ? "aws" : "docker";
}

/** The image that the cluster's images are built on. */
export function baseImage(root: string, stack: string): string {
  const base = clusterConfiguration(root, stack).images?.base;
  return typeof base === "string" && base !== "" ? base : BASE_IMAGE;
}

/** Commands of pulumi that would write the salt of the secrets into Pulumi.<stack>.yaml by the way. */
const writers = ["up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "import", "watch", "logs"];

/** Options of pulumi that take a value and may stand before the command. */
const valued = ["--stack", "-s", "--cwd", "-C", "--color", "--verbose", "-v", "--profiling", "--tracing"];

/** Where the command stands in a command line of pulumi; -1 when there is none. */
function commandIndex(args: string[]): number {
  return args.findIndex((argument, index) => !argument.startsWith("-") && !valued.includes(args[index - 1]));
}

/** The command in a command line of pulumi, or undefined. */
export function commandOf(args: string[]): string | undefined {
  return args[commandIndex(args)];
}

/** The value of an option in a command line of pulumi, whichever way it is written. */
export function optionOf(args: string[], long: string, short?: string): string | undefined {
  for (const [index, argument] of args.entries()) {
    if (argument === "--") return undefined;
    if (argument === long || (short && argument === short)) return args[index + 1];
    if (argument.startsWith(`${long}=`)) return argument.slice(long.length + 1);
  }
  return undefined;
}

/** The stack that `pulumi stack select` chose for this project, or undefined. */
export function selectedStack(layout: Layout, env: NodeJS.ProcessEnv): string | undefined {
  if (env.PULUMI_STACK) return env.PULUMI_STACK;
  const project = path.join(layout.root, "Pulumi.yaml");
  const { name } = parse(fs.readFileSync(project, "utf8")) as { name: string };
  const home = env.PULUMI_HOME ?? path.join(env.HOME ?? "/", ".pulumi");
  const file = path.join(
    home,
    "workspaces",
    `${name}-${createHash("sha1").update(project).digest("hex")}-workspace.json`,
  );
  try {
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { stack?: string }).stack?.split("/").pop() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Lets the engine work with a copy of Pulumi.<stack>.yaml in .pgha/<stack>/, where it may write its salt.
 * A file that has a salt already (its secrets need it) is used as it is, and so is every other backend's.
 */
export function configurationArguments(
  args: string[],
  engine: Pick<EngineEnvironment, "root" | "layout" | "backend" | "env">,
): string[] {
  const command = commandIndex(args);
  if (!engine.backend.own || !writers.includes(args[command]) || optionOf(args, "--config-file") !== undefined)
    return args;
  const stack = optionOf(args, "--stack", "-s") ?? selectedStack(engine.layout, engine.env);
  if (stack === undefined) return args;
  const file = configurationFile(engine.root, stack);
  if (!fs.existsSync(file)) return args;
  const { encryptionsalt, secretsprovider } = readStackFile(file);
  if (encryptionsalt !== undefined || secretsprovider !== undefined) return args;
  const copy = path.join(engine.layout.stack(stack), path.basename(file));
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.copyFileSync(file, copy);
  return [...args.slice(0, command + 1), "--config-file", copy, ...args.slice(command + 1)];
}
