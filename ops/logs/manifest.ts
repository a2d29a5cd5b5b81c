import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { UserError } from "../../tools/errors";
import type { Store } from "./stored";

export const suffix = { data: ".csv.gz", manifest: ".json" };

const identifier = '(?:[a-z_][a-z0-9_$]*|"(?:[^"\\0]|"")+")';
/** A table as SQL names it, and nothing beside it. */
const table = new RegExp(`^${identifier}\\.${identifier}$`);

/** Whoever may write to an archive says what is in a manifest: its names become paths and SQL. */
const schema = z.object({
  format: z.literal(1),
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "no name of an archive"),
  partition: z.string().regex(table, "no table of a schema"),
  /** Of created_at, ISO 8601; `until` is the first moment that is not in it. */
  from: z.iso.datetime(),
  until: z.iso.datetime(),
  rows: z.int().min(0),
  /** Of the CSV text. */
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "no SHA-256"),
  archivedAt: z.iso.datetime(),
});
const MOST_CHARACTERS = 65_536;

/** What an archive holds. It is written after the archive was read back, so an archive without one is not finished. */
export type Manifest = z.infer<typeof schema>;

/** What a stream of CSV amounts to. */
export interface Tally {
  rows: number;
  bytes: number;
  sha256: string;
}

/** Passes CSV through and counts it: rows end with a line end outside of quotes, the first one is the header. */
export class Counter {
  private readonly hash = createHash("sha256");
  private lines = 0;
  private bytes = 0;
  private quoted = false;

  async *through(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.hash.update(chunk);
      this.bytes += chunk.length;
      this.count(chunk);
      yield chunk;
    }
  }

  get tally(): Tally {
    return { rows: Math.max(0, this.lines - 1), bytes: this.bytes, sha256: this.hash.copy().digest("hex") };
  }

  private count(chunk: Buffer): void {
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (byte === 0x22) this.quoted = !this.quoted;
      else if (byte === 0x0a && !this.quoted) this.lines++;
    }
  }
}

/** Reads an archive from its first to its last byte, as it will be read one day. */
export async function readBack(store: Store, name: string): Promise<Tally> {
  const counter = new Counter();
  for await (const _ of counter.through((await openData(store, name)) as AsyncIterable<Buffer>));
  return counter.tally;
}

/** The CSV text of an archive. */
export async function openData(store: Store, name: string): Promise<Readable> {
  const source = await store.get(name + suffix.data);
  const text = createGunzip();
  source.once("error", (error) => text.destroy(error));
  return source.pipe(text);
}

export async function putManifest(store: Store, manifest: Manifest): Promise<void> {
  await store.put(manifest.name + suffix.manifest, Readable.from([Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)]));
}

/** Throws a UserError where what is there is no manifest, or one of another archive. */
export async function readManifest(store: Store, name: string): Promise<Manifest> {
  let text = "";
  for await (const chunk of await store.get(name + suffix.manifest)) {
    text += chunk;
    if (text.length > MOST_CHARACTERS) throw refused(store, name, "it is too long");
  }
  const read = schema.safeParse(parse(text));
  if (!read.success) throw refused(store, name, read.error.issues.map(({ path, message }) => [...path, message].join(": ")).join(", "));
  if (read.data.name !== name) throw refused(store, name, `it is that of ${read.data.name}`);
  return read.data;
}

const refused = (store: Store, name: string, why: string) => new UserError(`${store.place}/${name}${suffix.manifest} is no manifest of that archive: ${why}`);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** All finished archives, the oldest time first; `passOver` gets what each other file with a manifest's name is. */
export async function readManifests(store: Store, passOver: (why: string) => void): Promise<Manifest[]> {
  const names = (await store.list()).filter((name) => name.endsWith(suffix.manifest)).map((name) => name.slice(0, -suffix.manifest.length));
  const manifests: Manifest[] = [];
  for (const name of names)
    try {
      manifests.push(await readManifest(store, name));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      passOver(error.message);
    }
  return manifests.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
}
