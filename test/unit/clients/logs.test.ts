import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import fc from "fast-check";
import { LogWriter, TakenOverError, type LogRecord, type LogWriterOptions } from "../../../clients/node/logs";
import { Batch, columnArrays, copyText, json, prepare } from "../../../clients/node/logRecords";

const row = (n: number): LogRecord => ({ appName: "a", level: "info", message: `row ${n}`, createdAt: "2026-11-21T00:00:00Z" });
const opened = { holder: "1", batch: 0, rows: 0, reached: null, oldest: new Date("2026-11-01"), newest: new Date("2026-12-01") };
const refusal = (code: string) => Object.assign(new Error(`refused ${code}`), { code });

/** Stands in for the server: keeps what it was given, and does with each batch what `answer` says. */
class FakeSource {
  readonly written: string[][] = [];
  closed = false;

  constructor(private readonly answer: (batch: Batch, tries: number) => unknown = () => undefined) {}

  private tries = 0;

  async write(batch: Batch): Promise<void> {
    await this.answer(batch, ++this.tries);
    this.written.push(batch.records.map(({ message }) => message));
  }

  bounds = async () => opened;
  close = () => void (this.closed = true);
}

const writerOf = (source: FakeSource, options: Partial<LogWriterOptions> = {}) => new LogWriter(source, opened, { source: "s", flushOnExit: false, ...options });

describe("pgha/logs: rows as the server takes them", () => {
  it("escapes what COPY's text format reserves", () => {
    const batch = new Batch();
    const metadata = { text: "a\nb\\" };
    batch.add(prepare({ ...row(1), appName: "a\\b", message: "tab\there\nline\rend\\N \0", metadata }));
    batch.add(prepare({ ...row(1), metadata: null }));
    assert.equal(copyText(batch).toString(),
      'a\\\\b\tinfo\ttab\\there\\nline\\rend\\\\N \ufffd\t{"text":"a\\\\nb\\\\\\\\"}\t2026-11-21T00:00:00Z\na\tinfo\trow 1\t\\N\t2026-11-21T00:00:00Z\n');
    assert.deepEqual(columnArrays(batch).slice(2, 4), ['{"tab\there\nline\rend\\\\N \ufffd","row 1"}', '{"{\\"text\\":\\"a\\\\nb\\\\\\\\\\"}",NULL}']);
  });

  it("keeps any JSON but what jsonb has no place for", () => {
    assert.equal(json({ a: "\0", b: "\ud800", c: "\\u0000", d: "😀", e: "\u0001" }), '{"a":"\\ufffd","b":"\\ufffd","c":"\\\\u0000","d":"😀","e":"\\u0001"}');
    fc.assert(fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" })), (value) => {
      const unfit = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
      const wanted = Object.fromEntries(Object.entries(value).map(([key, text]) => [key.replace(unfit, "\ufffd"), text.replace(unfit, "\ufffd")]));
      assert.deepEqual(JSON.parse(json(value)), JSON.parse(JSON.stringify(wanted)));
    }));
  });

  it("refuses what no server takes", () => {
    for (const [change, says] of [[{ appName: "" }, /appName/], [{ level: "x".repeat(21) }, /level/], [{ createdAt: "soon" }, /not a time: soon/], [{ message: 5 as never }, /message/]] as const)
      assert.throws(() => prepare({ ...row(1), ...change }), says);
  });
});

