import { parseArgs, ParseArgsConfig } from "node:util";
import { UserError } from "./errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Parses a command's options; an unknown one, or a word too many, is an error that shows the way to --help. */
export function parseOptions<T extends Options>(command: string, args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    throw new UserError((error as Error).message.split(/\. /)[0], `npm run ${command} -- --help`);
  }
}
