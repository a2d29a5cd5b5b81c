import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { LogWriter, type LogRecord, type LogWriterOptions } from "../../clients/node/logs";
import { UserError } from "../../tools/errors";
import { readNdjson, type Row } from "./input";
import { headerOf, readCsv } from "./inputCsv";
import type { Defaults } from "./inputRecord";

export interface IngestOptions extends Defaults {
  source: string;
  format: "ndjson" | "csv";
  /** Standard input is given once more from its beginning: what is there already is passed over. */
  replay: boolean;
  /** Another input than the last one under this source's name. */
  anew: boolean;
  /** The file is not written to any more: its last row needs no line end. */
  whole: boolean;
  skipBad: boolean;
  writer: Omit<LogWriterOptions, "source">;
  progress(state: IngestState): void;
  /** Each row that is passed over. */
  bad(row: string): void;
}

export interface IngestState {
  /** Rows that are committed, those of this run. */
  rows: number;
  /** Rows passed over because an earlier run had committed them: bytes of a file. */
  passedOver: number;
  /** Rows that are none, or that the server refused. */
  bad: number;
  /** Bytes of a last row without a line end, which may be half written. */
  waiting: number;
  /** Rows since the last call, a second ago. */
  batches: number;
}

/** How far a file was read: kept in the ledger, in the transaction of the rows. */
interface Reached {
  /** SHA-256 of the first bytes, at most 4096: what tells one file from another under the same name. */
  head?: string;
  headBytes?: number;
  bytes: number;
}

/** A row's place: its number in this run, and the byte after it. */
interface Place {
  row: number;
  end: number;
}

const say = ({ row, end }: Place, error: string) => `row ${row} of this run, before byte ${end}, ${error}`;

/** Writes a file, or what is piped in, each row once: however often it is interrupted and begun again. */
export async function ingest(url: string, file: string | undefined, options: IngestOptions): Promise<IngestState> {
  const state: IngestState = { rows: 0, passedOver: 0, bad: 0, waiting: 0, batches: 0 };
  const places = new WeakMap<LogRecord, Place>();
  const skip = (place: Place, error: string) => {
    if (!options.skipBad) throw new UserError(say(place, error), "mend it, or pass over such rows with --skip-bad; all before it is written");
    state.bad++;
    options.bad(say(place, error));
  };
  const writer = await LogWriter.open(url, {
    source: options.source,
    ...options.writer,
    onBatch: ({ rows }) => {
      state.rows += rows;
      state.batches++;
    },
    ...(options.skipBad && { onRejected: (record, { message }) => skip(places.get(record)!, `is refused: ${message}`) }),
  });
  const ticker = setInterval(() => options.progress(state), 1000);
  try {
    const { head, from, input } = file === undefined ? openPipe(writer, options) : await openFile(file, writer, options);
    state.passedOver = from;
    let row = 0;
    for await (const { record, error, waits, end } of await read(input, options, file, file === undefined ? 0 : from)) {
      row++;
      if (file === undefined && end <= from) continue;
      if (waits) {
        state.waiting = waits;
        continue;
      }
      if (!record) {
        skip({ row, end }, error!);
        continue;
      }
      places.set(record, { row, end });
      const room = write(writer, record, { ...head, bytes: end }, (error) => skip({ row, end }, `cannot be written: ${error.message}`));
      if (room) await room;
    }
  } finally {
    clearInterval(ticker);
    await writer.close();
  }
  return state;
}

/** A row that can never be written is bad; anything else is about the writer. */
function write(writer: LogWriter, record: LogRecord, reached: Reached, refuse: (error: Error) => void): void | Promise<void> {
  try {
    return writer.write(record, reached);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    refuse(error);
  }
}

async function read(input: AsyncIterable<Buffer>, options: IngestOptions, file: string | undefined, from: number): Promise<AsyncIterable<Row>> {
  const { appName, level } = options;
  const reading = { appName, level, from, whole: file === undefined || options.whole };
  if (options.format === "ndjson") return readNdjson(input, reading);
  return readCsv(input, reading, file !== undefined && from > 0 ? await headerOf(file) : undefined);
}

function openPipe({ opened }: LogWriter, { replay, anew }: IngestOptions) {
  const reached = opened.reached as Reached | null;
  if (reached && !replay && !anew)
    throw new UserError("this source has written before", "--replay when the same input is given once more from its beginning, --anew when this is other input");
  return { head: {}, from: replay ? (reached?.bytes ?? 0) : 0, input: process.stdin as AsyncIterable<Buffer> };
}

async function openFile(file: string, { opened }: LogWriter, { anew, source }: IngestOptions) {
  const reached = anew ? null : (opened.reached as Reached | null);
  const from = reached?.bytes ?? 0;
  if (reached && (await headOf(file, reached.headBytes ?? 0)).head !== reached.head)
    throw new UserError(`${source} has read another file than ${file} so far`, "give this one a source of its own, or --anew");
  const head = reached?.headBytes === 4096 ? { head: reached.head, headBytes: 4096 } : await headOf(file, 4096);
  return { head, from, input: fs.createReadStream(file, { start: from, highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer> };
}

async function headOf(file: string, most: number) {
  const handle = await fs.promises.open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(most), 0, most, 0);
    return { head: createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("hex"), headBytes: bytesRead };
  } finally {
    await handle.close();
  }
}
