import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { membersOf, readNdjson, type Row } from "../../../ops/logs/input";
import { headerOf, readCsv } from "../../../ops/logs/inputCsv";

async function* pieces(text: string | Buffer, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function all(rows: AsyncIterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
const whole = { from: 0, whole: true };
const ndjson = (text: string, reading = {}) => all(readNdjson(pieces(text, 9), { ...whole, ...reading }));
const csv = (text: string, reading = {}, size = 7) => all(readCsv(pieces(text, size), { ...whole, ...reading }));
const outcome = ({ record, error, waits }: Row) => record?.message ?? error ?? `waits ${waits}`;

describe("pgha logs: newline-delimited JSON", () => {
  const line = (n: number) => JSON.stringify({ app_name: "ä", level: "info", message: `row\n${n}`, more: n, created_at: "2026-11-21T00:00:00Z" });

  it("is read by rows; going on after any row gives the rest", async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 50 }), fc.boolean(), async (count, size, ended) => {
      const text = Buffer.from(Array.from({ length: count }, (_, n) => line(n)).join("\r\n\n") + (ended ? "\n" : ""));
      const rows = await all(readNdjson(pieces(text, size), whole));
      assert.deepEqual(rows.map(({ record }) => record!.message), Array.from({ length: count }, (_, n) => `row\n${n}`));
      const { appName, level, metadata, createdAt } = rows[0].record!;
      assert.deepEqual([appName, level, metadata, createdAt], ["ä", "info", '{"more":0}', "2026-11-21T00:00:00Z"]);
      for (const [index, { end }] of rows.entries())
        assert.deepEqual(await all(readNdjson(pieces(text.subarray(end), size), { from: end, whole: true })), rows.slice(index + 1));
    }), { numRuns: 30 });
  });

  it("keeps the digits of every number, and what strings hold", async () => {
    const metadataOf = async (text: string) => (await ndjson(`{"app_name":"a","level":"info","message":"m"${text}}`))[0].record!.metadata;
    assert.equal(await metadataOf(', "trace" : 9223372036854775807 ,"p":1.10,"x":1e400'), '{"trace":9223372036854775807,"p":1.10,"x":1e400}');
    assert.equal(await metadataOf(',"metadata":{"id":12345678901234567890}'), '{"id":12345678901234567890}');
    assert.equal(await metadataOf(',"metadata": { "id": 2.50 },"id":1.50'), '{"id":1.50,"id": 2.50}');
    assert.equal(await metadataOf(',"metadata":[1.0],"b":2'), '{"b":2,"metadata":[1.0]}');
    assert.deepEqual([await metadataOf(""), await metadataOf(',"metadata":null'), await metadataOf(',"metadata":{},"a":1')], [undefined, undefined, '{"a":1}']);
    fc.assert(fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), fc.constantFrom(undefined, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const members = [...membersOf(text)].map(([name, json]) => [name, JSON.parse(json) as unknown]);
      assert.deepEqual(members, Object.entries(JSON.parse(text) as object));
    }), { numRuns: 40 });
  });

  it("says what is wrong with a row, and takes what it lacks from the command line", async () => {
    const text = '{"app_name":"a","message":"m"}\nno\n[1]\n{"message":"m"}\n{"app_name":"a"}\n{"app_name":"a","message":"m","metadata":5}\n' +
      '{"app_name":"a","level":30,"message":"m"}\n{"app_name":"a","message":"m","metadata":"{}"}\n';
    const says = [/^m$/, /is no JSON/, /is no JSON object/, /has no app_name/, /has no message/, /metadata that is no object/, /no level that is a text/, /no object/];
    for (const [index, row] of (await ndjson(text, { level: "info" })).entries()) assert.match(outcome(row), says[index]);
  });

  it("takes times as logs have them", async () => {
    const times = async (time: string) => (await ndjson(`{"app_name":"a","level":"i","message":"m","created_at":${time}}`))[0].record!.createdAt;
    assert.equal(await times("1735689600"), 1735689600000);
    assert.equal(await times("1735689600.25"), 1735689600250);
    assert.equal(await times("1735689600123"), 1735689600123);
    assert.equal(await times('"1735689600"'), 1735689600000);
    assert.equal(await times("null"), undefined);
  });

  it("leaves a last line alone that may be half written", async () => {
    const rows = await ndjson('{"app_name":"a","level":"i","message":"m"}\n{"app_name":"a","lev', { whole: false });
    assert.deepEqual(rows.map(outcome), ["m", "waits 20"]);
    assert.deepEqual((await ndjson('{"app_name":"a","level":"i","message":"m"}', { whole: false })).map(outcome), ["m"]);
  });

  it("passes over a line that is too long, in bounded memory", async () => {
    async function* input() {
      for (let n = 0; n < 80; n++) yield Buffer.alloc(2 ** 20, "x");
      yield Buffer.from('\n{"app_name":"a","level":"i","message":"m"}\n');
    }
    const rows = await all(readNdjson(input(), whole));
    assert.deepEqual(rows.map(outcome), ["is longer than 64 MiB", "m"]);
    assert.equal(rows[0].end, 80 * 2 ** 20 + 1);
  });
});

