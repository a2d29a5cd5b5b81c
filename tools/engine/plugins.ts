import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { findProgram, foldersOf } from "./cli";
import { askAgain, Layout, rememberUnavailable, repository, whyUnavailable } from "./layout";
import { downloadPlugin, elsewhere, Provider } from "./pluginDownload";

export interface PluginOptions {
  /** The providers whose plugins the stack needs. */
  providers: Provider[];
  /** Nothing will be made: then aws needs neither an account nor a plugin of some hundred megabytes. */
  preview: boolean;
}

export interface Plugins {
  /** Folders to put on PATH: the stand-ins' where there are any. */
  readonly folders: string[];
  readonly standIns: string[];
  readonly summary: string;
}

/**
 * Finds each provider plugin of the npm packages' version, downloads it, or lets a stand-in take its place.
 * PGHA_PLUGINS=official takes no stand-in, PGHA_PLUGINS=stand-in nothing else for docker and random.
 */
export async function ensurePlugins(
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  { providers, preview }: PluginOptions,
): Promise<Plugins> {
  const home = env.PULUMI_HOME ?? path.join(env.HOME ?? "/", ".pulumi");
  checkChoice(env.PGHA_PLUGINS);
  const found = await Promise.all(providers.map((provider) => ensurePlugin(provider, preview, home, env, layout, step)));
  return {
    folders: found.some(({ standIn }) => standIn) ? [layout.plugins] : [],
    standIns: providers.filter((_, index) => found[index].standIn),
    summary: summarize(found),
  };
}

const CHOSEN = "PGHA_PLUGINS=stand-in";
const choices = ["official", "stand-in"];

function checkChoice(choice: string | undefined): void {
  if (choice && !choices.includes(choice)) throw new UserError(`PGHA_PLUGINS is "${choice}"`, `use ${choices.join(" or ")}, or leave it out`);
}

interface Found {
  readonly text: string;
  readonly standIn: boolean;
  /** Why the official one cannot be had; a stand-in without one need not be the official one. */
  readonly reason?: string;
}

function summarize(found: Found[]): string {
  const names = (standIn: boolean) =>
    found
      .filter((plugin) => plugin.standIn === standIn)
      .map(({ text }) => text)
      .join(", ");
  const reason = found.find((plugin) => plugin.reason)?.reason;
  const chosen = reason === CHOSEN ? ` (${CHOSEN})` : `: ${reason}; ${askAgain}`;
  const why = reason ? chosen : ", which need not be the official one";
  const standIns = names(true) && `stand-ins of this repository for ${names(true)}${why}`;
  return [names(false), standIns].filter(Boolean).join("; ");
}

async function ensurePlugin(
  provider: Provider,
  preview: boolean,
  home: string,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
): Promise<Found> {
  const { version } = JSON.parse(
    fs.readFileSync(path.join(repository, "node_modules", "@pulumi", provider, "package.json"), "utf8"),
  );
  const wrapper = path.join(layout.plugins, `pulumi-resource-${provider}`);
  const name = `resource-${provider}-v${version}`;
  const official = { text: `${provider} ${version}`, standIn: false };
  const removeWrapper = () => fs.rmSync(wrapper, { force: true });
  if (findProgram(`pulumi-resource-${provider}`, foldersOf(env.PATH)) !== undefined) {
    removeWrapper();
    return { text: `${provider} from PATH`, standIn: false };
  }
  if (provider === "aws" && preview && !hasAwsCredentials(env)) {
    writeWrapper(wrapper, provider);
    return { text: `${provider} ${version}`, standIn: true };
  }
  if (env.PGHA_PLUGINS === "stand-in" && provider !== "aws") {
    writeWrapper(wrapper, provider);
    return { text: `${provider} ${version}`, standIn: true, reason: CHOSEN };
  }
  if (isInstalled(path.join(home, "plugins", name)) || adopt(name, home, env)) {
    removeWrapper();
    return official;
  }
  let reason = whyUnavailable(layout, name);
  if (reason === undefined) {
    step.making(`provider plugin ${provider} ${version}: downloading it`);
    reason = await downloadPlugin(provider, version, env, layout);
    if (reason === undefined) {
      removeWrapper();
      return official;
    }
    rememberUnavailable(layout, name, reason);
  }
  if (env.PGHA_PLUGINS === "official") {
    removeWrapper();
    throw new UserError(`the provider plugin ${provider} ${version} is out of reach (${reason}), and PGHA_PLUGINS=official takes no stand-in`, elsewhere(provider));
  }
  writeWrapper(wrapper, provider);
  return { text: `${provider} ${version}`, standIn: true, reason };
}

/** Whether the official plugin could log in; without it would fail a preview, too. */
function hasAwsCredentials(env: NodeJS.ProcessEnv): boolean {
  const variables = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  ];
  const files = ["credentials", "config"].map((file) => path.join(env.HOME ?? "/", ".aws", file));
  return variables.some((name) => env[name]) || files.some((file) => fs.existsSync(file));
}

/** A plugin's folder stands before its download has ended; the .partial beside it tells. */
function isInstalled(folder: string): boolean {
  return fs.existsSync(folder) && !fs.existsSync(`${folder}.partial`);
}

/** Takes over a plugin that the person's own Pulumi has downloaded already. */
function adopt(name: string, home: string, env: NodeJS.ProcessEnv): boolean {
  const homes = [process.env.PULUMI_HOME, path.join(env.HOME ?? "/", ".pulumi")];
  const theirs = homes.map((folder) => path.join(folder ?? "/", "plugins", name)).find(isInstalled);
  if (theirs === undefined) return false;
  const ours = path.join(home, "plugins", name);
  fs.cpSync(theirs, `${ours}.copy`, { recursive: true });
  fs.renameSync(`${ours}.copy`, ours);
  return true;
}

function writeWrapper(file: string, provider: Provider): void {
  const plugin = path.join(repository, "tools", "providers", "plugin.js");
  if (!fs.existsSync(plugin)) {
    throw new UserError(`the provider plugin ${provider} is out of reach`, elsewhere(provider));
  }
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const script = `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(plugin)} ${provider} "$@"\n`;
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === script) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, script, { mode: 0o755 });
}

/**
 * A CLI built here has no plugin for dynamic providers beside it, as the official archive has: npm's takes its place.
 * Returns the folder to put on PATH where the CLI's own is not ours to write to.
 */
export function dynamicProviderFolders(cli: string, layout: Layout, folders: string[]): string[] {
  const name = "pulumi-resource-pulumi-nodejs";
  const npms = path.join(repository, "node_modules", "@pulumi", "pulumi");
  if (findProgram(name, [cli, ...folders]) !== undefined) return [];
  if (cli !== layout.bin) return [npms];
  fs.copyFileSync(path.join(npms, name), path.join(cli, name));
  fs.chmodSync(path.join(cli, name), 0o755);
  return [];
}
