import { counted } from "../../tools/words";
import { Result } from "./report";

export type Level = "passed" | "over budget" | "failed";

export interface Verdict {
  level: Level;
  /** Each thing that is not as promised; for a passed run, what is worth knowing. */
  reasons: string[];
}

export type Judged = Pick<Result, "mode" | "planned" | "kept" | "paths" | "rows" | "doubles" | "budget" | "redundantAfter" | "writesReturned">;

/** The path that the budget speaks of: clients go through PgBouncer. */
export const measuredPath = "pgbouncer";

/** Those that wait through a planned change. */
const waitingPaths = [measuredPath, "pgbouncer login"];

/** What a run proves. The synchronous modes lose nothing and never have two nodes that take writes; asynchronous loses what it says. */
export function judge(result: Judged): Verdict {
  const { mode, planned, kept, paths, rows, doubles, budget, redundantAfter, writesReturned } = result;
  const synchronous = mode !== "asynchronous";
  const failures: string[] = [];
  const notes: string[] = [];
  const lossAllowed = !synchronous && budget !== undefined && budget.mayLose !== "nothing";
  if (rows.lost.length > 0) (lossAllowed ? notes : failures).push(`${counted(rows.lost.length, "acknowledged row")} lost${lossAllowed ? `, as stated: ${budget.mayLose}` : ""}`);
  if (doubles.length > 0) (synchronous ? failures : notes).push(`two nodes took writes at once: ${[...new Set(doubles.map(({ nodes }) => nodes.join(" and ")))].join("; ")}`);
  if (kept && kept.before !== kept.after) failures.push(`a healthy primary was given up: ${kept.after} took over from ${kept.before}`);
  if (!writesReturned) failures.push("writes did not come back");
  if (redundantAfter === undefined) failures.push("full redundancy did not come back");
  const measured = paths.find(({ path }) => path === measuredPath);
  const faults = paths.filter(({ path }) => waitingPaths.includes(path)).reduce((sum, { errors, refused }) => sum + errors + refused, 0);
  if (planned && faults > 0) failures.push(`${counted(faults, "client error")} in a planned change`);
  if (failures.length > 0) return { level: "failed", reasons: [...failures, ...notes] };
  const worst = budget?.worst;
  if (measured && typeof worst === "number" && measured.outage > worst)
    return { level: "over budget", reasons: [`writes stopped for ${measured.outage.toFixed(1)} s; the budget's worst is ${worst} s (before the fault the machine itself made gaps of ${measured.noise.toFixed(2)} s)`, ...notes] };
  return { level: "passed", reasons: notes };
}
