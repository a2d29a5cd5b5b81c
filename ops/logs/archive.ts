import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import { inTransaction } from "../../infra/live/postgres/transaction";
import { UserError } from "../../tools/errors";
import { Counter, Manifest, putManifest, readBack, readManifest, suffix } from "./manifest";
import type { Store } from "./stored";

const LOCK = 7_062_402;
/** How long a killed archiver may hold the lock, and how long busy tables are waited for. Milliseconds. */
const PATIENCE = 60_000;

/**
 * A partition on its way out (pgha.log_archives): `due` as a whole; `closed` to writers, so that what is exported is all there ever is;
 * `archived`, exported and read back; dropped. Each step is recorded when it is done, and can be done again.
 */
export interface Leaving {
  partition: string;
  lower: Date;
  upper: Date;
  state: "due" | "closed" | "archived";
  rows: string | null;
  sha256: string | null;
  location: string | null;
  changed_at: Date;
}

export interface Archived extends Manifest {
  /** Seconds, of each step. */
  seconds: { export: number; verify: number; detach: number; drop: number };
}

export interface Failed {
  partition: string;
  error: Error;
}

export interface ArchiveOptions {
  hotDays: number;
  progress(text: string): void;
}

/**
 * Takes every partition out that is past its hot days, the oldest first; one that fails stops no other. One archiver at a time; throws where
 * another is at work.
 */
export async function archiveLogs(client: Client, store: Store, options: ArchiveOptions): Promise<{ done: Archived[]; failed: Failed[] }> {
  await lock(client);
  const { rows: leaving } = await client.query<Leaving>("SELECT * FROM pgha.archive_old_logs($1)", [options.hotDays]);
  const [done, failed]: [Archived[], Failed[]] = [[], []];
  for (const each of leaving)
    try {
      done.push(await takeOut(client, store, each, options));
    } catch (error) {
      failed.push({ partition: each.partition, error: error as Error });
    }
  return { done, failed };
}

async function lock(client: Client): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; ; await sleep(500)) {
    const { rows: [{ locked }] } = await client.query("SELECT pg_try_advisory_lock($1) AS locked", [LOCK]);
    if (locked) return;
    if (Date.now() > deadline) throw new UserError("another archiver is at work", "wait for it, or end it");
  }
}

async function takeOut(client: Client, store: Store, leaving: Leaving, { progress }: ArchiveOptions): Promise<Archived> {
  const { partition } = leaving;
  const seconds = { export: 0, verify: 0, detach: 0, drop: 0 };
  const timed = async <T>(step: keyof typeof seconds, work: () => Promise<T>) => {
    progress(`${partition}: ${step}`);
    const started = performance.now();
    try {
      return await work();
    } finally {
      seconds[step] += (performance.now() - started) / 1000;
    }
  };
  for (let state = leaving.state, closed = leaving.changed_at; ; ) {
    if (state === "due") closed = await close(client, partition);
    // By an archiver that was cut off: what it saw then need not be there now
    let manifest = state === "archived" ? await timed("verify", () => verify(store, leaving)) : undefined;
    if (state === "archived" && !manifest) {
      progress(`${partition}: ${leaving.location} is not here as it was archived; once more, to ${store.place}`);
      closed = await move(client, partition, "closed", [null, null, null]);
    }
    if (!manifest) {
      const name = `${partition.split(".").pop()!.replaceAll(/[^\w-]/g, "")}-${closed.toISOString().replace(/[-:.]/g, "")}`;
      const exported = await timed("export", () => exportRows(client, store, partition, name));
      const [from, until] = [leaving.lower.toISOString(), leaving.upper.toISOString()];
      const written: Manifest = { format: 1, name, partition, from, until, ...exported, archivedAt: new Date().toISOString() };
      await timed("verify", async () => {
        expectSame(written, await readBack(store, name));
        await putManifest(store, written);
        expectSame(written, await readManifest(store, name));
      });
      manifest = written;
      await move(client, partition, "archived", [manifest.rows, manifest.sha256, `${store.place}/${name}`]);
    }
    const { rows } = manifest;
    await timed("detach", () => detach(client, partition));
    if (await timed("drop", () => drop(client, partition, rows))) return { ...manifest, seconds };
    progress(`${partition}: other rows than were exported; once more`);
    [state, closed] = ["closed", await move(client, partition, "closed", [null, null, null])];
  }
}

