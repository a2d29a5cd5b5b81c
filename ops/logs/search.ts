import { Client } from "pg";
import { time } from "../../clients/node/logTime";
import { UserError } from "../../tools/errors";

export interface Search {
  app?: string;
  level?: string;
  text?: string;
  metadata?: string;
  from: string;
  to: string;
  limit: number;
}

export interface Found {
  id: string;
  app_name: string;
  level: string;
  message: string;
  metadata: object | null;
  created_at: Date;
}

const SQL = "app.search_logs($1::timestamptz, $2::timestamptz, $3, $4, $5, $6::jsonb, $7)";
const values = ({ from, to, app, level, text, metadata, limit }: Search) => [from, to, app ?? null, level ?? null, text ?? null, metadata ?? null, limit];

/** The latest rows that are meant. */
export async function searchLogs(client: Client, search: Search): Promise<Found[]> {
  return (await client.query<Found>(`SELECT * FROM ${SQL}`, values(search))).rows;
}

/** How the search is done: its plan as it ran, and which partitions of how many it touched. */
export async function explainSearch(client: Client, search: Search): Promise<{ plan: string[]; touched: string[]; partitions: number }> {
  const { rows } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM ${SQL}`, values(search));
  const plan = rows.map((row) => row["QUERY PLAN"]);
  const scans = plan.filter((line) => !line.includes("never executed")).flatMap((line) => / on (app_logs_\w+)/.exec(line)?.[1] ?? []);
  const { rows: [{ count }] } = await client.query("SELECT count(*)::int FROM pg_inherits WHERE inhparent = 'app.app_logs'::regclass");
  return { plan, touched: [...new Set(scans)].filter((name) => !name.endsWith("_idx")), partitions: count };
}

/** A moment: ISO 8601, in UTC where it names no offset, or how long ago, as 15m, 2h, 30d. */
export function moment(option: string, text: string, now = new Date()): string {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (unit) return new Date(now.getTime() - Number(amount) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as "s"] * 1000).toISOString();
  try {
    return time(/^\d{4}-\d\d$/.test(text) ? `${text}-01` : text);
  } catch {
    // Said below
  }
  throw new UserError(`${option} takes a time as 2026-11-21T14:00Z, or how long ago, as 15m, 2h or 30d, not "${text}"`, "npx pgha logs search --help");
}
