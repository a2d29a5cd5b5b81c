import { time } from "./logTime";

/** One row of app_logs. */
export interface LogRecord {
  /** At most 100 characters. */
  appName: string;
  /** At most 20 characters: "error", "info", … */
  level: string;
  message: string;
  /** As text: the JSON of an object, whose numbers keep their digits. */
  metadata?: object | string | null;
  /** Default: when it is written. A number is milliseconds since 1970; a text is ISO 8601, in UTC where it names no offset, and keeps its microseconds. */
  createdAt?: Date | string | number;
}

/** A record as it was when it was written. */
export interface Row {
  record: LogRecord;
  /** app_name, level, message, metadata, created_at. */
  columns: [string, string, string, string | undefined, string];
  /** Roughly. */
  bytes: number;
}

/** Bytes of a row: even with every character escaped, a batch of one is a string that V8 can hold. */
const MOST = 2 ** 26;

/** Rows that are written, and committed, together. */
export class Batch {
  readonly rows: Row[] = [];
  /** What came with each record, where the caller says how far its input has been read. */
  readonly reached: unknown[] = [];
  bytes = 0;
  /** When its first rows could go; as of performance.now(). */
  completed?: number;
  private text?: Buffer;

  get records(): LogRecord[] {
    return this.rows.map(({ record }) => record);
  }

  /** Rows in COPY's format, made once: while the batch waits for the one before it. */
  get copyText(): Buffer {
    return (this.text ??= copyText(this));
  }

  add(row: Row, reached?: unknown): void {
    this.rows.push(row);
    this.reached.push(reached);
    this.bytes += row.bytes;
  }

  /** The same rows as two batches, to find the one that the server refuses. */
  halves(): [Batch, Batch] {
    const middle = this.rows.length >> 1;
    return [this.part((_, index) => index < middle), this.part((_, index) => index >= middle)];
  }

  split({ oldest, newest }: { oldest: Date; newest: Date }): { inside: Batch; outside: Batch } {
    const fits = ({ columns: [, , , , createdAt] }: Row) => {
      const time = new Date(createdAt);
      return time >= oldest && time < newest;
    };
    return { inside: this.part(fits), outside: this.part((row) => !fits(row)) };
  }

  private part(wanted: (row: Row, index: number) => boolean): Batch {
    const part = new Batch();
    part.completed = this.completed;
    this.rows.forEach((row, index) => wanted(row, index) && part.add(row, this.reached[index]));
    return part;
  }
}

/** Throws on what no server would take; what it takes in another form only is put into that. */
export function prepare(record: LogRecord): Row {
  const { appName, level, message, metadata, createdAt } = record;
  if (!isName(appName, 100)) throw new RangeError("appName must have 1 to 100 characters");
  if (!isName(level, 20)) throw new RangeError("level must have 1 to 20 characters");
  if (typeof message !== "string") throw new TypeError("message must be a string");
  const columns: Row["columns"] = [text(appName), text(level), text(message), metadataText(metadata), time(createdAt)];
  const bytes = columns.reduce((sum, column) => sum + (column?.length ?? 0), 15);
  if (bytes > MOST) throw new RangeError("a row has at most 64 MiB");
  return { record, columns, bytes };
}

/** Characters as Postgres counts them: an emoji is one. */
const isName = (value: unknown, most: number) =>
  typeof value === "string" && value !== "" && (value.length <= most || (value.length <= 2 * most && [...value].length <= most));

/** A column's text: no NUL, which Postgres has no place for. */
const text = (value: string) => (value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value);

function metadataText(value: LogRecord["metadata"]): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" && typeof value !== "string") throw new TypeError("metadata must be an object");
  try {
    if (typeof value === "object") return json(value);
    const parsed: unknown = JSON.parse(value);
    if (parsed === null) return undefined;
    if (typeof parsed === "object") return fit(value);
  } catch (error) {
    throw new TypeError(`metadata cannot be written as JSON: ${(error as Error).message}`);
  }
  throw new TypeError("metadata must be an object");
}

/** JSON that jsonb takes. Throws on what has none: a BigInt, a circle. */
export function json(value: object): string {
  const written = JSON.stringify(value) as string | undefined;
  if (written === undefined) throw new TypeError("its toJSON() gives nothing");
  return fit(written);
}

/** No NUL and no half of a surrogate pair, which only escapes can hold. */
function fit(written: string): string {
  if (!written.includes("\\u")) return written;
  // Escapes of other case are JSON as well, and a pair of halves is a character
  return written.replace(/\\(?:u(?:(d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|(0000|d[89a-f][0-9a-f]{2}))|[^])/gi,
    (escape, _pair, unfit) => (unfit ? "\\ufffd" : escape));
}

const escapes: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
const escaped = (value: string) => (/[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (character) => escapes[character]) : value);

/** Rows in COPY's text format. Source: PostgreSQL's manual, COPY, "Text Format". */
export function copyText({ rows }: Batch): Buffer {
  let text = "";
  for (const { columns: [appName, level, message, metadata, createdAt] } of rows)
    text += `${escaped(appName)}\t${escaped(level)}\t${escaped(message)}\t${metadata === undefined ? "\\N" : escaped(metadata)}\t${createdAt}\n`;
  return Buffer.from(text);
}

/** Each column as the text of an array: what one INSERT takes by unnest. */
export function columnArrays({ rows }: Batch): string[] {
  return [0, 1, 2, 3, 4].map((index) => `{${rows.map(({ columns }) => quoted(columns[index])).join(",")}}`);
}

const quoted = (value: string | undefined) => (value === undefined ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`);
