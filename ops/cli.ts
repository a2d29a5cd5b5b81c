import { describeError } from "../tools/errors";
import { subcommand, UsageError } from "./arguments";
import { exitCode } from "./exitCode";

/** One subcommand of pgha. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  /** Returns the exit code. */
  run(args: string[]): Promise<number>;
}

/** Loaded only when asked for, so that each one starts quickly. */
const commands: Record<string, () => Command> = {
  status: () => require("./commands/status"),
  switchover: () => require("./commands/switchover"),
  failover: () => require("./commands/failover"),
  restart: () => require("./commands/restart"),
  reinit: () => require("./commands/reinit"),
  pause: () => require("./commands/pause"),
  resume: () => require("./commands/resume"),
  drift: () => require("./commands/drift"),
  doctor: () => require("./commands/doctor"),
  check: () => require("./commands/check"),
  migrate: () => require("./commands/migrate"),
  alerts: () => require("./commands/alerts"),
  reconnect: () => require("./commands/reconnect"),
  backup: () => require("./commands/backup"),
  restore: () => require("./commands/restore"),
  prove: () => require("./commands/prove"),
  drill: () => require("./commands/drill"),
  logs: () => require("./commands/logs"),
  plan: () => require("./commands/plan"),
};

export function usage(): string {
  const list = Object.entries(commands).map(([name, load]) => `  ${name.padEnd(12)} ${load().summary}`);
  return [
    "npx pgha <command> [options]",
    "",
    ...list,
    "",
    "Options of every command",
    "  --stack <name>  which deployment (the selected stack, or dev)",
    "  --json          for programs",
    "  --help          what a command does, and its options",
    "",
    "Exit codes: 0 healthy or done, 1 error or unreachable, 2 wrong usage, 3 reachable but degraded.",
    "NO_COLOR=1 turns colours off; PGHA_DEBUG=1 shows where an error comes from.",
    "",
  ].join("\n");
}

/** Runs one command line; returns its exit code. */
export async function dispatch([name = "--help", ...args]: string[]): Promise<number> {
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(usage());
    return exitCode.healthy;
  }
  const command = subcommand(commands, name, `unknown command "${name}"`, "npx pgha --help");
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(command.usage);
    return exitCode.healthy;
  }
  return command.run(args);
}

/** Runs one command line and ends the process with its exit code. */
export function main(args: string[]): void {
  // Whoever reads us through a pipe may stop reading.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  dispatch(args).then(
    (code) => void (process.exitCode = code),
    (error: unknown) => {
      process.stderr.write(describeError(error));
      process.exitCode = error instanceof UsageError ? exitCode.usage : exitCode.error;
    },
  );
}
