import { parse, type Parser } from "csv-parse";
import type { LogRecord } from "../../clients/node/logs";

/** One row of the input, and the byte after it. Where it is none, `error` says why. */
export interface Row {
  record?: LogRecord;
  error?: string;
  end: number;
}

/** What rows have that don't say so themselves. */
export interface Defaults {
  appName?: string;
  level?: string;
}

const names = "app_name, level, message, metadata, created_at";

/** Rows of newline-delimited JSON; `from` is the byte at which the input begins. The last line needs no line end. */
export async function* readNdjson(input: AsyncIterable<Buffer>, from: number, defaults: Defaults): AsyncGenerator<Row> {
  let [rest, end]: [Buffer, number] = [Buffer.alloc(0), from];
  for await (const chunk of input) {
    const text = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let stop = text.indexOf(0x0a); stop >= 0; stop = text.indexOf(0x0a, start)) {
      const line = text.toString("utf8", start, stop).trim();
      end += stop + 1 - start;
      start = stop + 1;
      if (line) yield { ...readLine(line, defaults), end };
    }
    rest = text.subarray(start);
  }
  const line = rest.toString("utf8").trim();
  if (line) yield { ...readLine(line, defaults), end: end + rest.length };
}

function readLine(line: string, defaults: Defaults): Pick<Row, "record" | "error"> {
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    return value && typeof value === "object" && !Array.isArray(value) ? toRecord(value, defaults) : { error: "is no JSON object" };
  } catch (error) {
    return { error: `is no JSON: ${(error as Error).message}` };
  }
}

/** Rows of CSV whose first line names the columns. `header` is that line where the input begins after it. */
export async function* readCsv(input: AsyncIterable<Buffer>, from: number, defaults: Defaults, header?: string[]): AsyncGenerator<Row> {
  const parser: Parser = parse({ bom: true, info: true, columns: header ?? true, relax_column_count: true });
  void (async () => {
    try {
      for await (const chunk of input) if (!parser.write(chunk)) await new Promise((resolve) => parser.once("drain", resolve));
      parser.end();
    } catch (error) {
      parser.destroy(error as Error);
    }
  })();
  for await (const { record: value, info } of parser as AsyncIterable<{ record: Record<string, string>; info: { bytes: number } }>) {
    const end = from + info.bytes;
    try {
      yield { ...toRecord({ ...value, metadata: value.metadata ? JSON.parse(value.metadata) : undefined, created_at: value.created_at || undefined }, defaults), end };
    } catch (error) {
      yield { error: `has metadata that is no JSON: ${(error as Error).message}`, end };
    }
  }
}

/** Whatever else a JSON object has goes into its metadata. */
function toRecord({ app_name, level, message, metadata, created_at, ...more }: Record<string, unknown>, defaults: Defaults): Pick<Row, "record" | "error"> {
  const [appName, severity] = [app_name ?? defaults.appName, level ?? defaults.level];
  if (typeof appName !== "string" || !appName) return { error: `has no app_name; columns are ${names}` };
  if (typeof severity !== "string" || !severity) return { error: `has no level; columns are ${names}` };
  if (typeof message !== "string") return { error: `has no message; columns are ${names}` };
  if (metadata !== undefined && metadata !== null && typeof metadata !== "object") return { error: "has metadata that is no object" };
  const rest = Object.keys(more).length ? more : undefined;
  return { record: { appName, level: severity, message, metadata: rest ? { ...rest, ...(metadata as object) } : metadata as object, createdAt: created_at as string | undefined } };
}
