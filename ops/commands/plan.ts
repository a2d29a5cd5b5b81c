import { commonOptions, parseOptions, UsageError } from "../arguments";
import { stackOf } from "../plan/stack";
import { markdownPlan } from "../plan/markdown";
import { previewStack } from "../plan/preview";
import { hasChanges, planReport } from "../plan/report";
import { viewPlan } from "../plan/view";
import { print, screenOf } from "../terminal";

export const summary = "what an update would change: servers, files, settings, outage, cost";

export const usage = `npx pgha plan [options]

Previews an update and says what it means: which settings are reloaded and which restart Postgres, in which order; which
servers are made anew; the difference of every file; what it does to the write outage of each failure, and to the cost.
Changes nothing. Works on a stack that is not deployed yet, too. No password is shown.

  --stack <name>     Pulumi.<name>.yaml (the selected stack, or dev)
  --full             also the text of files that are new
  --refresh          compares with what really runs, not with the state
  --json             for programs; its shape is PlanReport in ops/plan/report.ts
  --markdown         as a comment for a pull request
  --exit-code        3 where something would change

Exit codes: 0 the plan is made, 1 error or refused configuration, 2 wrong usage, 3 changes (only with --exit-code).
`;

const flag = { type: "boolean", default: false } as const;
const options = { ...commonOptions, full: flag, refresh: flag, markdown: flag, "exit-code": flag } as const;

export async function run(args: string[]): Promise<number> {
  const { stack = stackOf(), json, markdown, full, refresh, "exit-code": byCode } = parseOptions("plan", args, options);
  if (json && markdown) throw new UsageError("--json and --markdown exclude each other", "npx pgha plan --help");
  const { preview, isNew } = await previewStack(stack, { refresh });
  const report = planReport(stack, isNew, preview);
  print(json, report, () => (markdown ? markdownPlan(report) : viewPlan(report, screenOf(process.stdout), { full })));
  return byCode && hasChanges(report) ? 3 : 0;
}
