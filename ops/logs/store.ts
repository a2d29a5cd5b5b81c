import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Logs } from "../outputs";
import type { Store } from "./stored";

/** The archives of one cluster: below a folder of its name, so that several may share a place. */
export function openStore({ archive, endpoint, region }: Logs, cluster: string): Store {
  if (!archive.startsWith("s3://")) return new FolderStore(path.resolve(archive.replace(/^~(?=\/|$)/, os.homedir()), cluster));
  const { S3Store } = require("./s3Store") as typeof import("./s3Store");
  return new S3Store(`${archive.replace(/\/+$/, "")}/${cluster}`, { endpoint, region });
}

const partial = ".partial";

export class FolderStore implements Store {
  constructor(readonly place: string) {}

  async put(name: string, content: Readable): Promise<void> {
    await fs.promises.mkdir(this.place, { recursive: true, mode: 0o700 });
    const unfinished = this.at(name + partial);
    await pipeline(content, fs.createWriteStream(unfinished, { mode: 0o600, flush: true }));
    await fs.promises.rename(unfinished, this.at(name));
    await this.sync();
  }

  async get(name: string): Promise<Readable> {
    const file = await fs.promises.open(this.at(name));
    return file.createReadStream();
  }

  async list(): Promise<string[]> {
    const names = await fs.promises.readdir(this.place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    return names.filter((name) => !name.endsWith(partial)).sort();
  }

  async remove(name: string): Promise<void> {
    await fs.promises.rm(this.at(name), { force: true });
    await this.sync();
  }

  private at(name: string): string {
    return path.join(this.place, name);
  }

  /** The folder's own entries, too, have to reach the disk. */
  private async sync(): Promise<void> {
    const folder = await fs.promises.open(this.place);
    await folder.sync().finally(() => folder.close());
  }
}
