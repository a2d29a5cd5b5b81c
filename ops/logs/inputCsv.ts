import * as fs from "node:fs";
import { parse } from "csv-parse/sync";
import { UserError } from "../../tools/errors";
import { MOST, type Reading, type Row } from "./input";
import { toRecord, type Defaults } from "./inputRecord";

const [QUOTE, LINE_END] = [0x22, 0x0a];

/**
 * Rows of CSV whose first row names the columns. `header` are the names where the input begins after it. Rows are told apart by line ends outside
 * of quotes; where what is between two of them is no row, its first line is none, and the next one begins another.
 */
export async function* readCsv(input: AsyncIterable<Buffer>, { from, whole, ...defaults }: Reading, header?: string[]): AsyncGenerator<Row> {
  let [columns, offset, rest, seen, quoted] = [header, from, Buffer.alloc(0) as Buffer, 0, false];
  const pass = (bytes: number) => {
    offset += bytes;
    rest = rest.subarray(bytes);
    [seen, quoted] = [0, false];
  };
  /** The end of the last whole row so far; of the first one while the columns are not known. */
  const scan = () => {
    let cut = 0;
    for (; seen < rest.length && (columns || !cut); seen++) {
      if (rest[seen] === QUOTE) quoted = !quoted;
      else if (rest[seen] === LINE_END && !quoted) cut = seen + 1;
    }
    return cut;
  };
  for await (const chunk of input) {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    for (let cut = scan(); cut; cut = scan()) {
      if (columns) pass(yield* readBlock(rest.subarray(0, cut), offset, columns, defaults));
      else {
        columns = namesIn(rest.subarray(0, cut));
        pass(cut);
      }
    }
    while (rest.length > MOST) {
      const line = rest.indexOf(LINE_END) + 1 || rest.length;
      yield { error: "is longer than 64 MiB, or has a quote that does not end", end: offset + line };
      pass(line);
    }
  }
  if (!rest.length || !columns) return;
  if (whole) yield* readOneByOne(rest, offset, columns, defaults, true);
  else yield { waits: rest.length, end: offset + rest.length };
}

/** The names of the columns, from a file's first row. */
export async function headerOf(file: string): Promise<string[]> {
  const handle = await fs.promises.open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, 0);
    const text = buffer.subarray(0, bytesRead);
    return namesIn(text.subarray(0, endOfRow(text, 0) ?? bytesRead));
  } finally {
    await handle.close();
  }
}

function namesIn(row: Buffer): string[] {
  try {
    const [names] = parse(row, { bom: true, to: 1 }) as string[][];
    if (names) return names;
  } catch (error) {
    throw new UserError(`the first row of the CSV names no columns: ${reason(error)}`, "app_name, level, message, metadata, created_at, and others");
  }
  throw new UserError("the first row of the CSV names no columns", "app_name, level, message, metadata, created_at, and others");
}

const rowsIn = (text: Buffer, columns: string[]) =>
  parse(text, { columns, info: true, skip_empty_lines: true, record_delimiter: ["\r\n", "\n"] }) as unknown as { record: Record<string, string>; info: { bytes: number } }[];

/** Many rows at once, which is quick; one by one where one of them is none. Returns how many bytes were read. */
function* readBlock(text: Buffer, offset: number, columns: string[], defaults: Defaults): Generator<Row, number> {
  let rows: ReturnType<typeof rowsIn>;
  try {
    rows = rowsIn(text, columns);
  } catch {
    return yield* readOneByOne(text, offset, columns, defaults, false);
  }
  for (const { record, info } of rows) yield { ...read(record, defaults), end: offset + info.bytes };
  return text.length;
}

function* readOneByOne(text: Buffer, offset: number, columns: string[], defaults: Defaults, last: boolean): Generator<Row, number> {
  let at = 0;
  while (at < text.length) {
    const stop = endOfRow(text, at) ?? (last ? text.length : undefined);
    // Rows are told apart anew after one that is none, so that one may go on beyond this text
    if (stop === undefined) break;
    try {
      const [row] = rowsIn(text.subarray(at, stop), columns);
      if (row) yield { ...read(row.record, defaults), end: offset + stop };
      at = stop;
    } catch (error) {
      at = text.indexOf(LINE_END, at) + 1 || text.length;
      yield { error: `is no CSV: ${reason(error)}`, end: offset + at };
    }
  }
  return at;
}

function endOfRow(text: Buffer, from: number): number | undefined {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (text[at] === QUOTE) quoted = !quoted;
    else if (text[at] === LINE_END && !quoted) return at + 1;
  }
  return undefined;
}

/** Its place in the file is told beside it. */
const reason = (error: unknown) => (error as Error).message.replace(/ (at|on) line \d+/, "").slice(0, 200);

function read(value: Record<string, string>, defaults: Defaults): Pick<Row, "record" | "error"> {
  const json = new Map(Object.entries(value).map(([name, text]) => [name, name === "metadata" ? text : JSON.stringify(text)]));
  try {
    const metadata = value.metadata ? (JSON.parse(value.metadata) as object) : undefined;
    const created_at = value.created_at || undefined;
    return toRecord({ ...value, app_name: value.app_name || undefined, level: value.level || undefined, metadata, created_at }, json, defaults);
  } catch (error) {
    return { error: `has metadata that is no JSON: ${(error as Error).message}` };
  }
}
