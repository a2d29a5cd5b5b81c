import { commonOptions, parseOptions } from "../../arguments";
import { print, say } from "../../terminal";
import { backupServerOf } from "../server";

export async function run(args: string[]): Promise<number> {
  const { stack, json } = parseOptions("backup", args, commonOptions);
  const server = await backupServerOf(stack);
  say("every file of the repository is read; that takes as long as a restore");
  const told = await server.must(["pgbackrest", `--stanza=${server.stanza}`, "--output=text", "--verbose", "--log-level-console=error", "verify"]);
  const valid = /^\s*status: ok\s*$/m.test(told);
  print(json, { valid, told }, () => told);
  return valid ? 0 : 3;
}
