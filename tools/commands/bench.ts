import * as fs from "node:fs";
import * as path from "node:path";
import { ensureEngine } from "../engine";
import { repository } from "../engine/layout";
import { UserError } from "../errors";
import { follow } from "../process";

export const usage = "";

const folder = path.join(repository, "bench");

function names(): string[] {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return files.filter((file) => file.endsWith(".ts")).map((file) => path.basename(file, ".ts"));
}

/** Runs bench/<name>.ts with the engine's environment, or lists what there is. */
export async function run([name, ...args]: string[]): Promise<number> {
  const list =
    names()
      .map((known) => `npm run bench -- ${known}`)
      .join("\n  ") || "there is none yet";
  if (name === undefined || /^(-h|--help)$/.test(name)) {
    process.stdout.write(`Benchmarks:\n  ${list}\n`);
    return 0;
  }
  if (!names().includes(name)) throw new UserError(`there is no benchmark "${name}"`, list);
  const { env } = await ensureEngine();
  return follow(process.execPath, ["--import", "tsx", path.join(folder, `${name}.ts`), ...args], {
    cwd: repository,
    env,
  });
}
