import { createHash } from "node:crypto";
import { lstatSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, posix, relative, resolve, sep } from "node:path";
import ignore from "@balena/dockerignore";
import { pack } from "tar-stream";
import type { Pack } from "tar-stream";

export interface BuildContext {
  /** Absolute. */
  directory: string;
  /** Relative to the directory, with forward slashes. */
  dockerfile: string;
}

interface Entry {
  /** Relative to the context, with forward slashes. */
  path: string;
  type: "file" | "directory" | "symlink";
  mode: number;
}

/** Both paths are relative to the working directory, as with the official provider. Throws when one is missing. */
export function buildContext(context = ".", dockerfile = posix.join(context, "Dockerfile")): BuildContext {
  const directory = resolve(context);
  const path = relative(directory, resolve(dockerfile)).split(sep).join("/");
  if (!existsSync(directory)) throw new Error(`the build context ${context} does not exist`);
  if (!existsSync(resolve(dockerfile))) throw new Error(`the file ${dockerfile} does not exist`);
  if (path.startsWith("../")) throw new Error(`the file ${dockerfile} must lie inside the build context ${context}`);
  return { directory, dockerfile: path };
}

/** Changes with every name, mode and content that Docker would see; not with times and owners. */
export function contextDigest(context: BuildContext): string {
  const digest = createHash("sha256");
  for (const { path, type, mode } of listContext(context)) {
    const full = join(context.directory, path);
    const content = type === "file" ? readFileSync(full) : type === "symlink" ? readlinkSync(full) : "";
    const contentDigest = createHash("sha256").update(content).digest("hex");
    digest.update(`${path}\0${type}\0${mode}\0${contentDigest}\n`);
  }
  return digest.update(context.dockerfile).digest("hex");
}

export function contextArchive(context: BuildContext): Pack {
  const archive = pack();
  for (const { path, type, mode } of listContext(context)) {
    const full = join(context.directory, path);
    if (type === "symlink") archive.entry({ name: path, type, mode, linkname: readlinkSync(full) });
    else archive.entry({ name: path, type, mode }, type === "file" ? readFileSync(full) : "");
  }
  archive.finalize();
  return archive;
}

/** In a fixed order, without what .dockerignore excludes; never without the Dockerfile. */
function listContext({ directory, dockerfile }: BuildContext): Entry[] {
  const rules = join(directory, ".dockerignore");
  const filter = ignore().add(existsSync(rules) ? readFileSync(rules, "utf8") : "");
  const entries: Entry[] = [];
  const walk = (folder: string) => {
    for (const name of readdirSync(join(directory, folder)).sort()) {
      const path = folder ? `${folder}/${name}` : name;
      const stats = lstatSync(join(directory, path));
      const type = stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "symlink" : "file";
      const kept = path === dockerfile || path === ".dockerignore" || !filter.ignores(path);
      if (kept) entries.push({ path, type, mode: stats.mode & 0o7777 });
      // A later rule may take back a file of an ignored directory.
      if (type === "directory") walk(path);
    }
  };
  walk("");
  return entries;
}
