import { parseArgs, ParseArgsConfig } from "node:util";
import { UserError } from "./errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** How to run `up` or `down` for a stack; both mean dev when none is named. */
export function npmRun(command: "up" | "down", stack: string, ...args: string[]): string {
  const all = [...args, ...(stack === "dev" ? [] : ["--stack", stack])];
  return [`npm run ${command}`, ...(all.length > 0 ? ["--", ...all] : [])].join(" ");
}

/** Parses a command's options; an unknown one, or a word too many, is an error that shows the way to --help. */
export function parseOptions<T extends Options>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UserError((error as Error).message.split(/\. /)[0], `npm run ${command} -- --help`);
  }
}
