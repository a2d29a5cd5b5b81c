import { commonOptions, parseOptions } from "../../arguments";
import { print } from "../../terminal";
import { backupServerOf } from "../server";

export async function run(args: string[]): Promise<number> {
  const { stack, json, "dry-run": dry } = parseOptions("backup", args, { ...commonOptions, "dry-run": { type: "boolean", default: false } });
  const server = await backupServerOf(stack);
  const told = await server.must(["expire-backups", ...(dry ? ["--dry-run"] : [])]);
  const expired = [...told.matchAll(/expire (?:full|differential|incremental) backup(?: set)? ([\w, -]+)/g)].flatMap(([, labels]) => labels.split(", "));
  print(json, { expired, dryRun: dry }, () => `${expired.length ? `${dry ? "would delete" : "deleted"} ${expired.join(", ")}` : "nothing is past the days that are kept"}\n`);
  return 0;
}