/** From here on nobody can write to it: a writer gets an error, never a row that is lost. Writers to other partitions do not wait. */
async function close(client: Client, partition: string): Promise<Date> {
  await patiently(() => inTransaction(client, async () => {
    const { rows } = await client.query("SELECT FROM pg_constraint WHERE conrelid = $1::regclass AND conname = 'closed_for_archive'", [partition]);
    if (!rows.length) await client.query(`ALTER TABLE ${partition} ADD CONSTRAINT closed_for_archive CHECK (false) NOT VALID`);
    await move(client, partition, "closed", [null, null, null]);
  }));
  const { rows: [{ changed_at }] } = await client.query("SELECT changed_at FROM pgha.log_archives WHERE partition = $1", [partition]);
  return changed_at;
}

async function exportRows(client: Client, store: Store, partition: string, name: string) {
  const rows = client.query(copyTo(`COPY (SELECT id, app_name, level, message, metadata, created_at FROM ${partition}) TO STDOUT (FORMAT csv, HEADER)`));
  const counter = new Counter();
  const text = Readable.from(counter.through(rows.iterator({ destroyOnReturn: false })), { objectMode: false });
  const packed = createGzip({ level: 4 }).on("error", () => undefined);
  text.once("error", (error) => packed.destroy(error));
  try {
    await store.put(name + suffix.data, text.pipe(packed));
  } catch (error) {
    // A session answers no more until all of a COPY is read
    text.destroy();
    await rows.forEach(() => undefined).catch(() => undefined);
    throw error;
  }
  const { tally } = counter;
  if (tally.rows !== rows.rowCount) throw new Error(`${partition}: ${tally.rows} rows were exported, but the server counted ${rows.rowCount}`);
  return tally;
}

function expectSame(wanted: Pick<Manifest, "name" | "rows" | "sha256">, found: Pick<Manifest, "rows" | "sha256">): void {
  if (found.rows === wanted.rows && found.sha256 === wanted.sha256) return;
  throw new Error(`the archive ${wanted.name} reads back as ${found.rows} rows, SHA-256 ${found.sha256}, instead of ${wanted.rows} rows, ${wanted.sha256}; nothing was dropped`);
}

/** An archive that an earlier run wrote, read back; nothing where it is not in this store, or another one. */
async function verify(store: Store, { partition, location, rows, sha256 }: Leaving): Promise<Manifest | undefined> {
  const name = location!.split("/").pop()!;
  if (location !== `${store.place}/${name}`) return undefined;
  try {
    const manifest = await readManifest(store, name);
    if (manifest.partition !== partition) return undefined;
    for (const each of [manifest, { name, rows: Number(rows), sha256: sha256! }]) expectSame(each, await readBack(store, name));
    return manifest;
  } catch {
    return undefined;
  }
}

/** Without a moment in which writers wait; one that was interrupted is finished. Cannot be part of a transaction. */
async function detach(client: Client, partition: string): Promise<void> {
  await patiently(async () => {
    const { rows: [link] } = await client.query(
      "SELECT inhparent::regclass::text AS parent, inhdetachpending AS pending FROM pg_inherits WHERE inhrelid = to_regclass($1)", [partition]);
    if (link) await client.query(`ALTER TABLE ${link.parent} DETACH PARTITION ${partition} ${link.pending ? "FINALIZE" : "CONCURRENTLY"}`);
  });
}

/** Drops it where it holds what was archived, and says whether it did. */
async function drop(client: Client, partition: string, rows: number): Promise<boolean> {
  return patiently(() => inTransaction(client, async () => {
    await client.query(`LOCK TABLE ${partition} IN ACCESS EXCLUSIVE MODE`);
    const { rows: [{ count }] } = await client.query(`SELECT count(*) FROM ${partition}`);
    const same = Number(count) === rows;
    if (same) {
      await client.query(`DROP TABLE ${partition}`);
      await client.query("UPDATE pgha.log_archives SET state = 'dropped', changed_at = now() WHERE partition = $1", [partition]);
    }
    return same;
  }));
}

async function move(client: Client, partition: string, state: "closed" | "archived", found: unknown[]): Promise<Date> {
  const { rows: [{ changed_at }] } = await client.query(
    "UPDATE pgha.log_archives SET state = $2, rows = $3, sha256 = $4, location = $5, changed_at = date_trunc('milliseconds', now()) WHERE partition = $1 RETURNING changed_at",
    [partition, state, ...found]);
  return changed_at;
}

/** Again while a table is busy: 55P03, a lock that was not to be had in time; 40P01, a deadlock. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    try {
      return await work();
    } catch (error) {
      if (!/^(55P03|40P01)$/.test((error as { code?: string }).code ?? "") || Date.now() > deadline) throw error;
      await sleep(250 + Math.random() * 500);
    }
  }
}
