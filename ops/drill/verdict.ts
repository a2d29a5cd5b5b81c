import { counted } from "../../tools/words";
import type { PathResult, Result, Verdict } from "./result";

/** What a run is judged by. */
export type Judged = Omit<Result, "scenario" | "title" | "run" | "started" | "moments" | "nodes" | "verdict">;

/** The path that the budget speaks of: clients go through PgBouncer. */
export const measuredPath = "pgbouncer";

/** Those that wait through a planned change. */
const waitingPaths = [measuredPath, "pgbouncer login"];

/** What a run proves. The synchronous modes lose nothing and never have two nodes that take writes; asynchronous loses what it says. */
export function judge(result: Judged): Verdict {
  const failures = [...faultsOf(result)];
  const notes = [...notesOf(result)];
  if (failures.length > 0) return { level: "failed", reasons: [...failures, ...notes] };
  const slow = overBudget(result);
  return slow ? { level: "over budget", reasons: [slow, ...notes] } : { level: "passed", reasons: notes };
}

function* faultsOf(result: Judged): Generator<string> {
  const { mode, planned, kept, paths, redundantAfter, writesReturned, readsReturned, failure, rows } = result;
  if (failure) yield failure;
  if (rows.lost.length > 0 && !lossAllowed(result)) yield `${counted(rows.lost.length, "acknowledged row")} lost`;
  if (mode !== "asynchronous") yield* doublesOf(result);
  if (kept && kept.before !== kept.after) yield `a healthy primary was given up: ${kept.after} took over from ${kept.before}`;
  if (!writesReturned) yield "writes did not come back";
  if (!readsReturned) yield "reads did not come back";
  if (redundantAfter === undefined) yield "full redundancy did not come back";
  const errors = failed(paths, ...waitingPaths);
  if (planned && errors > 0) yield `${counted(errors, "client error")} in a planned change`;
}

function* notesOf(result: Judged): Generator<string> {
  const { mode, planned, paths, rows, budget, watched } = result;
  if (rows.lost.length > 0 && lossAllowed(result))
    yield `${counted(rows.lost.length, "acknowledged row")} lost, as stated: ${budget?.mayLose}`;
  if (mode === "asynchronous") yield* doublesOf(result);
  const readers = failed(paths, `${measuredPath} read`);
  if (planned && readers > 0) yield `${counted(readers, "error")} of readers through PgBouncer in a planned change`;
  if (!watched) yield "nobody watched whether two nodes took writes: the servers' addresses are out of reach from here";
}

function* doublesOf({ doubles }: Judged): Generator<string> {
  const pairs = new Set(doubles.map(({ nodes }) => nodes.join(" and ")));
  if (pairs.size > 0) yield `two nodes took writes at once: ${[...pairs].join("; ")}`;
}

function lossAllowed({ mode, budget }: Judged): boolean {
  return mode === "asynchronous" && budget !== undefined && budget.mayLose !== "nothing";
}

function failed(paths: PathResult[], ...names: string[]): number {
  const those = paths.filter(({ path }) => names.includes(path));
  return those.reduce((sum, { errors, refused }) => sum + errors + refused, 0);
}

function overBudget({ paths, budget }: Judged): string | undefined {
  const measured = paths.find(({ path }) => path === measuredPath);
  const worst = budget?.worst;
  if (!measured || typeof worst !== "number" || measured.outage <= worst) return undefined;
  const noise = `before the fault the machine itself made gaps of ${measured.noise.toFixed(2)} s`;
  return `writes stopped for ${measured.outage.toFixed(1)} s; the budget's worst is ${worst} s (${noise})`;
}