describe("pgha logs: CSV", () => {
  const header = "app_name,level,message,metadata,created_at";

  it("is read by its header; going on after any row gives the rest", async () => {
    const text = `\ufeff${header}\r\na,info,"two\nlines","{""n"":1.10}",2026-11-21\r\n\nb,warn,ö,,\n`;
    const rows = await csv(text);
    assert.deepEqual(rows.map(({ record }) => record), [
      { appName: "a", level: "info", message: "two\nlines", metadata: '{"n":1.10}', createdAt: "2026-11-21" },
      { appName: "b", level: "warn", message: "ö", metadata: undefined, createdAt: undefined },
    ]);
    for (const size of [1, 3, 1000]) assert.deepEqual(await csv(text, {}, size), rows);
    const { end } = rows[0];
    const rest = Buffer.from(text).subarray(end);
    assert.deepEqual(await all(readCsv(pieces(rest, 7), { from: end, whole: true }, header.split(","))), rows.slice(1));
  });

  it("passes over exactly the rows that are none", async () => {
    const bad = ['b,info,he said "hi",,', 'c,info,"he said "hi"",,', "d,info", "e,info,x,,,more", 'f,info,"open,,', "g,info,m,{broken,"];
    const rows = bad.flatMap((row, n) => [row, `z,info,"fine, ""${n}""\n,",,`]);
    for (const size of [1, 11, 1000]) {
      const found = (await csv(`${header}\n${rows.join("\n")}\n`, {}, size)).map(outcome);
      assert.deepEqual(found.filter((_, n) => n % 2), bad.map((_, n) => `fine, "${n}"\n,`));
      for (const [n, says] of [/no CSV: Invalid Opening Quote/, /no CSV: Invalid Closing Quote/, /got 2/, /got 6/, /no CSV/, /no JSON/].entries()) assert.match(found[2 * n], says);
    }
  });

  it("leaves a last row alone that may be half written", async () => {
    const text = `${header}\na,info,m,,\nb,info,hal`;
    assert.deepEqual((await csv(text, { whole: false })).map(outcome), ["m", "waits 10"]);
    assert.deepEqual((await csv(`${text}f,,`)).map(outcome), ["m", "half"]);
    assert.deepEqual((await csv(`${header}\na,info,"m\n`, { whole: false })).map(outcome), ["waits 10"]);
  });

  it("has its columns found again in a file of any size", async () => {
    const file = path.join(os.tmpdir(), `pgha-csv-${process.pid}.csv`);
    try {
      fs.writeFileSync(file, '\ufeffapp_name,"a ""quoted"", name",message\r\nx,y,z\r\n');
      fs.truncateSync(file, 600 * 2 ** 20);
      assert.deepEqual(await headerOf(file), ["app_name", 'a "quoted", name', "message"]);
    } finally {
      fs.rmSync(file);
    }
  });
});
