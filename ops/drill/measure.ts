/** Figures from observations. Pure; all times are milliseconds since the run began. */

export interface Span {
  from: number;
  to: number;
}

/** A write that a node acknowledged: when it was sent, and when the answer came. */
export interface NodeWrite extends Span {
  node: string;
}

/** The longest stretch without an event that reaches into `within`; it may have begun before. Events in any order. */
export function longestGap(events: number[], within: Span): Span {
  const sorted = events.filter((at) => at <= within.to).sort((a, b) => a - b);
  const before = sorted.filter((at) => at < within.from).at(-1) ?? within.from;
  const marks = [before, ...sorted.filter((at) => at >= within.from), within.to];
  let longest = { from: within.from, to: within.from };
  for (let index = 1; index < marks.length; index++) {
    const gap = { from: marks[index - 1], to: marks[index] };
    if (length(gap) > length(longest)) longest = gap;
  }
  return longest;
}

/** Events in each stretch of `width` milliseconds from 0 to `end`. */
export function countPer(events: number[], width: number, end: number): number[] {
  const bins = new Array<number>(Math.max(1, Math.ceil(end / width))).fill(0);
  for (const at of events) if (at >= 0 && at < bins.length * width) bins[Math.floor(at / width)]++;
  return bins;
}

/** No leadership goes to another node and back within this time. */
export const doubleWindow = 2000;

/**
 * Moments at which two nodes took writes at once: a whole write of one between two acknowledgements of the other that are less
 * than doubleWindow apart. A hand-over there and back takes longer than that, and one way leaves no such pattern.
 */
export function findDoubles(writes: NodeWrite[]): { at: number; nodes: [string, string] }[] {
  const sorted = [...writes].sort((a, b) => a.to - b.to);
  const found = new Map<string, { at: number; nodes: [string, string] }>();
  sorted.forEach((first, index) => {
    for (let next = index + 1; next < sorted.length && sorted[next].to - first.to < doubleWindow; next++) {
      const other = sorted[next];
      if (other.node === first.node || other.from < first.to) continue;
      const again = sorted.slice(next + 1).find(({ node, from, to }) => node === first.node && from >= other.to && to - first.to < doubleWindow);
      if (again && !found.has(`${other.node} ${other.to}`)) found.set(`${other.node} ${other.to}`, { at: other.to, nodes: [first.node, other.node] });
    }
  });
  return [...found.values()];
}

/** Stretches in which one node after another took writes. */
export function reigns(writes: NodeWrite[]): (Span & { node: string })[] {
  const result: (Span & { node: string })[] = [];
  for (const { node, to } of [...writes].sort((a, b) => a.to - b.to)) {
    const last = result.at(-1);
    if (last?.node === node) last.to = to;
    else result.push({ node, from: to, to });
  }
  return result;
}

/** Whether all was whole at a moment; undefined: nobody could say, which counts as not. */
export interface Sample {
  at: number;
  whole?: boolean;
}

/** Since when everything is whole without a break until the last sample; undefined when it is not. */
export function wholeSince(samples: Sample[]): number | undefined {
  const broken = samples.findLastIndex(({ whole }) => !whole);
  return samples[broken + 1]?.at;
}

export function length({ from, to }: Span): number {
  return to - from;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
