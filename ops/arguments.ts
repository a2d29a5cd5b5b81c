import { parseArgs, ParseArgsConfig } from "node:util";
import { UserError } from "../tools/errors";

/** A command line that cannot be meant so: exit code 2. */
export class UsageError extends UserError {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** What every command takes. */
export const commonOptions = { stack: { type: "string" }, json: { type: "boolean", default: false } } as const;

/** Parses a command's options; an unknown one, or a word too many, is an error that shows the way to --help. */
export function parseOptions<T extends Options>(command: string, args: string[], options: T) {
  return parse(command, { args, options, allowPositionals: false }).values;
}

/** The same for a command that takes words beside its options. */
export function parseWords<T extends Options>(command: string, args: string[], options: T) {
  const { values, positionals } = parse(command, { args, options, allowPositionals: true });
  return { values, words: positionals };
}

function parse<T extends Options>(command: string, config: { args: string[]; options: T; allowPositionals: boolean }) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message.split(/\. /)[0], `npx pgha ${command} --help`);
  }
}

/** Gives an option that may stand alone its default: ["--watch"] → ["--watch=2"], ["--watch", "5"] → ["--watch=5"]. */
export function withOptionalNumber(args: string[], option: string, standard: number): string[] {
  const index = args.indexOf(option);
  if (index < 0) return args;
  const follows = /^\d/.test(args[index + 1] ?? "");
  const value = follows ? args[index + 1] : String(standard);
  return [...args.slice(0, index), `${option}=${value}`, ...args.slice(index + (follows ? 2 : 1))];
}

/** Seconds of an option: a number from 0.5 to `most`. */
export function parseSeconds(command: string, option: string, text: string, most = 3600): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds >= 0.5 && seconds <= most) return seconds;
  throw new UsageError(`${option} takes seconds from 0.5 to ${most}, not "${text}"`, `npx pgha ${command} --help`);
}

/** One of a table of subcommands, each loaded only when it is asked for. Throws where there is none of this name. */
export function subcommand<T>(table: Record<string, () => T>, name: string, fault: string, remedy: string): T {
  if (!Object.hasOwn(table, name)) throw new UsageError(fault, remedy);
  return table[name]();
}

/** The whole number of an option, from 1 to `most`. */
export function parseCount(command: string, option: string, text: string, most: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
  throw new UsageError(`${option} takes a whole number from 1 to ${most}, not "${text}"`, `npx pgha ${command} --help`);
}
