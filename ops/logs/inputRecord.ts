import type { LogRecord } from "../../clients/node/logs";

/** What rows have that don't say so themselves. */
export interface Defaults {
  appName?: string;
  level?: string;
}

const COLUMNS = ["app_name", "level", "message", "metadata", "created_at"];
const names = COLUMNS.join(", ");

/** A row by its values, and by what each of them is as JSON. Whatever else it has goes into its metadata. */
export function toRecord(value: Record<string, unknown>, json: Map<string, string>, defaults: Defaults): { record?: LogRecord; error?: string } {
  const { app_name: appName = defaults.appName, level = defaults.level, message, metadata = null, created_at: createdAt } = value;
  if (typeof appName !== "string" || !appName) return { error: `has no app_name; columns are ${names}` };
  if (typeof level !== "string" || !level) return { error: `has no level${level === undefined ? "" : " that is a text"}; columns are ${names}` };
  if (typeof message !== "string") return { error: `has no message; columns are ${names}` };
  if (typeof metadata !== "object") return { error: "has metadata that is no object" };
  const more = [...json].filter(([name]) => !COLUMNS.includes(name)).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return { record: { appName, level, message, metadata: merge(more, metadata, json.get("metadata")), createdAt: moment(createdAt) } };
}

/** Of a name that comes twice jsonb keeps the last. */
function merge(more: string[], metadata: object | null, text = "{}"): string | undefined {
  if (!more.length) return metadata ? text : undefined;
  if (Array.isArray(metadata)) return `{${more.join(",")},"metadata":${text}}`;
  const members = metadata ? text.trim().slice(1, -1).trim() : "";
  return `{${more.join(",")}${members && `,${members}`}}`;
}

/** Logs have seconds or milliseconds since 1970, too: seconds up to the year 5138, milliseconds from 1973 on. */
function moment(value: unknown): LogRecord["createdAt"] {
  const number = typeof value === "string" && /^\d{9,13}(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number === "number") return number < 1e11 ? Math.round(number * 1e6) / 1e3 : number;
  return (value ?? undefined) as LogRecord["createdAt"];
}
