import { spawn, SpawnOptions } from "node:child_process";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the command and its children are killed; the code is then 124. */
  timeout?: number;
  /** Called with every line of output; returning true kills the command (code 125): it can only fail from here on. */
  onLine?: (line: string) => boolean | void;
}

/** Runs a command to its end and returns all it wrote. A failure is a code, not an exception; 127 means not found. */
export function capture(command: string, args: string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve) => {
    const output = { stdout: "", stderr: "" };
    let forced: number | undefined;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: options.timeout !== undefined,
    });
    const stop = (code: number) => {
      forced ??= code;
      killTree(child.pid);
    };
    const timer = options.timeout === undefined ? undefined : setTimeout(() => stop(124), options.timeout);
    // A group of its own does not hear the terminal's Ctrl-C.
    const interrupted = () => (stop(130), process.exit(130));
    if (options.timeout !== undefined) process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    for (const name of ["stdout", "stderr"] as const) {
      let rest = "";
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
        const lines = (rest + text).split(/[\r\n]+/);
        rest = lines.pop() ?? "";
        if (lines.some((line) => options.onLine?.(line) === true)) stop(125);
      });
    }
    const finish = (code: number) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
      resolve({ code, ...output });
    };
    child.once("error", (error) => {
      output.stderr += error.message;
      finish(127);
    });
    child.once("close", (code, signal) => finish(forced ?? code ?? (signal === "SIGINT" ? 130 : 137)));
  });
}

function killTree(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended already
  }
}

/** Milliseconds within which a repeated signal counts as the same one: npm passes on what the terminal sent already. */
const sameSignal = 1500;

/** Which signals reach the child: the first, and a later one by a person who insists; not the echo of either. */
export function signalFilter(now: () => number = Date.now): () => boolean {
  let last = -Infinity;
  return () => {
    const passes = now() - last > sameSignal;
    if (passes) last = now();
    return passes;
  };
}

/**
 * Runs a command on our own standard streams and returns its exit code; 130 when it failed because it was interrupted.
 * On a terminal the child hears Ctrl-C itself; elsewhere it gets a group of its own, and each signal from us once.
 */
export function follow(command: string, args: string[], options: SpawnOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const terminal = process.stdin.isTTY === true;
    const child = spawn(command, args, { stdio: "inherit", detached: !terminal, ...options });
    const passes = signalFilter();
    let interrupted = false;
    const forward = (signal: NodeJS.Signals) => {
      interrupted = true;
      if (signal === "SIGINT" && terminal) return;
      if (passes()) child.kill("SIGINT");
    };
    const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const finish = () => signals.forEach((signal) => process.off(signal, forward));
    child.once("error", (error) => (finish(), reject(error)));
    child.once("close", (code) => (finish(), resolve(interrupted && code !== 0 ? 130 : (code ?? 137))));
  });
}

/** The end of a program's output: where the reason of a failure stands. */
export function lastLines(text: string, count: number): string {
  return text.trim().split("\n").slice(-count).join("\n");
}
