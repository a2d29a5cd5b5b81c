import { Rows, Seen } from "./ledger";
import { countPer, findDoubles, length, longestGap, NodeWrite, reigns, Sample, Span, wholeSince } from "./measure";
import { judge, Verdict } from "./verdict";

/** Width of a column of the timeline. Milliseconds. */
export const step = 100;

export type Mode = "asynchronous" | "priority" | "quorum" | "strict";

/** What the stack's budget says of a failure. Seconds. */
export interface Expected {
  typical: number | null;
  worst: number | null;
  mayLose: string;
}

export interface Moment {
  /** Milliseconds since the run began. */
  at: number;
  kind: "fault" | "promotion" | "healing" | "redundant";
  text: string;
}

/** Everything that one run observed. */
export interface Observed {
  scenario: string;
  title: string;
  run: number;
  /** ISO 8601. */
  started: string;
  mode: Mode;
  planned: boolean;
  /** Who was the primary before and after, where it was to stay so. */
  kept?: { before: string; after: string };
  budget?: Expected;
  /** Milliseconds since the run began. */
  fault: number;
  healed?: number;
  end: number;
  writesReturned: boolean;
  /** Whether each path of readers answers at the end. */
  readsReturned: boolean;
  /** Why a planned change failed of itself, whatever its clients saw. */
  failure?: string;
  seen: [path: string, seen: Seen][];
  rows: Rows;
  /** Undefined: the nodes were out of reach, nobody watched them. */
  watched?: NodeWrite[];
  samples: Sample[];
}

export interface PathResult {
  path: string;
  reads: boolean;
  /** Seconds: the longest gap without an answer from the fault on. */
  outage: number;
  gap: Span;
  /** The same before the fault: what the machine itself does. Seconds. */
  noise: number;
  answered: number;
  /** Statements that failed, and connections that could not be made. */
  errors: number;
  refused: number;
  /** The longest that a client waited for the answer to one statement, or its failure. Seconds. */
  stall: number;
  /** Answers and failures per step. */
  perStep: number[];
  errorsPerStep: number[];
  /** What the failures said, the most frequent first. */
  messages: string[];
}

export interface Result extends Omit<Observed, "seen" | "watched" | "samples"> {
  paths: PathResult[];
  moments: Moment[];
  watched: boolean;
  doubles: { at: number; nodes: [string, string] }[];
  nodes: (Span & { node: string })[];
  /** Seconds from the fault, or from the healing where there was one, until every server runs and every standby streams. */
  redundantAfter?: number;
  verdict: Verdict;
}

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
