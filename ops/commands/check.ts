import { counted } from "../../tools/words";
import { commonOptions, parseSeconds, parseWords, UsageError } from "../arguments";
import { harmless } from "../doctor/view";
import { exitCode } from "../exitCode";
import { countOrphans, OrphanReport } from "../orphans/count";
import { readStack } from "../outputs";
import { Paint, print, screenOf } from "../terminal";

export const summary = "rows that refer to others that are not there";

export const usage = `npx pgha check orphans [options]

Counts rows whose parent is missing, on a standby and as the role that only reads. Looked at are foreign keys that are not validated or
have their triggers switched off, and columns such as order_id beside a table orders with a key of that type and no foreign key.
Changes nothing.

  --seconds <n>    for each count (60)
  --stack <name>   which deployment (the selected stack, or dev)
  --json           for programs; its shape is OrphanReport in ops/orphans/count.ts

Exit codes: 0 none, 3 orphans or not all was counted, 1 error, 2 wrong usage.
`;

const options = { ...commonOptions, seconds: { type: "string", default: "60" } } as const;

export async function run(args: string[]): Promise<number> {
  const { values: { stack, json, seconds }, words } = parseWords("check", args, options);
  if (words.join(" ") !== "orphans") throw new UsageError(`there is no check "${words.join(" ")}"`, "npx pgha check orphans");
  const limit = parseSeconds("check", "--seconds", seconds);
  const report = await countOrphans((await readStack(stack)).outputs, Math.ceil(limit));
  print(json, report, () => view(report, screenOf(process.stdout).paint));
  return codeOf(report);
}

export function codeOf({ relations, missed }: OrphanReport): number {
  return missed.length || relations.some(({ orphans }) => orphans > 0) ? exitCode.degraded : exitCode.healthy;
}

export function view({ cluster, relations, missed }: OrphanReport, paint: Paint): string {
  const bad = relations.filter(({ orphans }) => orphans > 0);
  const verdict = bad.length ? paint(`orphans in ${counted(bad.length, "relation")}`, "bad") : paint("no orphans", "good");
  return [
    `${cluster}: ${verdict}, ${counted(relations.length, "relation")} looked at`,
    ...missed.map((each) => paint(`  not counted: ${harmless(each)}`, "warn")),
    ...bad.flatMap(({ database, child, column, parent, key, by, orphans, show }) => [
      "", `  ${harmless(`${database}: ${counted(orphans, "row")} of ${child}, ${column} without ${parent}.${key} (by ${by})`)}`, paint(`    ${harmless(show)}`, "dim"),
    ]),
    "",
  ].join("\n");
}
