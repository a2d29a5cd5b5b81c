import type { Rows, Seen } from "./ledger";
import type { NodeWrite, Sample, Span } from "./measure";

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

export type Level = "passed" | "over budget" | "failed";

export interface Verdict {
  level: Level;
  /** Each thing that is not as promised; for a passed run, what is worth knowing. */
  reasons: string[];
}
