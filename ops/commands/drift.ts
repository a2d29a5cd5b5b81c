import { describeDrift } from "../../infra/live/drift";
import { acceptLive } from "../../infra/live/schema/catalogue/record";
import { UserError } from "../../tools/errors";
import { counted } from "../../tools/words";
import { commonOptions, parseOptions } from "../arguments";
import { exitCode } from "../exitCode";
import { connectionOf, databasesOf } from "../database";
import { collectDrift, DriftReport } from "../drift/collect";
import { readStack } from "../outputs";
import { confirmed } from "../prompt";
import { Paint, print, screenOf } from "../terminal";

export const summary = "what is live and not as declared, and what would mend it";

export const usage = `npx pgha drift [options]

Compares the live databases with what the last \`npm run up\` left there (tables, columns, indexes, constraints, functions, roles,
rights, settings, slots, publications, …), Patroni's configuration and each server's settings and pg_hba.conf with what is
declared. Changes nothing. Partitions that maintenance makes and retires are no difference, nor is what applications make as
owners and migrators, unless the configuration says \`drift: all\`.

  --accept           have what is live in the databases expected from now on, after asking
  --yes              without asking
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs; its shape is DriftReport in ops/drift/collect.ts

Exit codes: 0 no difference, 3 differences or not all was compared, 1 error, 2 wrong usage.
`;

const options = { ...commonOptions, accept: { type: "boolean", default: false }, yes: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, json, accept, yes } = parseOptions("drift", args, options);
  const { outputs } = await readStack(stack);
  const show = (report: DriftReport) => {
    print(json, report, () => view(report, screenOf(process.stdout).paint));
    return codeOf(report);
  };
  const report = await collectDrift(outputs);
  if (!accept || report.drift.length === 0) return show(report);
  // Programs get one document: what is left in the end
  if (!json) show(report);
  const { name } = outputs.cluster;
  if (!yes && !(await confirmed(`Type ${name} to have the databases as they are expected from now on: `, name)))
    throw new UserError("not confirmed, nothing was changed", `type ${name}, or give --yes`);
  await acceptLive(connectionOf(outputs), databasesOf(outputs), outputs.cluster.drift);
  return show(await collectDrift(outputs));
}

/** What was not compared may differ. */
export function codeOf({ drift, missed }: DriftReport): number {
  return drift.length || missed.length ? exitCode.degraded : exitCode.healthy;
}

export function view({ cluster, compared, missed, applications, drift }: DriftReport, paint: Paint): string {
  const count = counted(drift.length, "difference");
  return [
    `${cluster}: ${drift.length ? paint(count, "bad") : paint("no difference", "good")} in ${compared.join(", ")}`,
    ...missed.map((each) => paint(`  not compared: ${each}`, "warn")),
    ...Object.entries(applications).map(([database, count]) => paint(`  ${database}: ${counted(count, "object")} made by applications, not compared`, "dim")),
    ...drift.flatMap((each) => ["", `  ${describeDrift(each)}`, ...each.mend.split("\n").map((line) => paint(`    ${line}`, "dim"))]),
    "",
  ].join("\n");
}
