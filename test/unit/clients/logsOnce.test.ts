import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { LogWriter, type LogRecord, type LogWriterOptions } from "../../../clients/node/logs";
import type { Batch } from "../../../clients/node/logRecords";

const row = (n: number, more: Partial<LogRecord> = {}): LogRecord => ({ appName: "a", level: "info", message: `row ${n}`, ...more });
const opened = { holder: "1", batch: 0, rows: 0, reached: null, oldest: new Date("2026-11-01"), newest: new Date("2026-12-01") };
const lost = () => Promise.reject(new Error("Connection terminated unexpectedly"));
const refused = (code: string) => Promise.reject(Object.assign(new Error(`refused ${code}`), { code }));

/** Stands in for the server: keeps what COPY would get, and does with each batch what `answer` says. */
class FakeSource {
  readonly lines: string[] = [];

  constructor(private readonly answer: (lines: string[]) => unknown = () => undefined, readonly bounds = async () => opened) {}

  async write(batch: Batch): Promise<void> {
    const lines = batch.copyText.toString().trimEnd().split("\n");
    await this.answer(lines);
    this.lines.push(...lines);
  }

  messages = () => this.lines.map((line) => line.split("\t")[2]);
  column = (n: number) => this.lines.map((line) => line.split("\t")[n]);
  close = () => undefined;
}

const writerOf = (source: FakeSource, options: Partial<LogWriterOptions> = {}) =>
  new LogWriter(source, opened, { source: "s", flushOnExit: false, retryMilliseconds: 300, ...options });

