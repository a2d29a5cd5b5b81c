import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture, lastLines } from "../process";
import { aptInstall, systemEnvironment } from "./apt";
import { findProgram } from "./cli";
import { Layout } from "./layout";

interface Starting {
  /** The engine's version, once it answers. */
  readonly answers: () => Promise<string | undefined>;
  /** Where dockerd may be. */
  readonly folders: string[];
  readonly args?: string[];
  readonly env: NodeJS.ProcessEnv;
  readonly layout: Layout;
  readonly step: Step;
}

/** Starts Docker, installs it before where it is not there, and waits until it answers. Returns its version. */
export async function startDocker(action: "install" | "start", starting: Starting): Promise<string> {
  const { answers, folders, args, env, layout, step } = starting;
  if (action === "install") await aptInstall("docker.io", env, layout, step);
  const mine = systemEnvironment(env);
  let ended = false;
  if (fs.existsSync("/run/systemd/system") && args === undefined) {
    step.making("starting Docker (systemctl stop docker docker.socket stops it)");
    const { code, stderr } = await capture("systemctl", ["start", "docker"], { env: mine, timeout: 120_000 });
    if (code !== 0)
      throw new UserError(`systemctl start docker failed: ${lastLines(stderr, 3)}`, "see journalctl -u docker");
  } else {
    step.making("starting Docker, which goes on after this command (kill $(cat /var/run/docker.pid) stops it)");
    const log = fs.openSync(layout.dockerLog, "a", 0o600);
    // A session of its own: it outlives this command and hears no Ctrl-C.
    const child = spawn(path.join(findProgram("dockerd", folders) ?? "/usr/sbin", "dockerd"), args ?? [], {
      detached: true,
      stdio: ["ignore", log, log],
      env: mine,
    });
    child.once("exit", () => (ended = true)).once("error", () => (ended = true));
    child.unref();
    fs.closeSync(log);
  }
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const version = await answers();
    if (version !== undefined) return version;
    if (ended) break;
  }
  const reason = fs.existsSync(layout.dockerLog)
    ? lastLines(fs.readFileSync(layout.dockerLog, "utf8"), 3)
    : "no answer in 60 s";
  throw new UserError(`Docker did not start:\n${reason}`, `its log is ${layout.dockerLog}`);
}
