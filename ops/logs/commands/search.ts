import * as pgha from "../../../clients/node/pgha";
import { commonOptions, parseCount, parseOptions } from "../../arguments";
import { layOut } from "../../table";
import { print, screenOf, Tone } from "../../terminal";
import { explainSearch, Found, moment, searchLogs } from "../search";
import { findLogs } from "./common";

const options = {
  ...commonOptions,
  app: { type: "string" }, level: { type: "string" }, text: { type: "string" }, metadata: { type: "string" },
  from: { type: "string", default: "1h" }, to: { type: "string", default: "0s" },
  limit: { type: "string", default: "100" }, explain: { type: "boolean", default: false },
} as const;

/** Milliseconds a search may take. */
const PATIENCE = 60_000;

export async function run(args: string[]): Promise<number> {
  const { stack, json, explain, limit, from, to, ...more } = parseOptions("logs", args, options);
  const search = { ...more, from: moment("--from", from), to: moment("--to", to), limit: parseCount("logs", "--limit", limit, 100_000) };
  const { outputs } = await findLogs(stack);
  // From a standby, past the poolers: a long search holds no connection that writers share
  const client = await pgha.connect(outputs.haproxyReadUrl, { ssl: { ca: outputs.caCertificate }, application_name: "pgha-logs", connectionTimeoutMillis: 5000, query_timeout: PATIENCE });
  try {
    if (explain) {
      const found = await explainSearch(client, search);
      print(json, found, () => [...found.plan, "", `read ${found.touched.length} of ${found.partitions} partitions: ${found.touched.join(", ") || "none"}`, ""].join("\n"));
    } else {
      const rows = await searchLogs(client, search);
      print(json, rows, () => describe(rows));
    }
    return 0;
  } finally {
    pgha.hangUp(client);
  }
}

const columns = [{ title: "time" }, { title: "app" }, { title: "level" }, { title: "message" }, { title: "metadata", spare: 1 }];

function describe(rows: Found[]): string {
  const screen = screenOf(process.stdout);
  const tone = (level: string): Tone | undefined => (/^(error|fatal|critical)$/i.test(level) ? "bad" : /^warn/i.test(level) ? "warn" : undefined);
  // The oldest first, as a log is read
  const cells = [...rows].reverse().map(({ created_at, app_name, level, message, metadata }) => [
    { text: created_at.toISOString() }, { text: app_name }, { text: level, tone: tone(level) },
    { text: message.replace(/\s+/g, " ") }, { text: metadata ? JSON.stringify(metadata) : "" },
  ]);
  return cells.length ? `${layOut(columns, cells, screen.width, screen.paint).join("\n")}\n` : "no rows\n";
}
