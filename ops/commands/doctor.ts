import { commonOptions, parseWords, UsageError } from "../arguments";
import { Check } from "../doctor/check";
import { checks } from "../doctor/checks";
import { diagnose } from "../doctor/diagnose";
import { DoctorReport } from "../doctor/report";
import { explain, viewReport } from "../doctor/view";
import { exitCode } from "../exitCode";
import { readStack } from "../outputs";
import { print, screenOf } from "../terminal";

export const summary = "what is wrong or will be, why, and what mends it";

export const usage = `npx pgha doctor [options]
npx pgha doctor explain [check]

Makes ${checks.length} checks of all servers, databases, poolers, proxies, etcd and Patroni, in 10 s at most. Changes nothing: each statement is a
read-only transaction with time limits of its own. What the statistics are too young for is said to be unknown.

  --only <checks>  these alone, with commas between
  --stack <name>   which deployment (the selected stack, or dev)
  --json           for programs; its shape is DoctorReport in ops/doctor/report.ts

Exit codes: 0 nothing found, 3 something was, or not all was seen, 1 error, 2 wrong usage.
docs/doctor.md lists the checks.
`;

const options = { ...commonOptions, only: { type: "string" } } as const;

export async function run(args: string[]): Promise<number> {
  const { values: { stack, json, only }, words: [word, id, ...rest] } = parseWords("doctor", args, options);
  const { paint } = screenOf(process.stdout);
  if (word === "explain" && rest.length === 0) {
    const chosen = id === undefined ? checks : select(id);
    print(json, chosen, () => (id === undefined ? `${chosen.map((check) => `${check.id.padEnd(28)} ${check.title}`).join("\n")}\n` : explain(chosen[0], paint)));
    return exitCode.healthy;
  }
  if (word !== undefined) throw new UsageError(`there is no "${[word, id, ...rest].join(" ").trim()}" of doctor`, "npx pgha doctor --help");
  const wanted = only?.split(",").flatMap((each) => select(each.trim()));
  const chosen = wanted ? checks.filter((check) => wanted.includes(check)) : checks;
  const { stack: name, outputs } = await readStack(stack);
  const report = await diagnose(outputs, name, chosen);
  print(json, report, () => viewReport(report, paint));
  return codeOf(report);
}

function select(id: string): Check[] {
  const found = checks.filter((check) => check.id === id);
  if (found.length) return found;
  throw new UsageError(`there is no check "${id}"`, "npx pgha doctor explain");
}

/** What was not seen may be wrong; what cannot be told yet is not. */
export function codeOf({ findings, missed }: Pick<DoctorReport, "findings" | "missed">): number {
  return findings.length || missed.length ? exitCode.degraded : exitCode.healthy;
}
