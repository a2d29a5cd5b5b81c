import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import type { Client } from "pg";
import { archiveLogs, type Leaving } from "../../../ops/logs/archive";
import { putManifest, readManifest, readManifests, type Manifest } from "../../../ops/logs/manifest";
import { restoreArchive } from "../../../ops/logs/restore";
import { FolderStore, openStore } from "../../../ops/logs/store";

const sha256 = "0".repeat(64);
const manifest: Manifest = {
  format: 1, name: "app_logs_p20260301-1", partition: "app.app_logs_p20260301", from: "2026-03-01T00:00:00.000Z", until: "2026-04-01T00:00:00.000Z",
  rows: 2, bytes: 1, sha256, archivedAt: "2026-11-21T00:00:00.000Z",
};

describe("pgha logs: an archive is believed as far as it is checked", () => {
  const place = path.join(os.tmpdir(), `pgha-archives-${process.pid}`);
  const store = new FolderStore(place);
  afterEach(() => fs.rmSync(place, { recursive: true, force: true }));
  const write = (name: string, content: object) => store.put(`${name}.json`, Readable.from([Buffer.from(JSON.stringify(content))]));

  it("refuses names that would be other paths or other SQL", async () => {
    const hostile: Partial<Manifest>[] = [
      { name: "../other/app_logs_p20260301-1" }, { name: "..", partition: "app.x" }, { partition: "app.x (a int); ALTER ROLE app SUPERUSER; --" },
      { partition: 'app."x" (a int); --' }, { partition: "x" }, { rows: -1 }, { rows: 1.5 }, { sha256: "x" }, { from: "yesterday" }, { format: 2 as 1 },
    ];
    for (const change of hostile) {
      await write(manifest.name, { ...manifest, ...change });
      await assert.rejects(readManifest(store, manifest.name), /no manifest of that archive/, JSON.stringify(change));
    }
    for (const partition of [manifest.partition, 'app."Orders ""2"""']) {
      await write(manifest.name, { ...manifest, partition });
      assert.equal((await readManifest(store, manifest.name)).partition, partition);
    }
  });

  it("passes over what is no manifest of its own archive, and goes on with the others", async () => {
    await putManifest(store, manifest);
    await write("copied", manifest);
    await store.put("long.json", Readable.from([Buffer.alloc(100_000, " ")]));
    await store.put("none.json", Readable.from([Buffer.from("{")]));
    const passed: string[] = [];
    assert.deepEqual(await readManifests(store, (why) => void passed.push(why)), [manifest]);
    assert.equal(passed.length, 3);
    assert.match(passed[0], /copied\.json is no manifest of that archive: it is that of app_logs_p20260301-1/);
    assert.match(passed[1], /too long/);
  });

  it("begins no COPY whose data is gone", async () => {
    const asked: string[] = [];
    const client = { query: async (sql: unknown) => (asked.push(typeof sql === "string" ? sql.split(" ")[0] : "COPY"), { rows: [{ owner: "o" }] }) } as unknown as Client;
    await assert.rejects(restoreArchive(client, store, manifest, "app.restored"), /ENOENT/);
    assert.deepEqual([asked.at(0), asked.at(-1), asked.includes("COPY")], ["BEGIN", "ROLLBACK", false]);
  });

  it("a folder of the home directory is that one", () => {
    const logs = { endpoint: undefined, region: undefined, hotDays: 1, keepArchivesDays: 1 };
    assert.equal(openStore({ ...logs, archive: "~/logs" }, "c").place, path.join(os.homedir(), "logs", "c"));
    assert.equal(openStore({ ...logs, archive: "/a/~x" }, "c").place, "/a/~x/c");
  });
});

describe("pgha logs: archiving", () => {
  it("goes on with the other partitions where one fails, and names it", async () => {
    const leaving = (partition: string): Leaving =>
      ({ partition, lower: new Date(0), upper: new Date(1), state: "closed", rows: null, sha256: null, location: null, changed_at: new Date(0) });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-archives-"));
    const tried: string[] = [];
    const copies: Readable[] = [];
    // As much of a server as it takes to say what waits, and to copy more than a pipe holds
    const copy = () => copies[copies.push(Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(65_536)))) - 1];
    const client = {
      query: (sql: unknown) =>
        typeof sql !== "string" ? copy() : Promise.resolve({ rows: sql.includes("advisory") ? [{ locked: true }] : [leaving("app.a"), leaving("app.b")] }),
    } as unknown as Client;
    const full = Object.assign(new FolderStore(folder), {
      put: async (_: string, content: Readable) => {
        await new Promise((resolve) => content.once("data", resolve));
        throw new Error("disk full");
      },
    });
    const { done, failed } = await archiveLogs(client, full, { hotDays: 1, progress: (line) => void tried.push(line) });
    assert.deepEqual([done, failed.map(({ partition, error }) => `${partition}: ${error.message}`)], [[], ["app.a: disk full", "app.b: disk full"]]);
    assert.deepEqual(tried, ["app.a: export", "app.b: export"]);
    assert.deepEqual(copies.map(({ readableEnded }) => readableEnded), [true, true], "a session answers no more until all of a COPY is read");
    fs.rmSync(folder, { recursive: true });
  });
});

describe("pgha logs: stores that are S3-compatible", () => {
  /** Stands in for Backblaze, R2, Ceph and others, which refuse the SDK's newer checksums. Keeps objects; knows PUT, multipart and GET. */
  function startStore() {
    const objects = new Map<string, Buffer>();
    const refused: string[] = [];
    const server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        const { pathname, searchParams } = new URL(request.url!, "http://store");
        const newer = Object.entries(request.headers).find(([name, value]) => /^x-amz-(sdk-)?checksum|^x-amz-trailer/.test(name) || /aws-chunked/.test(String(value)));
        if (newer) {
          refused.push(newer.join(": "));
          return void response.writeHead(501).end("<Error><Code>NotImplemented</Code><Message>unsupported header</Message></Error>");
        }
        const body = Buffer.concat(chunks);
        const part = searchParams.get("partNumber");
        if (request.method === "PUT") objects.set(part ? `${pathname}#${part.padStart(5, "0")}` : pathname, body);
        if (request.method === "POST" && searchParams.has("uploads")) return void response.end("<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>");
        if (request.method === "POST") {
          const parts = [...objects.keys()].filter((key) => key.startsWith(`${pathname}#`)).sort();
          objects.set(pathname, Buffer.concat(parts.map((key) => objects.get(key)!)));
          return void response.end("<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>");
        }
        response.setHeader("ETag", '"e"').end(request.method === "GET" ? objects.get(pathname) : undefined);
      });
    });
    return { objects, refused, server };
  }

  it("take an archive in parts, and give it back, though they know no newer checksums", async () => {
    const { objects, refused, server } = startStore();
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const before = { ...process.env };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
    try {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const store = openStore({ archive: "s3://bucket/logs", endpoint, hotDays: 1, keepArchivesDays: 1 }, "c");
      const content = Buffer.alloc(20 * 2 ** 20, "content ");
      await store.put("data", Readable.from([content]));
      await putManifest(store, manifest);
      assert.deepEqual(refused, []);
      assert.ok(objects.get("/bucket/logs/c/data")!.equals(content));
      assert.deepEqual(await readManifest(store, manifest.name), manifest);
    } finally {
      process.env = before;
      server.closeAllConnections();
      server.close();
    }
  });
});
