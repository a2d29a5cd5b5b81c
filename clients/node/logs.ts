import { setTimeout as sleep } from "node:timers/promises";
import { flushOnExit, forget } from "./logExit";
import { Batch, prepare, type LogRecord } from "./logRecords";
import { LogSource, TakenOverError, type Opened } from "./logSource";
import type { ConnectOptions } from "./pgha";

/**
 * Writes to app_logs: fast, and each row once. Needs `pg` and `pg-copy-streams`; import it as pgha/logs, or copy the log*.ts and pgha.ts.
 *
 *   const logs = await LogWriter.open(process.env.WRITE_URL!, { source: "web-1" });
 *   await logs.write({ appName: "shop", level: "info", message: "paid", metadata: { order: 7 } });   // waits only when the queue is full
 *   await logs.close();                                                                                // all of it is committed
 */

export type { LogRecord } from "./logRecords";
export { TakenOverError } from "./logSource";

export interface LogWriterOptions {
  /** A name of its own for each process that writes; who opens it again goes on where it ended, and the former one is refused. */
  source: string;
  /** COPY, or one INSERT a batch. Default "copy". */
  method?: "copy" | "insert";
  /** A batch is sent when it has so many rows or bytes (at most 64 MiB), or its first row has waited so long. Defaults 5000, 1 MiB, 50 ms. */
  batchRows?: number;
  batchBytes?: number;
  batchMilliseconds?: number;
  /** While one batch is on its way the next ones wait, and go together, up to so many rows. Default 5000. */
  joinRows?: number;
  /** Rows, and their bytes, not yet committed beyond which `write` makes its caller wait. Defaults 20,000, 32 MiB. */
  queueRows?: number;
  queueBytes?: number;
  /** How long one batch may be tried, over failovers, before the writer gives up. Default 10 min. */
  retryMilliseconds?: number;
  /** How long the server has for one batch before the connection counts as lost. Default 60 s. */
  answerMilliseconds?: number;
  /** Commit what is queued before the process ends: by itself, or by SIGINT or SIGTERM. Default true. */
  flushOnExit?: boolean;
  /** After each commit; milliseconds from when its first rows were complete, and of them those from when it was first sent. Throwing, it is warned of. */
  onBatch?(committed: { rows: number; milliseconds: number; sending: number; tries: number; reached: unknown }): void;
  /** Gets each row that the server refuses, instead of the writer failing, and what `write` got with it. Throwing, it is warned of. */
  onRejected?(record: LogRecord, reason: Error, reached: unknown): void;
  connection?: ConnectOptions;
}

const defaults = {
  method: "copy" as "copy" | "insert", batchRows: 5000, batchBytes: 2 ** 20, batchMilliseconds: 50, joinRows: 5000,
  queueRows: 20_000, queueBytes: 2 ** 25, retryMilliseconds: 600_000, answerMilliseconds: 60_000, flushOnExit: true,
};
const MOST_BYTES = 2 ** 26;

const codeOf = (error: unknown) => (error as { code?: string }).code ?? "";
/** Errors of the data, which no other try would take: those of classes 22 and 23, and 54, too large. */
const isRefusal = (error: unknown) => /^(22|23|54)/.test(codeOf(error));
/** What trying again does not mend: those, no such function or right, a wrong password. */
const isLasting = (error: unknown) => error instanceof TakenOverError || isRefusal(error) || /^(42|28|3D|3F)/.test(codeOf(error));

export class LogWriter {
  private filling = new Batch();
  private readonly sealed: Batch[] = [];
  private queued = { rows: 0, bytes: 0 };
  private timer?: NodeJS.Timeout;
  private failure?: Error;
  private sending?: Promise<void>;
  private readonly room: (() => void)[] = [];

  /** Connects, and takes the source over. Throws as `connect` of ./pgha does, or what the server says where there are no app_logs. */
  static async open(url: string, options: LogWriterOptions): Promise<LogWriter> {
    const { source, answerMilliseconds = defaults.answerMilliseconds, connection } = options;
    const ledger = new LogSource(url, source, { ...connection, answerMilliseconds });
    return new LogWriter(ledger, await ledger.open(), options);
  }

  private readonly options: LogWriterOptions & typeof defaults;

  constructor(private readonly source: Pick<LogSource, "write" | "bounds" | "close">, readonly opened: Opened, options: LogWriterOptions) {
    this.options = { ...defaults, ...options };
    this.options.batchBytes = Math.min(this.options.batchBytes, MOST_BYTES);
    if (this.options.flushOnExit) flushOnExit(this);
  }

