import { describeError, UserError } from "./errors";

/** One command of package.json. */
export interface Command {
  readonly usage: string;
  /** Returns the exit code. */
  run(args: string[]): Promise<number>;
}

const commands: Record<string, () => Command> = {
  up: () => require("./commands/up"),
  down: () => require("./commands/down"),
  pulumi: () => require("./commands/pulumi"),
  test: () => require("./commands/test"),
  bench: () => require("./commands/bench"),
};

async function dispatch([name = "", ...args]: string[]): Promise<number> {
  if (!Object.hasOwn(commands, name)) {
    throw new UserError(`unknown command "${name}"`, `use npm run ${Object.keys(commands).join(" | npm run ")}`);
  }
  const command = commands[name]();
  // pulumi has a --help of its own, and so may a benchmark.
  const isOwnHelp = /^(-h|--help)$/.test(name === "pulumi" || name === "bench" ? "" : args.join(" "));
  if (isOwnHelp) process.stdout.write(command.usage);
  return isOwnHelp ? 0 : command.run(args);
}

/** Runs a command and ends the process with its exit code. */
export function main(args: string[]): void {
  dispatch(args).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(describeError(error));
      process.exit(1);
    },
  );
}
