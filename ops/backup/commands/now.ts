import { commonOptions, parseOptions, UsageError } from "../../arguments";
import { formatBytes, formatSeconds } from "../../format";
import { print, say } from "../../terminal";
import { backupServerOf } from "../server";

const types: Record<string, string> = { full: "full", differential: "diff", incremental: "incr" };

export async function run(args: string[]): Promise<number> {
  const { stack, json, type } = parseOptions("backup", args, { ...commonOptions, type: { type: "string", default: "incremental" } });
  if (!Object.hasOwn(types, type)) throw new UsageError(`--type takes full, differential or incremental, not "${type}"`, "npx pgha backup --help");
  const server = await backupServerOf(stack);
  await server.must(["take-backup", types[type]], (text) => text.trim() && say(text.trimEnd()));
  const made = (await server.state()).backup.at(-1)!;
  const { label, timestamp, info } = made;
  print(json, made, () => `${label}: ${formatBytes(info.size)} in ${formatSeconds(timestamp.stop - timestamp.start)}, ${formatBytes(info.repository.delta)} in the repository\n`);
  return 0;
}
