import { spawn } from "node:child_process";
import * as path from "node:path";
import * as readline from "node:readline";
import type { Poolers } from "./poolers";
import { resumeAll } from "./poolers";

/** What the guard is told: whom to RESUME, and in how many seconds at the latest. */
interface Order extends Poolers {
  seconds: number;
}

/** Seconds the guard goes on trying where a pooler does not take its RESUME. */
const TRY_SECONDS = 60;
const ARM_MS = 10_000;

export interface Guard {
  /** Everything is resumed: the guard may go. Without it, it RESUMEs as soon as this process is gone, however it went. */
  release(): void;
}

/**
 * Starts a process of its own that RESUMEs the poolers when this one ends without having released it, kill -9
 * included, and after `seconds` in any case. Resolves when it watches.
 */
export function armGuard({ poolers, authority, databases, forwarded, session }: Poolers, seconds: number): Promise<Guard> {
  const order: Order = { poolers, authority, databases, forwarded, session, seconds };
  // A session of its own: what ends our process group must not end it
  const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), path.join(__dirname, "guard.ts")], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill();
      reject(new Error(`nothing was paused: the process that resumes the poolers should this one be killed ${why}`));
    };
    const timer = setTimeout(() => fail("did not start in time"), ARM_MS);
    child.once("error", (error) => fail(`did not start: ${error.message}`));
    child.once("exit", (code) => fail(`ended with code ${code}`));
    child.stdout.once("data", () => {
      clearTimeout(timer);
      child.removeAllListeners("exit");
      child.unref();
      for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
      resolve({ release: () => void child.stdin.end("released\n") });
    });
    child.stdin.write(`${JSON.stringify(order)}\n`);
  });
}

/** The guard's own process: an order, then silence, then either "released" or the end of the input. */
function watch(): void {
  let order: Order | undefined;
  let released = false;
  const resume = async () => {
    if (order && !released) await resumeAll(order, TRY_SECONDS * 1000);
    process.exit();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
  readline
    .createInterface({ input: process.stdin })
    .on("line", (line) => {
      if (order) return void (released = line === "released");
      order = JSON.parse(line) as Order;
      setTimeout(() => void resume(), order.seconds * 1000);
      process.stdout.write("watching\n");
    })
    .once("close", () => void resume());
}

if (require.main === module) watch();
