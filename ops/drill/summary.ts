import { median } from "./measure";
import type { Expected, Result } from "./result";
import type { Verdict } from "./result";
import { measuredPath } from "./verdict";

/** All runs of one scenario in a line; outage and errors are those of the clients of PgBouncer. */
export interface Summary {
  scenario: string;
  runs: number;
  outage: { median: number; worst: number };
  errors: { median: number; worst: number };
  lost: number;
  doubles: number;
  redundantAfter: { median: number; worst: number };
  budget?: Expected;
  level: Verdict["level"];
}

export function summarize(results: Result[]): Summary[] {
  return [...new Set(results.map(({ scenario }) => scenario))].map((scenario) => {
    const runs = results.filter((result) => result.scenario === scenario);
    const spread = (values: number[]) => ({ median: median(values), worst: Math.max(...values) });
    const measured = runs.flatMap(({ paths }) => paths.filter(({ path }) => path === measuredPath));
    const levels = runs.map(({ verdict }) => verdict.level);
    return {
      scenario,
      runs: runs.length,
      outage: spread(measured.map(({ outage }) => outage)),
      errors: spread(measured.map(({ errors, refused }) => errors + refused)),
      lost: runs.reduce((sum, { rows }) => sum + rows.lost.length, 0),
      doubles: runs.reduce((sum, { doubles }) => sum + doubles.length, 0),
      redundantAfter: spread(runs.map(({ redundantAfter }) => redundantAfter ?? Infinity)),
      budget: runs[0].budget,
      level: levels.includes("failed") ? "failed" : levels.includes("over budget") ? "over budget" : "passed",
    };
  });
}
