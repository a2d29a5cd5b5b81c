const form = new RegExp("^(\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01]))" +
  "(?:[T ]((?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?)(?:[.,](\\d{1,9}))? ?(?:(Z)|([+-](?:0\\d|1[0-5]))(?::?([0-5]\\d))?)?)?$", "i");

/**
 * A moment as Postgres takes it, whatever time zone a session has: milliseconds since 1970, or ISO 8601, of which a text without an offset is
 * in UTC. Default: now. Throws a RangeError on anything else.
 */
export function time(value: Date | string | number | undefined): string {
  if (value === undefined) return new Date().toISOString();
  if (typeof value === "string") return ofText(value);
  if (!(value instanceof Date) && typeof value !== "number") throw new RangeError(`createdAt is not a time: ${String(value)}`);
  const date = new Date(value);
  if (Number.isNaN(+date)) throw new RangeError(`createdAt is not a time: ${String(value)}`);
  return ofText(date.toISOString());
}

function ofText(text: string): string {
  const [, day, clock = "00:00", fraction, zulu, hours, minutes = "00"] = form.exec(text) ?? [];
  const missing = day === undefined || (day.slice(8) > "28" && !isDay(day));
  if (missing) throw new RangeError(`createdAt is not a time: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
  return `${day}T${clock}${fraction === undefined ? "" : `.${fraction}`}${zulu || hours === undefined ? "Z" : `${hours}:${minutes}`}`;
}

/** Not the thirtieth of February, which Date takes for another day. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00Z`);
  return !Number.isNaN(+date) && date.toISOString().startsWith(day);
}
