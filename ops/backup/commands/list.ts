import { commonOptions, parseOptions } from "../../arguments";
import { print, screenOf } from "../../terminal";
import { backupServerOf } from "../server";
import { windowOf } from "../state";
import { viewBackups } from "../view";

export async function run(args: string[]): Promise<number> {
  const { stack, json } = parseOptions("backup", args, commonOptions);
  const state = await (await backupServerOf(stack)).state();
  print(json, { ...state, window: windowOf(state) }, () => viewBackups(state, screenOf(process.stdout), Date.now() / 1000));
  return 0;
}
