import type { KnownSetting } from ".";

/** Units as Postgres knows them, in one that all of a kind are whole numbers of: bytes, microseconds. Source: PostgreSQL's manual, 19.1.1. */
const UNITS: Record<string, { kind: "memory" | "time"; size: number }> = {
  ...kindOf("memory", { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 }),
  ...kindOf("time", { us: 1, ms: 1e3, s: 1e6, min: 6e7, h: 36e8, d: 864e8 }),
};

function kindOf(kind: "memory" | "time", sizes: Record<string, number>) {
  return Object.fromEntries(Object.entries(sizes).map(([unit, size]) => [unit, { kind, size }]));
}

export interface Wrong {
  problem: string;
  remedy: string;
}

/** What Postgres would not take of a value; undefined where it takes it. It drops such a line with a word in its log, and goes on with the default. */
export function findWrong(known: KnownSetting, value: string | number | boolean): Wrong | undefined {
  const { type, values = [] } = known;
  const text = String(value).trim();
  const isSwitch = /^(on|off|true|false|yes|no|1|0)$/i.test(text);
  const no = (remedy: string) => ({ problem: `${JSON.stringify(value)} is not a value of type ${type}`, remedy });
  if (type === "boolean") return isSwitch ? undefined : no("use on or off");
  if (type === "enum")
    return values.some((one) => one.toLowerCase() === text.toLowerCase()) || (isSwitch && values.some((one) => one === "on" || one === "off")) ? undefined : no(`use ${values.join(", ")}`);
  if (type === "string") return typeof value === "boolean" ? no("write it in quotes") : undefined;
  return wrongNumber(known, text, no);
}

function wrongNumber({ type, unit, min, max }: KnownSetting, text: string, no: (remedy: string) => Wrong): Wrong | undefined {
  const [, amount, written] = text.match(/^([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)$/i) ?? [];
  if (amount === undefined) return no("use a number");
  const [, count, base] = unit?.match(/^(\d*)(\w+)$/) ?? [];
  const own = base === undefined ? undefined : UNITS[base];
  const given = written ? UNITS[written] : undefined;
  if (written && !given) {
    const spelling = Object.keys(UNITS).find((one) => one.toLowerCase() === written.toLowerCase());
    return no(spelling && own ? `write ${amount}${spelling}: Postgres knows no ${written}` : `use ${unitsOf(own?.kind)}`);
  }
  if (given && given.kind !== own?.kind) return no(own ? `it counts ${own.kind === "time" ? "time" : "memory"}: use ${unitsOf(own.kind)}` : "it has no unit: use a number alone");
  const factor = given && own ? given.size / (own.size * Number(count || 1)) : 1;
  // With a leading zero it is octal to Postgres, as the modes of files are written
  const octal = type === "integer" && /^0[0-7]+$/.test(amount);
  const number = (octal ? parseInt(amount, 8) : Number(amount)) * factor;
  const rounded = type === "integer" ? Math.round(number) : number;
  if ((min === undefined || rounded >= min) && (max === undefined || rounded <= max)) return undefined;
  const each = unit && unit !== base ? ` × ${unit}` : unit ? ` ${unit}` : "";
  return { problem: `${text} is out of what Postgres takes`, remedy: `use ${min} to ${max}${each}` };
}

function unitsOf(kind: "memory" | "time" | undefined): string {
  return kind ? Object.entries(UNITS).filter(([, each]) => each.kind === kind).map(([name]) => name).join(", ") : "a number alone";
}
