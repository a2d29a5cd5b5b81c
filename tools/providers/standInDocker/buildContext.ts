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

/**
 * Changes with every name, mode and content that Docker would see, not with times and owners; and is the official
 * provider's, byte for byte, so that a state goes from one to the other without a build.
 */
export function contextDigest(context: BuildContext): string {
  const digest = createHash("sha256");
  const add = (name: string, mode: string, content: Buffer | string) =>
    digest.update(name + mode).update(createHash("sha256").update(content).digest()).update("\0");
  // By this name whatever it is called, and once more in its place if it lies inside the context
  add("Dockerfile", modeString(0), readFileSync(join(context.directory, context.dockerfile)));
  for (const { path, type, mode } of listContext(context)) {
    const full = join(context.directory, path);
    if (type === "symlink") add(path, modeString(mode, "L"), readlinkSync(full));
    else if (type === "file") add(path, modeString(mode), readFileSync(full));
  }
  return digest.digest("hex");
}

/** As Go writes a file's mode: what it is and its special bits, or "-", then the permissions. */
function modeString(mode: number, type = ""): string {
  const bits = (letters: string, shift: number) =>
    [...letters].filter((_, index) => mode & (1 << (letters.length - 1 - index + shift))).join("");
  const permissions = [..."rwxrwxrwx"].map((letter, index) => (mode & (1 << (8 - index)) ? letter : "-")).join("");
  return (type + bits("ugt", 9) || "-") + permissions;
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