describe("pgha/logs: each row once", () => {
  let warnings: string[];
  const note = (warning: Error) => void warnings.push(warning.message);
  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });
  afterEach(() => void process.off("warning", note));

  it("writes no row again because a callback throws, at once or later", async () => {
    for (const onBatch of [() => { throw new Error("metrics"); }, async () => { throw new Error("metrics"); }]) {
      const source = new FakeSource();
      const writer = writerOf(source, { onBatch });
      void writer.write(row(0));
      await writer.flush();
      void writer.write(row(1));
      await writer.close();
      assert.deepEqual(source.messages(), ["row 0", "row 1"]);
    }
    await new Promise(setImmediate);
    assert.deepEqual(warnings, Array(4).fill("pgha/logs: onBatch: metrics"));
  });

  it("loses no row beside a refused one because its callback throws", async () => {
    const source = new FakeSource((lines) => lines.some((line) => line.includes("row 2")) && refused("22P05"));
    const writer = writerOf(source, { onRejected: () => { throw new Error("dead letters"); } });
    for (let n = 0; n < 5; n++) void writer.write(row(n));
    await writer.close();
    assert.deepEqual(source.messages(), ["row 0", "row 1", "row 3", "row 4"]);
  });

  it("refuses at once a row that can never be written, and goes on with the others", async () => {
    const circular: { self?: object } = {};
    circular.self = circular;
    const source = new FakeSource();
    const writer = writerOf(source);
    const never: [Partial<LogRecord>, RegExp][] = [
      [{ metadata: { n: 1n } }, /metadata cannot be written as JSON: .*BigInt/],
      [{ metadata: circular }, /metadata cannot be written as JSON: .*circular/],
      [{ metadata: { toJSON: () => undefined } }, /metadata/],
      [{ metadata: (() => 1) as never }, /metadata must be an object/],
      [{ metadata: 5 as never }, /metadata must be an object/],
      [{ metadata: "[broken" }, /metadata cannot be written as JSON/],
      [{ metadata: "12345678901234567890" }, /metadata must be an object/],
      [{ createdAt: true as never }, /createdAt is not a time: true/],
      [{ createdAt: new Date(NaN) }, /createdAt is not a time/],
      [{ createdAt: 1e300 }, /createdAt is not a time/],
      [{ createdAt: "2026-02-30" }, /createdAt is not a time: 2026-02-30/],
      [{ createdAt: "12/24/2026" }, /createdAt is not a time/],
      [{ message: "x".repeat(2 ** 26) }, /64 MiB/],
    ];
    void writer.write(row(0));
    for (const [change, says] of never) assert.throws(() => writer.write(row(9, change)), says);
    void writer.write(row(1));
    await writer.close();
    assert.deepEqual(source.messages(), ["row 0", "row 1"]);
  });

  it("takes what a record held when it was written", async () => {
    const source = new FakeSource();
    const writer = writerOf(source);
    const record = row(0, { metadata: { n: 1 }, createdAt: new Date(0) });
    void writer.write(record);
    Object.assign(record, { message: "another" });
    Object.assign(record.metadata!, { n: 2 });
    (record.createdAt as Date).setTime(1);
    await writer.close();
    assert.deepEqual(source.lines, ['a\tinfo\trow 0\t{"n":1}\t1970-01-01T00:00:00.000Z']);
  });

  it("keeps the digits of metadata that is given as text", async () => {
    const source = new FakeSource();
    const writer = writerOf(source);
    void writer.write(row(0, { metadata: '{"trace":9223372036854775807,"p":1.10,"x":1e400,"nul":"\\u0000"}' }));
    await writer.close();
    assert.deepEqual(source.column(3), ['{"trace":9223372036854775807,"p":1.10,"x":1e400,"nul":"\\\\ufffd"}']);
  });

  it("makes one row of one record, whatever its time holds; a time without an offset is UTC", async () => {
    const source = new FakeSource();
    const writer = writerOf(source);
    assert.throws(() => writer.write(row(0, { createdAt: "2026-03-01 (\nbilling\terror\tforged\t\\N\t2026-03-01 )" })), /not a time/);
    const times: [LogRecord["createdAt"], string][] = [
      ["2026-03-29", "2026-03-29T00:00Z"],
      ["2026-03-29 02:30", "2026-03-29T02:30Z"],
      ["2026-03-29 02:30:00,123", "2026-03-29T02:30:00.123Z"],
      ["2026-03-29t02:30:00.123456z", "2026-03-29T02:30:00.123456Z"],
      ["2026-10-25T02:30:00+0530", "2026-10-25T02:30:00+05:30"],
      ["2026-10-25T02:30:00-03", "2026-10-25T02:30:00-03:00"],
      [1735689600123, "2025-01-01T00:00:00.123Z"],
    ];
    for (const [createdAt] of times) void writer.write(row(1, { createdAt }));
    await writer.close();
    assert.deepEqual(source.column(4), times.map(([, wanted]) => wanted));
  });

  it("counts characters as Postgres does", async () => {
    const writer = writerOf(new FakeSource());
    void writer.write(row(0, { appName: "😀".repeat(100), level: "😀".repeat(20) }));
    assert.throws(() => writer.write(row(0, { appName: "😀".repeat(101) })), /appName/);
    await writer.close();
  });

  it("bounds what is queued in bytes, metadata among them", async () => {
    let release = () => undefined as void;
    const source = new FakeSource(() => new Promise<void>((resolve) => (release = resolve)));
    const sizes: number[] = [];
    const writer = writerOf(source, { queueBytes: 300_000, batchBytes: 150_000, onBatch: ({ rows }) => void sizes.push(rows) });
    const large = { metadata: { text: "x".repeat(100_000) } };
    assert.equal(writer.write(row(0, large)), undefined);
    assert.equal(writer.write(row(1, large)), undefined);
    const room = writer.write(row(2, large)) as Promise<void>;
    assert.ok(room instanceof Promise);
    release();
    await room;
    setTimeout(() => release(), 10);
    await writer.close();
    assert.deepEqual(sizes, [2, 1]);
  });

  it("goes on where the connection is lost while a refused batch is sifted", async () => {
    let asked = 0;
    const source = new FakeSource((lines) => lines.some((line) => line.includes("row 1")) && refused("22P02"),
      () => (asked++ === 0 ? lost() : Promise.resolve(opened)));
    const rejected: string[] = [];
    const writer = writerOf(source, { onRejected: ({ message }) => void rejected.push(message), retryMilliseconds: 5000 });
    for (let n = 0; n < 4; n++) void writer.write(row(n, { createdAt: "2026-11-05" }));
    await writer.close();
    assert.deepEqual([source.messages(), rejected], [["row 0", "row 2", "row 3"], ["row 1"]]);
  });

  it("counts what is too large for the server among the refused", async () => {
    const source = new FakeSource((lines) => lines.some((line) => line.includes("row 1")) && refused("54000"));
    const rejected: string[] = [];
    const writer = writerOf(source, { onRejected: ({ message }) => void rejected.push(message) });
    for (let n = 0; n < 3; n++) void writer.write(row(n, { createdAt: "2026-11-05" }));
    await writer.close();
    assert.deepEqual([source.messages(), rejected], [["row 0", "row 2"], ["row 1"]]);
  });

  it("commits the rows of every writer in the process before a signal ends it; a second signal ends it at once", () => {
    const script = (end: string) => `
      const { LogWriter } = require("./clients/node/logs");
      const open = (name, milliseconds) => new LogWriter({
        write: async ({ records }) => { await new Promise((r) => setTimeout(r, milliseconds)); process.stdout.write(name + "\\n"); },
        bounds() {}, close() {},
      }, {}, { source: name, batchMilliseconds: 60000 });
      for (const [name, milliseconds] of [["fast", 10], ["slow", 300]]) open(name, milliseconds).write({ appName: "a", level: "b", message: "c" });
      process.kill(process.pid, "SIGTERM");
      ${end}`;
    const root = path.join(__dirname, "../../..");
    const run = (end: string) => spawnSync(process.execPath, ["--require", "tsx/cjs", "-e", script(end)], { cwd: root, encoding: "utf8", timeout: 9000 });
    const once = run("");
    assert.deepEqual([once.stdout, once.signal], ["fast\nslow\n", "SIGTERM"], once.stderr);
    const twice = run("setTimeout(() => process.kill(process.pid, 'SIGTERM'), 150)");
    assert.deepEqual([twice.stdout, twice.signal], ["fast\n", "SIGTERM"], twice.stderr);
  });
});
