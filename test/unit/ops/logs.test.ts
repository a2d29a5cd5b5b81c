import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { Counter, Manifest, putManifest, readBack, readManifests } from "../../../ops/logs/manifest";
import { expired, purgeArchive } from "../../../ops/logs/purge";
import { findArchive } from "../../../ops/logs/restore";
import { moment } from "../../../ops/logs/search";
import type { Store } from "../../../ops/logs/stored";
import { FolderStore, openStore } from "../../../ops/logs/store";

const manifest = (name: string, from: string, until: string, archivedAt = "2026-11-21T00:00:00.000Z"): Manifest =>
  ({ format: 1, name, partition: `app.${name.slice(0, 18)}`, from, until, rows: 2, bytes: 1, sha256: "0".repeat(64), archivedAt });
const march = manifest("app_logs_p20260301-1", "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z");
const april = manifest("app_logs_p20260401-1", "2026-04-01T00:00:00.000Z", "2026-05-01T00:00:00.000Z", "2025-11-01T00:00:00.000Z");

async function* pieces(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("pgha logs: archives", () => {
  it("counts rows, not lines, wherever a piece ends", async () => {
    const text = 'id,message\n1,"two\nlines, ""quoted"""\n2,plain\n3,""\n';
    for (let size = 1; size < 12; size++) {
      const counter = new Counter();
      for await (const _ of counter.through(pieces(text, size)));
      assert.deepEqual([counter.tally.rows, counter.tally.bytes], [3, text.length]);
      assert.equal(counter.tally.sha256, createHash("sha256").update(text).digest("hex"));
    }
  });

  it("is found by name, partition, month or day; several or none is an error", () => {
    const found = (wanted: string) => findArchive([march, april], wanted);
    for (const wanted of [march.name, "app.app_logs_p20260301", "app_logs_p20260301", "2026-03", "2026-03-31"]) assert.equal(found(wanted), march, wanted);
    assert.equal(found("2026-04-01"), april);
    assert.throws(() => found("2026-05"), /there is no archive of 2026-05/);
    assert.throws(() => findArchive([march, { ...march, name: "again" }], "2026-03"), /several/);
  });

  it("expires by when it was made", () => {
    const now = new Date("2026-11-21T00:00:00.000Z");
    assert.deepEqual([365, 386, 384].map((days) => expired([march, april], days, now).length), [1, 0, 1]);
  });

  const folder = path.join(os.tmpdir(), `pgha-store-${process.pid}`);
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const stores: [string, () => Store | undefined][] = [
    ["a folder", () => new FolderStore(path.join(folder, "new"))],
    ["S3", () => process.env.PGHA_TEST_S3_ENDPOINT === undefined ? undefined
      : openStore({ archive: `s3://${process.env.PGHA_TEST_S3_BUCKET ?? "pgha-test"}/logs/`, endpoint: process.env.PGHA_TEST_S3_ENDPOINT, hotDays: 1, keepArchivesDays: 1 }, `c${Date.now()}`)],
  ];
  for (const [title, open] of stores)
    it(`is kept in ${title}: as a whole or not at all`, async function () {
      const store = open();
      if (!store) {
        console.log("        PGHA_TEST_S3_ENDPOINT names no S3-compatible store");
        return this.skip();
      }
      const csv = `id,message\n${'1,"a\nb"\n'.repeat(200_000)}`;
      await store.put(`${march.name}.csv.gz`, Readable.from([gzipSync(csv)]));
      await putManifest(store, march);
      const counter = new Counter();
      for await (const _ of counter.through(pieces(csv, 65_536)));
      assert.deepEqual(await readBack(store, march.name), counter.tally);
      assert.equal(counter.tally.rows, 200_000);
      assert.deepEqual(await readManifests(store, assert.fail), [march]);
      await assert.rejects(store.put("broken.csv.gz", Readable.from((async function* () {
        yield Buffer.alloc(100_000);
        throw new Error("the server went away");
      })())), /went away/);
      assert.deepEqual(await store.list(), [`${march.name}.csv.gz`, `${march.name}.json`]);
      await assert.rejects(async () => { for await (const _ of await store.get("none")); }, /ENOENT|NoSuchKey/);
      await purgeArchive(store, march);
      await purgeArchive(store, march);
      assert.deepEqual(await store.list(), []);
    });
});

describe("pgha logs: search", () => {
  it("takes times as people give them", () => {
    const now = new Date("2026-11-21T12:00:00Z");
    assert.deepEqual(["30s", "2h", "30d"].map((text) => moment("--from", text, now)), ["2026-11-21T11:59:30.000Z", "2026-11-21T10:00:00.000Z", "2026-10-22T12:00:00.000Z"]);
    // Whatever time zone the session has
    assert.deepEqual(["2026-11-21 09:00", "2026-11-21T09:00+02", "2026-11", "2026-11-21"].map((text) => moment("--from", text, now)),
      ["2026-11-21T09:00Z", "2026-11-21T09:00+02:00", "2026-11-01T00:00Z", "2026-11-21T00:00Z"]);
    for (const text of ["soon", "2026-13-01", "5"]) assert.throws(() => moment("--from", text, now), /takes a time/);
  });
});