describe("pgha/logs: the writer", () => {
  it("sends batches by size, by time and on flush, in order", async () => {
    const source = new FakeSource();
    const writer = writerOf(source, { batchRows: 3, batchMilliseconds: 20, joinRows: 3 });
    for (let n = 0; n < 7; n++) void writer.write(row(n));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(source.written, [["row 0", "row 1", "row 2"], ["row 3", "row 4", "row 5"], ["row 6"]]);
    void writer.write(row(7));
    await writer.flush();
    assert.deepEqual(source.written.at(-1), ["row 7"]);
    const large = writerOf(new FakeSource(), { batchBytes: 50, batchMilliseconds: 10_000, onBatch: ({ rows }) => assert.equal(rows, 1) });
    void large.write(row(8));
    await large.close();
  });

  it("sends together what waited for the batch before it", async () => {
    let release = () => undefined as void;
    const source = new FakeSource(() => new Promise<void>((resolve) => (release = resolve)));
    const writer = writerOf(source, { batchRows: 2, joinRows: 6 });
    for (let n = 0; n < 11; n++) void writer.write(row(n));
    const flushed = writer.flush();
    for (const rows of [2, 6, 3]) {
      await new Promise(setImmediate);
      release();
      await new Promise(setImmediate);
      assert.equal(source.written.at(-1)?.length, rows);
    }
    await flushed;
    assert.deepEqual(source.written.flat(), Array.from({ length: 11 }, (_, n) => `row ${n}`));
  });

  it("sends what is written the moment the queue has room again", async () => {
    const source = new FakeSource();
    const writer = writerOf(source, { batchRows: 2, queueRows: 2 });
    for (let n = 0; n < 20; n += 2) {
      void writer.write(row(n));
      await writer.write(row(n + 1));
    }
    void writer.write(row(20));
    await writer.write(row(21));
    await writer.flush();
    assert.equal(source.written.flat().length, 22);
  });

  it("makes its caller wait while the queue is full", async () => {
    let release = () => undefined as void;
    const writer = writerOf(new FakeSource(() => new Promise<void>((resolve) => (release = resolve))), { batchRows: 2, queueRows: 4 });
    for (let n = 0; n < 3; n++) assert.equal(writer.write(row(n)), undefined);
    const room = writer.write(row(3)) as Promise<void>;
    let waits = true;
    void room.then(() => (waits = false));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(waits);
    release();
    await room;
    setTimeout(() => release(), 10);
    await writer.close();
  });

  it("tries again what got no answer, and says how often", async () => {
    const source = new FakeSource((_, tries) => tries < 3 && Promise.reject(new Error("Connection terminated unexpectedly")));
    const seen: number[] = [];
    const writer = writerOf(source, { onBatch: ({ tries }) => void seen.push(tries) });
    void writer.write(row(0), { bytes: 5 });
    await writer.close();
    assert.deepEqual([source.written, seen, source.closed], [[["row 0"]], [3], true]);
  });

  it("fails for good where trying again mends nothing", async () => {
    for (const error of [new TakenOverError("taken"), refusal("42P01"), refusal("23514")]) {
      const writer = writerOf(new FakeSource(() => Promise.reject(error)));
      void writer.write(row(0));
      await assert.rejects(writer.flush(), error);
      assert.throws(() => writer.write(row(1)), error);
      await assert.rejects(writer.close(), error);
    }
    const patient = writerOf(new FakeSource(() => Promise.reject(new Error("gone"))), { retryMilliseconds: 0 });
    void patient.write(row(0));
    await assert.rejects(patient.close(), /gone/);
  });

  it("hands back exactly the rows that the server refuses", async () => {
    const bad = new Set(["row 3", "row 4", "row 9"]);
    const source = new FakeSource(({ records }) => records.some(({ message }) => bad.has(message)) && Promise.reject(refusal("22P02")));
    const rejected: string[] = [];
    const writer = writerOf(source, { onRejected: ({ message }) => void rejected.push(message) });
    for (let n = 0; n < 10; n++) void writer.write(row(n));
    await writer.close();
    assert.deepEqual(rejected, [...bad]);
    assert.deepEqual(source.written.flat(), [0, 1, 2, 5, 6, 7, 8].map((n) => `row ${n}`));
  });

  it("looks for rows without a partition at once", async () => {
    const outside = ({ createdAt }: LogRecord) => new Date(createdAt!) < opened.oldest;
    let asked = 0;
    const source = new FakeSource(({ records }) => (asked++, records.some(outside) && Promise.reject(refusal("23514"))));
    const rejected: string[] = [];
    const writer = writerOf(source, { onRejected: ({ message }) => void rejected.push(message) });
    for (let n = 0; n < 1000; n++) void writer.write({ ...row(n), createdAt: n % 2 ? "2020-01-01T00:00:00Z" : "2026-11-05T00:00:00Z" });
    await writer.close();
    assert.deepEqual([asked, rejected.length, source.written[0].length], [2, 500, 500]);
  });

  it("commits what is queued before the process ends, by itself or by a signal", () => {
    const script = (end: string) => `
      const { LogWriter } = require("./clients/node/logs");
      const source = { write: async ({ records }) => { await new Promise((r) => setTimeout(r, 50)); process.stdout.write("wrote " + records.length + "\\n"); }, bounds() {}, close() {} };
      const writer = new LogWriter(source, {}, { source: "s", batchMilliseconds: 60000 });
      writer.write({ appName: "a", level: "b", message: "c" });
      ${end}`;
    const root = path.join(__dirname, "../../..");
    const run = (end: string) => spawnSync(process.execPath, ["--require", "tsx/cjs", "-e", script(end)], { cwd: root, encoding: "utf8", timeout: 9000 });
    const signalled = run("process.kill(process.pid, 'SIGTERM')");
    assert.deepEqual([signalled.stdout, signalled.signal], ["wrote 1\n", "SIGTERM"], signalled.stderr);
    const ended = run("clearTimeout(writer.timer)");
    assert.deepEqual([ended.stdout, ended.status], ["wrote 1\n", 0], ended.stderr);
  });
});
