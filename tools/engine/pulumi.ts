import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture } from "../process";
import { isUnavailable, Layout, makeFolder, rememberUnavailable, repository } from "./layout";

/** The oldest CLI whose options we use. */
export const oldestCli = "3.200.0";

const modules = {
  pulumi: {
    folder: "cli",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: "3.250.0",
    takes: "about 3 minutes",
  },
  "pulumi-language-nodejs": {
    folder: "language-host",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: "3.68.0",
    takes: "half a minute",
  },
} as const;
type Program = keyof typeof modules;

/** Folders in which programs are looked for, in order. */
export function searchFolders(env: NodeJS.ProcessEnv, layout: Layout): string[] {
  const onPath = (env.PATH ?? "").split(path.delimiter).filter(Boolean);
  return [...onPath, ...(env.HOME ? [path.join(env.HOME, ".pulumi", "bin")] : []), layout.bin];
}

/** The first folder that holds the program, or undefined. */
export function findProgram(name: string, folders: string[]): string | undefined {
  const isProgram = (file: string) => {
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return fs.statSync(file).isFile();
    } catch {
      return false;
    }
  };
  return folders.find((folder) => isProgram(path.join(folder, name)));
}

/** Whether a CLI of this version can be used. A build without a version is somebody's own: trusted. */
export function isUsable(version: string): boolean {
  const numbers = /^v?(\d+)\.(\d+)\./.exec(version.trim());
  if (numbers === null) return version.trim() === "";
  const [major, minor] = oldestCli.split(".").map(Number);
  return Number(numbers[1]) === major && Number(numbers[2]) >= minor;
}

export interface PulumiInstallation {
  /** Folders to put on PATH: the CLI's first, the language host's where it is another one. */
  readonly folders: string[];
  readonly version: string;
}

/** Finds the CLI and the Node.js language host, installs them, or builds them. */
export async function ensurePulumi(env: NodeJS.ProcessEnv, layout: Layout, step: Step): Promise<PulumiInstallation> {
  let cli = await findCli(env, layout);
  if (cli === undefined) {
    await installOrBuild(env, layout, step);
    cli = await findCli(env, layout);
    if (cli === undefined)
      throw new UserError("the Pulumi CLI was made but does not run", `remove ${layout.bin} and try again`);
  }
  const host = findProgram("pulumi-language-nodejs", [cli.folder, ...searchFolders(env, layout)]);
  if (host === undefined) await build("pulumi-language-nodejs", env, layout, step);
  return { folders: [...new Set([cli.folder, host ?? layout.bin])], version: cli.version };
}

async function findCli(
  env: NodeJS.ProcessEnv,
  layout: Layout,
): Promise<{ folder: string; version: string } | undefined> {
  for (let folders = searchFolders(env, layout); ;) {
    const folder = findProgram("pulumi", folders);
    if (folder === undefined) return undefined;
    const { code, stdout } = await capture(path.join(folder, "pulumi"), ["version"], {
      env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    if (code === 0 && isUsable(stdout))
      return { folder, version: stdout.trim().replace(/^v/, "") || "of your own build" };
    folders = folders.slice(folders.indexOf(folder) + 1);
  }
}

async function installOrBuild(env: NodeJS.ProcessEnv, layout: Layout, step: Step): Promise<void> {
  makeFolder(layout);
  if (!isUnavailable(layout, "pulumi-installer")) {
    step.making("Pulumi CLI: downloading it with Pulumi's installer");
    try {
      // Imported only here: it takes a second to load.
      const { PulumiCommand } = await import("@pulumi/pulumi/automation");
      await withTimeout(PulumiCommand.install({ root: layout.folder }), 300);
      return;
    } catch (error) {
      rememberUnavailable(layout, "pulumi-installer", error instanceof Error ? error.message : String(error));
    }
  }
  await build("pulumi", env, layout, step);
}

/** Builds one program from its pinned module; what is half built has another name. */
async function build(program: Program, env: NodeJS.ProcessEnv, layout: Layout, step: Step): Promise<void> {
  const { folder, package: name, version, takes } = modules[program];
  const go = findProgram("go", [...searchFolders(env, layout), "/usr/local/go/bin"]);
  if (go === undefined) {
    throw new UserError(
      `${program} is not here, its download is out of reach, and there is no Go to build it with`,
      "install Pulumi (https://www.pulumi.com/docs/install) or Go 1.26 (https://go.dev/dl), then run the command again",
    );
  }
  makeFolder(layout);
  fs.mkdirSync(layout.bin, { recursive: true });
  step.making(`${program} ${version}: building it with Go, as it cannot be downloaded (${takes}, once)`);
  const target = path.join(layout.bin, program);
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  const { code, stderr } = await capture(
    path.join(go, "go"),
    [
      "build",
      "-v",
      "-mod=readonly",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      flags,
      "-o",
      `${target}.partial`,
      name,
    ],
    {
      cwd: path.join(repository, "tools", "engine", "go", folder),
      env: { ...env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
      timeout: 30 * 60_000,
      onLine: (line) => step.progress(line.trim()),
    },
  );
  if (code !== 0) {
    throw new UserError(
      `${program} ${version} could not be built with Go: ${lastLines(stderr, 3)}`,
      "install Pulumi (https://www.pulumi.com/docs/install), or mend Go's way to its module proxy (go env GOPROXY)",
    );
  }
  fs.renameSync(`${target}.partial`, target);
}

/** The end of a program's output: where the reason of a failure stands. */
export function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n");
}

function withTimeout<T>(work: Promise<T>, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${seconds} s`)), seconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
