import type { Readable } from "node:stream";

/** Where archives are kept. A file is there as a whole, under its name, or it is not there. */
export interface Store {
  /** For people: a folder, or s3://bucket/prefix. */
  readonly place: string;
  /** Writes a file, or another in its place; when it resolves, the file outlives a crash. */
  put(name: string, content: Readable): Promise<void>;
  /** Throws where there is no such file. */
  get(name: string): Promise<Readable>;
  /** Names of the files, in order. */
  list(): Promise<string[]>;
  /** Of a file that is not there, too. */
  remove(name: string): Promise<void>;
}
