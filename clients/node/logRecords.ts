/** One row of app_logs. */
export interface LogRecord {
  /** At most 100 characters. */
  appName: string;
  /** At most 20 characters: "error", "info", … */
  level: string;
  message: string;
  metadata?: object | null;
  /** Default: when it is written. A text keeps its microseconds; ISO 8601. */
  createdAt?: Date | string;
}

/** Rows that are written, and committed, together. */
export class Batch {
  readonly records: LogRecord[] = [];
  /** What came with each record, where the caller says how far its input has been read. */
  readonly reached: unknown[] = [];
  bytes = 0;
  /** When its first rows could go; as of performance.now(). */
  completed?: number;
  private text?: Buffer;

  /** Rows in COPY's format, made once: while the batch waits for the one before it. */
  get copyText(): Buffer {
    return (this.text ??= copyText(this));
  }

  add(record: LogRecord, bytes: number, reached: unknown): void {
    this.records.push(record);
    this.reached.push(reached);
    this.bytes += bytes;
  }

  /** The same rows as two batches, to find the one that the server refuses. */
  halves(): [Batch, Batch] {
    const middle = this.records.length >> 1;
    return [this.part((_, index) => index < middle), this.part((_, index) => index >= middle)];
  }

  split({ oldest, newest }: { oldest: Date; newest: Date }): { inside: Batch; outside: Batch } {
    const fits = ({ createdAt }: LogRecord) => {
      const time = new Date(createdAt!);
      return time >= oldest && time < newest;
    };
    return { inside: this.part(fits), outside: this.part((record) => !fits(record)) };
  }

  private part(wanted: (record: LogRecord, index: number) => boolean): Batch {
    const part = new Batch();
    part.completed = this.completed;
    this.records.forEach((record, index) => wanted(record, index) && part.add(record, 0, this.reached[index]));
    return part;
  }
}

/** Fails on what no server would take; what it takes in another form only is put into that. Returns its size in bytes, roughly. */
export function check({ appName, level, message, createdAt }: LogRecord): number {
  if (typeof appName !== "string" || appName === "" || appName.length > 100) throw new RangeError("appName must have 1 to 100 characters");
  if (typeof level !== "string" || level === "" || level.length > 20) throw new RangeError("level must have 1 to 20 characters");
  if (typeof message !== "string") throw new TypeError("message must be a string");
  if (createdAt !== undefined && Number.isNaN(+new Date(createdAt))) throw new RangeError(`createdAt is not a time: ${createdAt}`);
  return appName.length + level.length + message.length + 40;
}

/** A column's text: no NUL, which Postgres has no place for. */
const text = (value: string) => (value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value);

/** JSON that jsonb takes: no NUL and no half of a surrogate pair, which only escapes can hold. */
export function json(value: object): string {
  const written = JSON.stringify(value);
  if (!written.includes("\\u")) return written;
  return written.replace(/\\(?:u(0000|d[89a-f][0-9a-f]{2})|[^])/g, (escape, unfit) => (unfit ? "\\ufffd" : escape));
}

const time = (value: Date | string | undefined) => (typeof value === "string" ? value : (value ?? new Date()).toISOString());

const escapes: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
const escaped = (value: string) => (/[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (character) => escapes[character]) : value);

/** Rows in COPY's text format. Source: PostgreSQL's manual, COPY, "Text Format". */
export function copyText({ records }: Batch): Buffer {
  let rows = "";
  for (const { appName, level, message, metadata, createdAt } of records)
    rows += `${escaped(text(appName))}\t${escaped(text(level))}\t${escaped(text(message))}\t${metadata ? escaped(json(metadata)) : "\\N"}\t${time(createdAt)}\n`;
  return Buffer.from(rows);
}

/** Each column as the text of an array: what one INSERT takes by unnest. */
export function columnArrays({ records }: Batch): string[] {
  const column = (value: (record: LogRecord) => string | undefined) =>
    `{${records.map((record) => quoted(value(record))).join(",")}}`;
  return [
    column(({ appName }) => text(appName)), column(({ level }) => text(level)), column(({ message }) => text(message)),
    column(({ metadata }) => (metadata ? json(metadata) : undefined)), column(({ createdAt }) => time(createdAt)),
  ];
}

const quoted = (value: string | undefined) => (value === undefined ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`);
