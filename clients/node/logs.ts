import { setTimeout as sleep } from "node:timers/promises";
import { Batch, check, type LogRecord } from "./logRecords";
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
  /** A batch is sent when it has so many rows or bytes, or its first row has waited so long. Defaults 5000, 1 MiB, 50 ms. */
  batchRows?: number;
  batchBytes?: number;
  batchMilliseconds?: number;
  /** While one batch is on its way the next ones wait, and go together, up to so many rows. Default 5000. */
  joinRows?: number;
  /** Rows not yet committed beyond which `write` makes its caller wait. Default 20,000. */
  queueRows?: number;
  /** How long one batch may be tried, over failovers, before the writer gives up. Default 10 min. */
  retryMilliseconds?: number;
  /** How long the server has for one batch before the connection counts as lost. Default 60 s. */
  answerMilliseconds?: number;
  /** Commit what is queued before the process ends: by itself, or by SIGINT or SIGTERM. Default true. */
  flushOnExit?: boolean;
  /** After each commit; milliseconds from when its first rows were complete, and of them those from when it was first sent. */
  onBatch?(committed: { rows: number; milliseconds: number; sending: number; tries: number; reached: unknown }): void;
  /** Gets each row that the server refuses, instead of the writer failing. */
  onRejected?(record: LogRecord, reason: Error): void;
  connection?: ConnectOptions;
}

const defaults = {
  method: "copy" as "copy" | "insert", batchRows: 5000, batchBytes: 2 ** 20, batchMilliseconds: 50, joinRows: 5000, queueRows: 20_000,
  retryMilliseconds: 600_000, answerMilliseconds: 60_000, flushOnExit: true,
};

/** Errors of the data, which no other try would take: those of classes 22 and 23. */
const isRefusal = (error: unknown) => /^2[23]/.test((error as { code?: string }).code ?? "");
/** What trying again does not mend: those, no such function or right, a wrong password. */
const isLasting = (error: unknown) => error instanceof TakenOverError || isRefusal(error) || /^(42|28|3D|3F)/.test((error as { code?: string }).code ?? "");

export class LogWriter {
  private filling = new Batch();
  private readonly sealed: Batch[] = [];
  private queued = 0;
  private timer?: NodeJS.Timeout;
  private failure?: Error;
  private sending?: Promise<void>;
  private readonly room: (() => void)[] = [];
  private readonly leave = (signal?: NodeJS.Signals | number) => void this.exit(signal);

  /** Connects, and takes the source over. Throws as `connect` of ./pgha does, or what the server says where there are no app_logs. */
  static async open(url: string, options: LogWriterOptions): Promise<LogWriter> {
    const { source, answerMilliseconds = defaults.answerMilliseconds, connection } = options;
    const ledger = new LogSource(url, source, { ...connection, answerMilliseconds });
    return new LogWriter(ledger, await ledger.open(), options);
  }

  private readonly options: LogWriterOptions & typeof defaults;

  constructor(private readonly source: Pick<LogSource, "write" | "bounds" | "close">, readonly opened: Opened, options: LogWriterOptions) {
    this.options = { ...defaults, ...options };
    if (this.options.flushOnExit) for (const event of ["beforeExit", "SIGINT", "SIGTERM"]) process.once(event, this.leave);
  }

  /**
   * Takes one row. Returns at once while the queue has room, else a promise of it. `reached` says how far the caller's own input is read with
   * this row; `opened.reached` gives it back after a restart. Throws on a row that can never be written, and once the writer has failed.
   */
  write(record: LogRecord, reached?: unknown): void | Promise<void> {
    if (this.failure) throw this.failure;
    const { filling, options: { batchRows, batchBytes, batchMilliseconds, queueRows } } = this;
    const bytes = check(record);
    filling.add(record.createdAt === undefined ? { ...record, createdAt: new Date() } : record, bytes, reached);
    this.queued++;
    if (filling.records.length >= batchRows || filling.bytes >= batchBytes) this.complete();
    else this.timer ??= setTimeout(() => this.complete(), batchMilliseconds);
    if (this.queued >= queueRows) return new Promise((resolve, reject) => this.room.push(() => (this.failure ? reject(this.failure) : resolve())));
  }

  /** Resolves when every row written so far is committed. Throws what the writer failed with. */
  async flush(): Promise<void> {
    this.complete();
    await this.sending;
    if (this.failure) throw this.failure;
  }

  /** Flushes, and lets go of the connection. */
  async close(): Promise<void> {
    for (const event of ["beforeExit", "SIGINT", "SIGTERM"]) process.off(event, this.leave);
    try {
      await this.flush();
    } finally {
      this.failure ??= new Error("the writer is closed");
      this.source.close();
    }
  }

  /** What is there may go: at once, or with what comes until the batch before it is committed. */
  private complete(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { filling, options: { method, batchRows, batchBytes, joinRows } } = this;
    if (!filling.records.length) return;
    filling.completed ??= performance.now();
    if (this.sending && filling.records.length < Math.max(batchRows, joinRows) && filling.bytes < batchBytes) return;
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
      this.queued -= next.records.length;
      if (this.failure || this.queued < this.options.queueRows) for (const go of this.room.splice(0)) go();
    }
    // Before anyone who waited runs on: rows that find no sender start one
    this.sending = undefined;
  }

  /** Until it is there; a row that the server refuses is looked for by halves. */
  private async deliver(batch: Batch): Promise<void> {
    const { method, retryMilliseconds, onBatch, onRejected } = this.options;
    const started = performance.now();
    for (let tries = 1; ; tries++) {
      try {
        await this.source.write(batch, method);
        return onBatch?.({ rows: batch.records.length, milliseconds: performance.now() - batch.completed!, sending: performance.now() - started, tries, reached: batch.reached.at(-1) });
      } catch (error) {
        if (isRefusal(error) && onRejected) return this.sift(batch, error as Error, onRejected);
        if (isLasting(error) || performance.now() - started > retryMilliseconds) throw error;
        await sleep(Math.min(1000, 50 * 2 ** Math.min(tries, 5)));
      }
    }
  }

  /** Writes what the server takes of a batch that it refused: rows without a partition are known, others are looked for by halves. */
  private async sift(batch: Batch, reason: Error, reject: (record: LogRecord, reason: Error) => void): Promise<void> {
    const { inside, outside } = batch.split(await this.source.bounds());
    const refused = outside.records.length ? outside.records : batch.records.length === 1 ? batch.records : [];
    for (const record of refused) reject(record, reason);
    const rest = outside.records.length ? [inside] : refused.length ? [] : batch.halves();
    for (const part of rest) if (part.records.length) await this.deliver(part);
  }

  private async exit(signal?: NodeJS.Signals | number): Promise<void> {
    await this.close().catch((error: Error) => process.stderr.write(`pgha/logs: rows were not committed: ${error.message}\n`));
    if (typeof signal === "string" && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
}
