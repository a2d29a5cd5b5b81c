import { Seen } from "./ledger";
import { countPer, findDoubles, length, longestGap, reigns, wholeSince } from "./measure";
import type { Observed, PathResult, Result } from "./result";
import { judge } from "./verdict";

/** Width of a column of the timeline. Milliseconds. */
export const step = 100;

/** Figures and verdict of a run. */
export function report(observed: Observed): Result {
  const { seen, watched, samples, ...plain } = observed;
  const { fault, healed, end } = observed;
  const later = samples.filter(({ at }) => at >= fault);
  const whole = wholeSince(later);
  const wasBroken = later.some(({ whole }) => !whole);
  const nodes = reigns(watched ?? []);
  const since = healed ?? fault;
  const result = {
    ...plain,
    paths: seen.map(([path, of]) => pathResult(path, of, fault, end)),
    moments: [
      { at: fault, kind: "fault" as const, text: plain.title },
      ...nodes.filter(({ from }) => from > fault).map(({ node, from }) => ({ at: from, kind: "promotion" as const, text: `${node} takes writes` })),
      ...(healed === undefined ? [] : [{ at: healed, kind: "healing" as const, text: "healed" }]),
      ...(whole === undefined || !wasBroken ? [] : [{ at: whole, kind: "redundant" as const, text: "fully redundant" }]),
    ].sort((a, b) => a.at - b.at),
    watched: watched !== undefined,
    doubles: findDoubles(watched ?? []),
    nodes,
    redundantAfter: whole === undefined ? undefined : wasBroken ? Math.max(0, whole - since) / 1000 : 0,
  };
  return { ...result, verdict: judge(result) };
}

function pathResult(path: string, { acknowledged, errors, refused, longest }: Seen, fault: number, end: number): PathResult {
  const gap = longestGap(acknowledged, { from: fault, to: end });
  const failed = [...errors.map(({ at }) => at), ...refused];
  return {
    path,
    reads: path.endsWith(" read"),
    outage: length(gap) / 1000,
    gap,
    noise: length(longestGap(acknowledged, { from: acknowledged[0] ?? 0, to: fault })) / 1000,
    answered: acknowledged.length,
    errors: errors.length,
    refused: refused.length,
    stall: longest / 1000,
    perStep: countPer(acknowledged, step, end),
    errorsPerStep: countPer(failed, step, end),
    messages: frequent(errors.map(({ text }) => text)),
  };
}

function frequent(texts: string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5).map(([text, number]) => `${number} × ${text}`);
}
