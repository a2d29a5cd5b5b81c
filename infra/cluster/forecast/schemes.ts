import { availability, Layout } from "./availability";
import { Mode } from "../spec";
import { lacksSpare, STRICT_LEAST } from "../topology";

/** What a cluster must not do, whatever its score. */
export interface Constraints {
  /** No acknowledged commit may be lost when the primary is. */
  zeroLoss?: boolean;
  /** Nor when the primary and every synchronous standby are: a commit waits rather than being at risk. */
  neverUnprotected?: boolean;
  /** Losing one standby must not stop writes. */
  survivesStandby?: boolean;
  maxStandbys?: number;
}

/** Requirements section 3; they make 1. */
export const weights = { availability: 0.35, performance: 0.25, complexity: 0.15, cost: 0.15, fit: 0.1 };
type Aspect = keyof typeof weights;

export interface Scheme {
  mode: Mode;
  standbys: number;
  /** 0 to 1, more is better; complexity and cost are better where they are less. */
  scores: Record<Aspect, number>;
  total: number;
}

/** How fast commits are, and how little there is to understand. Measured: a synchronous commit costs 0.44 ms on loopback; an ordering of ours. */
const judged: Record<Mode, { performance: number; complexity: number }> = {
  asynchronous: { performance: 1, complexity: 1 },
  quorum: { performance: 0.8, complexity: 0.8 },
  priority: { performance: 0.7, complexity: 0.8 },
  strict: { performance: 0.7, complexity: 0.6 },
};

const MOST = 7;

/** Every scheme that keeps the constraints, the best first. `preferred`: the mode of the workload's profile. */
export function compareSchemes(layout: Layout, preferred: Mode, constraints: Constraints = {}): Scheme[] {
  const modes = Object.keys(judged) as Mode[];
  const all = modes.flatMap((mode) => Array.from({ length: MOST }, (_, index) => ({ mode, standbys: index + 1 })));
  return all
    .filter(({ mode, standbys }) => keeps(mode, standbys, constraints))
    .map(({ mode, standbys }) => {
      const needed = 1 + (mode === "strict" ? STRICT_LEAST : 0);
      const share = availability({ ...layout, postgres: standbys + 1, postgresNeeded: needed });
      const scores = { availability: nines(share), ...judged[mode], cost: 1 - standbys / (MOST + 1), fit: mode === preferred ? 1 : 0 };
      const total = (Object.keys(weights) as Aspect[]).reduce((sum, aspect) => sum + weights[aspect] * scores[aspect], 0);
      return { mode, standbys, scores, total };
    })
    .sort((a, b) => b.total - a.total);
}

function keeps(mode: Mode, standbys: number, { zeroLoss, neverUnprotected, survivesStandby, maxStandbys = MOST }: Constraints): boolean {
  if (standbys > maxStandbys) return false;
  if (zeroLoss && mode === "asynchronous") return false;
  if (neverUnprotected && mode !== "strict") return false;
  return !(survivesStandby && lacksSpare(mode, standbys));
}

/** 0.99 → 0.4, 0.99999 → 1: each nine counts the same. */
function nines(share: number): number {
  return Math.min(1, -Math.log10(Math.max(1e-12, 1 - share)) / 5);
}
