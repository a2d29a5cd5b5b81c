import { formatBytes } from "../../format";
import { commonOptions, parseCount, parseWords, UsageError } from "../../arguments";
import { print, say } from "../../terminal";
import { ingest, IngestState } from "../ingest";
import { findLogs } from "./common";

const options = {
  ...commonOptions,
  source: { type: "string" }, format: { type: "string" }, app: { type: "string" }, level: { type: "string" }, batch: { type: "string", default: "5000" },
  insert: { type: "boolean", default: false }, replay: { type: "boolean", default: false }, anew: { type: "boolean", default: false }, "skip-bad": { type: "boolean", default: false },
  whole: { type: "boolean", default: false },
} as const;

const cleared = process.stderr.isTTY ? "\r\x1b[K" : "";

export async function run(args: string[]): Promise<number> {
  const { values, words } = parseWords("logs", args, options);
  const { stack, json, source, app: appName, level, replay, anew, insert, whole } = values;
  const help = "npx pgha logs --help";
  const [file] = words;
  const format = values.format ?? (file?.endsWith(".csv") ? "csv" : "ndjson");
  if (words.length > 1) throw new UsageError("ingest takes one file, or what is piped in", help);
  if (source === undefined) throw new UsageError("ingest wants --source: a name under which it knows how far it is", help);
  if (format !== "ndjson" && format !== "csv") throw new UsageError(`--format takes ndjson or csv, not "${format}"`, help);
  const batchRows = parseCount("logs", "--batch", values.batch, 100_000);
  const { outputs } = await findLogs(stack);
  const started = performance.now();
  const line = ({ rows, bad }: IngestState) =>
    `${rows} rows, ${Math.round(rows / ((performance.now() - started) / 1000))} rows/s${bad ? `, ${bad} bad` : ""}`;
  const done = await ingest(outputs.writeUrl, file, {
    source, format, appName, level, replay, anew, whole,
    skipBad: values["skip-bad"],
    writer: { batchRows, batchBytes: 2 ** 24, method: insert ? "insert" : "copy", connection: { ssl: { ca: outputs.caCertificate } } },
    progress: (state) => void process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line(state)}` : `${line(state)}\n`),
    bad: (row) => say(`${cleared}${row}`),
  });
  process.stderr.write(cleared);
  if (done.waiting) say(`the last row, ${done.waiting} bytes without a line end, may be half written and waits for the next run; --whole takes it`);
  const before = done.passedOver ? `; ${formatBytes(done.passedOver)} were written by an earlier run` : "";
  print(json, { source, ...done, seconds: (performance.now() - started) / 1000 }, () => `${line(done)}${before}\n`);
  return 0;
}
