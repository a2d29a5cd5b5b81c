import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { LogWriter, LogWriterOptions } from "../../clients/node/logs";
import { UserError } from "../../tools/errors";
import { Defaults, readCsv, readNdjson, Row } from "./input";

export interface IngestOptions extends Defaults {
  source: string;
  format: "ndjson" | "csv";
  /** Standard input is given once more from its beginning: what is there already is passed over. */
  replay: boolean;
  /** Another input than the last one under this source's name. */
  anew: boolean;
  skipBad: boolean;
  writer: Omit<LogWriterOptions, "source">;
  progress(state: IngestState): void;
}

export interface IngestState {
  /** Rows that are committed, those of this run. */
  rows: number;
  /** Rows passed over because an earlier run had committed them: bytes of a file. */
  passedOver: number;
  /** Rows that are none, or that the server refused. */
  bad: number;
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

/** Writes a file, or what is piped in, each row once: however often it is interrupted and begun again. */
export async function ingest(url: string, file: string | undefined, options: IngestOptions): Promise<IngestState> {
  const state: IngestState = { rows: 0, passedOver: 0, bad: 0, batches: 0 };
  const writer = await LogWriter.open(url, {
    source: options.source,
    ...options.writer,
    onBatch: ({ rows }) => {
      state.rows += rows;
      state.batches++;
    },
    ...(options.skipBad && { onRejected: () => void state.bad++ }),
  });
  const ticker = setInterval(() => options.progress(state), 1000);
  try {
    const { head, from, input } = file === undefined ? openPipe(writer, options) : await openFile(file, writer, options);
    state.passedOver = from;
    let row = 0;
    for await (const { record, error, end } of read(input, options, file, file === undefined ? 0 : from)) {
      row++;
      if (file === undefined && end <= from) continue;
      if (!record) {
        if (!options.skipBad) throw new UserError(`row ${row} of this run, before byte ${end}, ${error}`, "mend it, or pass over such rows with --skip-bad; all before it is written");
        state.bad++;
        continue;
      }
      const room = writer.write(record, { ...head, bytes: end } satisfies Reached);
      if (room) await room;
    }
  } finally {
    clearInterval(ticker);
    await writer.close();
  }
  return state;
}

function read(input: AsyncIterable<Buffer>, options: IngestOptions, file: string | undefined, from: number): AsyncIterable<Row> {
  if (options.format === "ndjson") return readNdjson(input, from, options);
  return readCsv(input, from, options, file !== undefined && from > 0 ? headerOf(file) : undefined);
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

/** The names of the columns: a header spans one line, unless a name has a line end. */
function headerOf(file: string): string[] {
  const text = fs.readFileSync(file, { encoding: "utf8" }).split(/\r?\n/, 1)[0].replace(/^\ufeff/, "");
  return text.split(",").map((name) => name.trim().replace(/^"|"$/g, ""));
}
