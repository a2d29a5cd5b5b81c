import { UserError } from "../errors";
import { Step } from "../log";
import { findCli, findProgram, searchFolders } from "./cli";
import type { Program } from "./goBuild";
import { Layout } from "./layout";

export interface PulumiInstallation {
  /** Folders to put on PATH: the CLI's first, the language host's where it is another one. */
  readonly folders: string[];
  readonly version: string;
}

interface ObtainOptions {
  /** Milliseconds without a word after which the line counts as dead. */
  readonly silence?: number;
  /** Where Go may be beside PATH. */
  readonly goFolders?: string[];
}

/** Finds the CLI and the Node.js language host, downloads them, or builds them. */
export async function ensurePulumi(
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  options: ObtainOptions = {},
): Promise<PulumiInstallation> {
  if (findCli(env, layout) === undefined) await obtain("pulumi", env, layout, step, options);
  const cli = findCli(env, layout);
  if (cli === undefined)
    throw new UserError(`the Pulumi CLI in ${layout.bin} does not run`, `remove ${layout.bin} and try again`);
  const find = () => findProgram("pulumi-language-nodejs", [cli.folder, ...searchFolders(env, layout)]);
  if (find() === undefined) await obtain("pulumi-language-nodejs", env, layout, step, options);
  return { folders: [...new Set([cli.folder, find() ?? layout.bin])], version: cli.version };
}

/** Downloads Pulumi's release, which holds both programs; only where nobody answers, builds the one with Go. */
async function obtain(
  program: Program,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  options: ObtainOptions,
): Promise<void> {
  // Loaded only here: a machine that has a CLI needs none of it
  const { installRelease, pulumiVersion } = require("./release") as typeof import("./release");
  const { DownloadError } = require("./download") as typeof import("./download");
  const { findGo, goBuild } = require("./goBuild") as typeof import("./goBuild");
  step.making(`Pulumi CLI ${pulumiVersion}: downloading its release`);
  try {
    await installRelease(env, layout, step, options);
  } catch (error) {
    if (!(error instanceof DownloadError && error.outOfReach)) throw error;
    const go = findGo(env, layout, options.goFolders);
    if (go === undefined)
      throw new UserError(
        `${program} is not here, and cannot be downloaded: ${error.message}`,
        `${error.remedy}\nor install Pulumi (https://www.pulumi.com/docs/install), or Go 1.26 to build it (https://go.dev/dl)`,
      );
    step.making(error.message);
    await goBuild(go, program, env, layout, step);
  }
}
