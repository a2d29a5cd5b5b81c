import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ensureEngine } from "../engine";
import { repository } from "../engine/layout";
import { UserError } from "../errors";
import { createLog } from "../log";
import { follow } from "../process";
import { Counts, total, verdict } from "./testCounts";

export const usage = `npm test [unit | e2e | box | frameworks | places] [-- options of mocha, for example --grep <pattern>]

Lints, then runs the unit and the end-to-end tests; only when asked for box, prod's machines in
containers, frameworks, the tools of docs/migrations.md on a cluster, and places, project folders and
stacks of odd names. Ends with one line: N passed, N failed.
`;

const suites = {
  unit: ".mocharc.json",
  e2e: "test/e2e/.mocharc.json",
  box: "test/box/.mocharc.json",
  frameworks: "test/frameworks/.mocharc.json",
  places: "test/places/.mocharc.json",
} as const;
type Suite = keyof typeof suites;
const everyday: Suite[] = ["unit", "e2e"];

const tool = (name: string) => path.join(repository, "node_modules", ".bin", name);

export async function run(args: string[]): Promise<number> {
  const only = args.find((argument): argument is Suite => argument in suites);
  const rest = args.filter((argument) => argument !== only);
  if (rest.length > 0 && !rest[0].startsWith("-"))
    throw new UserError(`there is no suite "${rest[0]}"`, "npm test unit, npm test e2e, npm test box, npm test frameworks, npm test places, or npm test");
  const chosen = only === undefined ? everyday : [only];
  if (chosen.some((suite) => suite !== "unit")) await ensureEngine({ log: createLog(process.stdout), install: true });
  const results: Counts[] = only === undefined ? [await check("tsc", ["--noEmit"]), await check("eslint", ["."])] : [];
  for (const suite of chosen) results.push(await runSuite(suite, rest));
  const { line, ok } = verdict(total(results), results);
  process.stdout.write(`${line}\n`);
  return ok ? 0 : 1;
}

/** A checker that finds fault counts as a failed test. */
async function check(name: string, args: string[]): Promise<Counts> {
  process.stdout.write(`\n${name}\n`);
  const code = await follow(tool(name), args, { cwd: repository });
  return { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0, suite: false };
}

async function runSuite(suite: Suite, args: string[]): Promise<Counts> {
  process.stdout.write(`\n${suite} tests\n`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-test-"));
  const file = path.join(folder, "counts.json");
  try {
    const reporter = path.join(repository, "tools", "reporter.js");
    const code = await follow(tool("mocha"), ["--config", suites[suite], "--reporter", reporter, ...args], {
      cwd: repository,
      env: { ...process.env, PGHA_TEST_COUNTS: file },
    });
    const counts = fs.existsSync(file)
      ? (JSON.parse(fs.readFileSync(file, "utf8")) as Omit<Counts, "suite">)
      : undefined;
    const { passed, failed, skipped } = counts ?? { passed: 0, failed: 0, skipped: 0 };
    // Mocha may fail without a failed test: a file that does not load, a process that dies.
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped, suite: true };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}
