import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture, lastLines } from "../process";
import { findProgram, foldersOf } from "./cli";
import { Layout } from "./layout";

/** Variables that system software gets of ours: ways and languages, no token and no password. */
const harmless = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];
const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];

export function systemEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...harmless, ...proxies, ...proxies.map((name) => name.toLowerCase())];
  return Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
}

/** Whether system software may be installed here: root on a machine with apt, and a command that was told to make things. */
export function mayInstall(env: NodeJS.ProcessEnv, install: boolean, isRoot = process.getuid?.() === 0): boolean {
  return install && isRoot && findProgram("apt-get", foldersOf(env.PATH)) !== undefined;
}

/** Installs a Debian package; says so before, and how to keep it away. All that apt says is kept in .pgha/apt.log. */
export async function aptInstall(name: string, env: NodeJS.ProcessEnv, layout: Layout, step: Step): Promise<void> {
  step.making(`installing ${name} on this machine with apt (PGHA_NO_INSTALL=1 forbids it; apt-get remove ${name} undoes it)`);
  const log = path.join(layout.folder, "apt.log");
  const apt = async (args: string[]) => {
    const result = await capture("apt-get", ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2", ...args], {
      env: { ...systemEnvironment(env), DEBIAN_FRONTEND: "noninteractive" },
      timeout: 15 * 60_000,
      onLine: (line) => step.progress(line),
    });
    fs.appendFileSync(log, result.stdout + result.stderr);
    return result;
  };
  // A list that cannot be renewed may still do.
  await apt(["update"]);
  const { code, stderr } = await apt(["install", "--yes", "--no-install-recommends", name]);
  if (code !== 0)
    throw new UserError(
      `apt could not install ${name}: ${lastLines(stderr, 2)}`,
      `see ${log}, or install ${name} by hand`,
    );
}
