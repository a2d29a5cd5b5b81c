import type { Socket } from "node:net";
import { escapeLiteral, type Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { Batch, columnArrays } from "./logRecords";
import { connect, hangUp, type ConnectOptions } from "./pgha";

/** Another process writes under this source's name now. */
export class TakenOverError extends Error {}

const COLUMNS = "app.app_logs (app_name, level, message, metadata, created_at)";
const TYPES = ["text", "text", "text", "jsonb", "timestamptz"];

/** How far a source is, and which rows have a partition. */
interface Known {
  batch: number;
  /** Rows from this time, and before that one, are taken. */
  oldest: Date;
  newest: Date;
}

export interface Opened extends Known {
  holder: string;
  rows: number;
  reached: unknown;
}

/**
 * A named source in the ledger app.log_sources. The number of a batch is written in the batch's own transaction, so whatever becomes
 * of an answer, the ledger knows whether the rows are there.
 */
export class LogSource {
  private client?: Client;
  private holder = "";
  known!: Known;

  constructor(private readonly url: string, private readonly name: string, private readonly options: ConnectOptions & { answerMilliseconds: number }) {}

  /** Takes the source over from whoever wrote under its name before. */
  async open(): Promise<Opened> {
    const { rows: [row] } = await this.run((client) => client.query("SELECT * FROM app.open_log_source($1)", [this.name]));
    this.holder = row.holder;
    this.known = { ...row, batch: Number(row.batch) };
    return { ...row, ...this.known, rows: Number(row.rows) };
  }

  /**
   * Writes one batch, numbered after the last one. Its answer lost, the next call with the same rows settles whether they are there. Throws
   * what the server said, a TakenOverError, or that there was no answer.
   */
  async write(batch: Batch, method: "copy" | "insert"): Promise<void> {
    const tried = this.known.batch + 1;
    if (!this.client && (await this.settle()) >= tried) return;
    // A failover without synchronous standbys may have lost batches, and their numbers
    const number = this.known.batch + 1;
    const begin = `CALL app.begin_log_batch(${escapeLiteral(this.name)}, ${this.holder}, ${number}, ${batch.rows.length}, ${reached(batch)})`;
    try {
      // One simple query, hence one transaction and one way there and back
      if (method === "copy") await this.run((client) => copy(client, `${begin}; COPY ${COLUMNS} FROM STDIN`, batch.copyText));
      else await this.run((client) => client.query(`${begin}; INSERT INTO ${COLUMNS} SELECT * FROM unnest(${arrays(batch)})`));
      this.known.batch = number;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "PGL02") throw new TakenOverError((error as Error).message);
      if (code !== "PGL01") throw error;
      await this.settle();
    }
  }

  /** Which rows have a partition, as of now. */
  async bounds(): Promise<Pick<Known, "oldest" | "newest">> {
    await this.settle();
    return this.known;
  }

  close(): void {
    if (this.client) hangUp(this.client);
    this.client = undefined;
  }

  /** The number of the last batch that is there, by a commit that reached the standbys after it. */
  private async settle(): Promise<number> {
    const { rows: [row] } = await this.run((client) => client.query("SELECT * FROM app.settle_log_source($1, $2)", [this.name, this.holder]));
    if (!row) throw new TakenOverError(`another writer has taken over "${this.name}"`);
    this.known = { ...row, batch: Number(row.batch) };
    return this.known.batch;
  }

  private async connect(): Promise<Client> {
    if (!this.client) {
      this.client = await connect(this.url, { application_name: "pgha-logs", keepAlive: true, ...this.options, writable: true });
      this.hold(false);
    }
    return this.client;
  }

  /** An idle writer keeps no process alive. */
  private hold(busy: boolean): void {
    const socket = this.client?.connection.stream as Socket | undefined;
    if (busy) socket?.ref();
    else socket?.unref();
  }

  /** A connection that failed, or gave no answer in time, is not used again. */
  private async run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.connect();
    this.hold(true);
    const timer = setTimeout(() => client.connection.stream.destroy(new Error("no answer in time")), this.options.answerMilliseconds);
    try {
      return await work(client);
    } catch (error) {
      if (!isAnswer(error)) this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.hold(false);
    }
  }
}

/** Whether the server itself said it, and the connection goes on. */
function isAnswer(error: unknown): boolean {
  const { code = "", severity } = error as { code?: string; severity?: string };
  return severity === "ERROR" && !/^(08|57P|25006)/.test(code);
}

function copy(client: Client, sql: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(copyFrom(sql)).once("error", reject).once("finish", resolve).end(rows);
  });
}

const arrays = (batch: Batch) => columnArrays(batch).map((array, index) => `${escapeLiteral(array)}::${TYPES[index]}[]`).join(", ");

function reached({ reached }: Batch): string {
  const last = reached.at(-1);
  return last === undefined ? "NULL" : escapeLiteral(JSON.stringify(last));
}
