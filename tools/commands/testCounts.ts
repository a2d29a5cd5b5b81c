export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Whether it ran tests, other than a checker. */
  readonly suite: boolean;
}

export function total(results: Counts[]): Counts {
  const sum = (key: "passed" | "failed" | "skipped") => results.reduce((count, result) => count + result[key], 0);
  return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped"), suite: true };
}

/** The closing line, and whether the run may count as good: nothing failed, and every suite really ran a test. */
export function verdict({ passed, failed, skipped }: Counts, results: Counts[]): { line: string; ok: boolean } {
  const ranAll = results.filter(({ suite }) => suite).every((result) => result.passed + result.failed > 0);
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
  return { line, ok: failed === 0 && passed > 0 && ranAll };
}
