import { formatSeconds } from "../format";
import { Cell, Column, layOut } from "../table";
import { Screen, Tone } from "../terminal";
import type { Expected, Result } from "./result";
import { Summary, summarize } from "./summary";
import type { Level } from "./result";
import { measuredPath } from "./verdict";

const tones: Record<Level, Tone> = { passed: "good", "over budget": "warn", failed: "bad" };

const right = (title: string, spare?: number): Column => ({ title, align: "right", spare });

/** The table of all scenarios, and under it what each run that is not simply passed has to say. */
export function viewDrill(results: Result[], { paint, width }: Screen): string {
  const columns: Column[] = [
    { title: "SCENARIO" }, right("RUNS", 3), right("OUTAGE"), right("WORST", 2), right("BUDGET"), right("ERRORS"),
    right("HAPROXY", 4), right("DIRECT", 5), right("LOST"), right("UNCLEAR", 3), right("STALL", 4), right("REDUNDANT", 2), { title: "VERDICT" },
  ];
  const summaries = summarize(results);
  const rows = summaries.map((summary): Cell[] => {
    const runs = results.filter(({ scenario }) => scenario === summary.scenario);
    const worst = (path: string) => Math.max(...runs.flatMap(({ paths }) => paths.filter((one) => one.path === path).map(({ outage }) => outage)));
    const stall = Math.max(...runs.flatMap(({ paths }) => paths.filter(({ path }) => path === measuredPath).map(({ stall }) => stall)));
    const texts = [
      summary.scenario, String(summary.runs), formatTime(summary.outage.median), formatTime(summary.outage.worst), formatBudget(summary.budget),
      summary.runs > 1 ? `${summary.errors.median} (${summary.errors.worst})` : String(summary.errors.worst),
      formatTime(worst("haproxy")), formatTime(worst("direct")), String(summary.lost),
      String(runs.reduce((sum, { rows }) => sum + rows.indeterminate, 0)), formatTime(stall), formatTime(summary.redundantAfter.median),
    ];
    return [...texts.map((text): Cell => ({ text })), { text: summary.level, tone: tones[summary.level] }];
  });
  const remarks = results.flatMap(({ scenario, run, verdict }) =>
    verdict.reasons.map((reason) => paint(`  ${scenario} ${run}: ${reason}`, tones[verdict.level])),
  );
  return [...layOut(columns, rows, width, paint), ...(remarks.length ? ["", ...remarks] : []), "", `  ${legend(summaries)}`, ""].join("\n");
}

function legend(summaries: Summary[]): string {
  const several = summaries.some(({ runs }) => runs > 1) ? "medians; ERRORS: median (worst)" : "one run each";
  return `OUTAGE, ERRORS and STALL through PgBouncer, ${several}; BUDGET typical/worst; HAPROXY and DIRECT: worst outage there; LOST: acknowledged rows`;
}

/** Seconds as people compare them: tenths, and hundredths below one. */
export function formatTime(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : formatSeconds(seconds);
}

export function formatBudget(budget: Expected | undefined): string {
  if (!budget) return "–";
  const one = (seconds: number | null) => (seconds === null ? "until repair" : String(seconds));
  return budget.typical === null ? "until repair" : `${one(budget.typical)}/${one(budget.worst)} s`;
}
