import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture } from "../process";
import { Layout } from "./layout";
import { lastLines } from "./pulumi";

/** Installs a Debian package; all that apt says is kept in .pgha/apt.log. Needs root. */
export async function aptInstall(name: string, env: NodeJS.ProcessEnv, layout: Layout, step: Step): Promise<void> {
  step.making(`installing ${name} with apt`);
  const log = path.join(layout.folder, "apt.log");
  const apt = async (args: string[]) => {
    const result = await capture("apt-get", ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2", ...args], {
      env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
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
