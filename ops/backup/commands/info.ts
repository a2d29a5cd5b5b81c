import { commonOptions, parseOptions } from "../../arguments";
import { print } from "../../terminal";
import { backupServerOf } from "../server";

export async function run(args: string[]): Promise<number> {
  const { stack, json } = parseOptions("backup", args, commonOptions);
  const server = await backupServerOf(stack);
  const told = await server.must(["pgbackrest", `--stanza=${server.stanza}`, `--output=${json ? "json" : "text"}`, "info"]);
  print(json, json && JSON.parse(told), () => told);
  return 0;
}
