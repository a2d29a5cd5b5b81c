/** Binary sizes, as Kubernetes and Postgres users write them: 512MB, 1GiB, 2 GB. All of them are powers of 1024. */
const BYTES: Record<string, number> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

export const KIB = 2 ** 10;
export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** Bytes of a size such as "1GiB"; undefined where it is not one. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)i?B$/i.exec(text.trim());
  if (!match) return undefined;
  return Math.round(Number(match[1]) * BYTES[`${match[2].toUpperCase()}B`]);
}

/** A size as Postgres reads it, in the largest unit that loses nothing: 1536 MiB → "1536MB", 2 GiB → "2GB". */
export function postgresSize(bytes: number): string {
  const unit = ["TB", "GB", "MB"].find((name) => bytes >= BYTES[name] && bytes % BYTES[name] === 0) ?? "kB";
  return `${Math.floor(bytes / BYTES[unit.toUpperCase()])}${unit}`;
}

/** `bytes` down to a multiple of `step`, held between `min` and `max`. */
export function clampTo(step: number, bytes: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  return Math.floor(Math.min(max, Math.max(min, bytes)) / step) * step;
}