  /**
   * Takes one row, as it is now. Returns at once while the queue has room, else a promise of it. `reached` says how far the caller's own input is
   * read with this row; `opened.reached` gives it back after a restart. Throws on a row that can never be written, and once the writer has failed.
   */
  write(record: LogRecord, reached?: unknown): void | Promise<void> {
    if (this.failure) throw this.failure;
    const { filling, queued, options: { batchRows, batchBytes, batchMilliseconds } } = this;
    const row = prepare(record);
    filling.add(row, reached);
    queued.rows++;
    queued.bytes += row.bytes;
    if (filling.rows.length >= batchRows || filling.bytes >= batchBytes) this.complete();
    else this.timer ??= setTimeout(() => this.complete(), batchMilliseconds);
    if (this.isFull) return new Promise((resolve, reject) => this.room.push(() => (this.failure ? reject(this.failure) : resolve())));
  }

  /** Resolves when every row written so far is committed. Throws what the writer failed with. */
  async flush(): Promise<void> {
    this.complete();
    await this.sending;
    if (this.failure) throw this.failure;
  }

  /** Flushes, and lets go of the connection. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.failure ??= new Error("the writer is closed");
      this.source.close();
      forget(this);
    }
  }

  private get isFull(): boolean {
    return this.queued.rows >= this.options.queueRows || this.queued.bytes >= this.options.queueBytes;
  }

  /** What is there may go: at once, or with what comes until the batch before it is committed. */
  private complete(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { filling, options: { method, batchRows, batchBytes, joinRows } } = this;
    if (!filling.rows.length) return;
    filling.completed ??= performance.now();
    if (this.sending && filling.rows.length < Math.max(batchRows, joinRows) && filling.bytes < batchBytes) return;
    this.sealed.push(filling);
    this.filling = new Batch();
    if (!this.sending) this.sending = this.send();
    else if (method === "copy") void filling.copyText;
  }

  private next(): Batch | undefined {
    if (this.sealed.length || this.filling.completed === undefined) return this.sealed.shift();
    const batch = this.filling;
    this.filling = new Batch();
    return batch;
  }

  private async send(): Promise<void> {
    for (let next = this.next(); next; next = this.failure ? undefined : this.next()) {
      try {
        await this.deliver(next);
      } catch (error) {
        this.failure = error as Error;
      }
      this.queued.rows -= next.rows.length;
      this.queued.bytes -= next.bytes;
      if (this.failure || !this.isFull) for (const go of this.room.splice(0)) go();
    }
    // Before anyone who waited runs on: rows that find no sender start one
    this.sending = undefined;
  }

  /** Until it is there; a row that the server refuses is looked for by halves. */
  private async deliver(batch: Batch): Promise<void> {
    const { method, onBatch, onRejected } = this.options;
    const started = performance.now();
    let tries: number;
    try {
      tries = await this.patiently(() => this.source.write(batch, method));
    } catch (error) {
      if (!isRefusal(error) || !onRejected) throw error;
      return this.sift(batch, error as Error);
    }
    const ended = performance.now();
    const committed = { rows: batch.rows.length, milliseconds: ended - batch.completed!, sending: ended - started, tries };
    this.tell("onBatch", () => onBatch?.({ ...committed, reached: batch.reached.at(-1) }));
  }

  /** Writes what the server takes of a batch that it refused: rows without a partition are known, others are looked for by halves. */
  private async sift(batch: Batch, reason: Error): Promise<void> {
    let bounds = this.opened as Pick<Opened, "oldest" | "newest">;
    await this.patiently(async () => void (bounds = await this.source.bounds()));
    const { inside, outside } = batch.split(bounds);
    const refused = outside.rows.length ? outside : batch.rows.length === 1 ? batch : new Batch();
    for (const [index, { record }] of refused.rows.entries())
      this.tell("onRejected", () => this.options.onRejected?.(record, reason, refused.reached[index]));
    const rest = outside.rows.length ? [inside] : refused.rows.length ? [] : batch.halves();
    for (const part of rest) if (part.rows.length) await this.deliver(part);
  }

  /** Tries until it is done, and says how often. */
  private async patiently(work: () => Promise<void>): Promise<number> {
    const started = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        await work();
        return tries;
      } catch (error) {
        if (isLasting(error) || performance.now() - started > this.options.retryMilliseconds) throw error;
        await sleep(Math.min(1000, 50 * 2 ** Math.min(tries, 5)));
      }
    }
  }

  /** What the caller's own function throws is not about the rows. */
  private tell(name: string, callback: () => unknown): void {
    (async () => callback())().catch((error: Error) => process.emitWarning(`pgha/logs: ${name}: ${error?.message ?? error}`));
  }
}
