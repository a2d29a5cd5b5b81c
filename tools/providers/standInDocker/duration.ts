const nanoseconds: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** Nanoseconds of a Go duration such as "1m30s"; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Math.round(Number(amount) * nanoseconds[unit]), 0);
}

/** As Go prints it, which is how the official provider reads it back: 90 s are "1m30s". */
export function formatDuration(ns: number): string {
  if (ns === 0) return "0s";
  for (const unit of ["ns", "µs", "ms"] as const) {
    const next = { ns: 1e3, µs: 1e6, ms: 1e9 }[unit];
    if (ns < next) return `${ns / nanoseconds[unit]}${unit}`;
  }
  const hours = Math.floor(ns / 3600e9);
  const minutes = Math.floor((ns % 3600e9) / 60e9);
  const seconds = `${(ns % 60e9) / 1e9}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
