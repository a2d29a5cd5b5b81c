import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { Layout } from "./layout";

/** The oldest CLI whose options we use. */
export const oldestCli = "3.200.0";

/** Folders in which programs are looked for, in order. */
export function searchFolders(env: NodeJS.ProcessEnv, layout: Layout): string[] {
  return [...foldersOf(env.PATH), ...(env.HOME ? [path.join(env.HOME, ".pulumi", "bin")] : []), layout.bin];
}

export function foldersOf(searchPath: string | undefined): string[] {
  return (searchPath ?? "").split(path.delimiter).filter(Boolean);
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

export interface Cli {
  readonly folder: string;
  readonly version: string;
}

/** The first Pulumi CLI that is new enough, or undefined: the one that every command asks. */
export function findCli(env: NodeJS.ProcessEnv, layout: Layout): Cli | undefined {
  for (const folder of searchFolders(env, layout)) {
    if (findProgram("pulumi", [folder]) === undefined) continue;
    const version = versionOf(path.join(folder, "pulumi"), env, layout);
    if (version !== undefined && isUsable(version))
      return { folder, version: version.replace(/^v/, "") || "of your own build" };
  }
  return undefined;
}

/** Bytes above which a file is the CLI itself: a version manager's shim answers for another program each time. */
const leastSize = 1e6;

/** What `pulumi version` says, which takes it a quarter of a second: remembered for as long as the file is the same. */
function versionOf(program: string, env: NodeJS.ProcessEnv, layout: Layout): string | undefined {
  const file = fs.realpathSync(program);
  const { mtimeMs, size } = fs.statSync(file);
  const isCli = path.basename(file) === "pulumi" && size > leastSize;
  const cache = path.join(layout.folder, "versions.json");
  const key = `${file} ${mtimeMs} ${size}`;
  const known = isCli ? read(cache) : {};
  if (known[key] !== undefined) return known[key];
  const { status, stdout } = spawnSync(program, ["version"], {
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) return undefined;
  if (isCli && fs.existsSync(layout.folder)) fs.writeFileSync(cache, JSON.stringify({ [key]: stdout.trim() }));
  return stdout.trim();
}

function read(cache: string): Record<string, string> {
  try {
    return JSON.parse(fs.readFileSync(cache, "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}

/** PATH on which `node` is the one that runs us and `pulumi` the CLI that was found; changed only where it is not so. */
export function pathWith(cli: string, searchPath: string | undefined, node = process.execPath): string {
  const folders = foldersOf(searchPath);
  const first = findProgram("node", folders);
  if (first === undefined || fs.realpathSync(path.join(first, "node")) !== fs.realpathSync(node))
    folders.unshift(path.dirname(node));
  const other = findProgram("pulumi", folders);
  // Before another CLI, else last: its folder may hold another node
  if (other !== cli) folders.splice(other === undefined ? folders.length : folders.indexOf(other), 0, cli);
  return folders.join(path.delimiter);
}
