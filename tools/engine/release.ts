import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { UserError } from "../errors";
import { Step } from "../log";
import { DownloadError, DownloadOptions, downloadFile, downloadText, explain } from "./download";
import { Layout, makeFolder } from "./layout";

/** The release that is downloaded, and built where it cannot be. */
export const pulumiVersion = "3.250.0";

/** Where Pulumi publishes its releases and their checksums; PGHA_PULUMI_URL names a mirror of this folder. */
const official = "https://get.pulumi.com/releases/sdk";

/** Platforms that Pulumi publishes for. */
const platforms = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/**
 * Downloads the release's archive, holds it against the published SHA-256, and unpacks it into .pgha/bin.
 * The checksums come over the same verified TLS as the archive: they show what was damaged or swapped on a mirror's
 * way, not a host that publishes both falsely. Throws DownloadError; a wrong checksum leaves nothing behind.
 */
export async function installRelease(
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
  options: Pick<DownloadOptions, "silence"> = {},
): Promise<void> {
  const platform = `${process.platform}-${process.arch}`;
  if (!platforms.includes(platform))
    throw new DownloadError(`Pulumi publishes no release for ${platform}`, "build it with Go", true);
  const folder = (env.PGHA_PULUMI_URL || official).replace(/\/+$/, "");
  if (!/^https?:\/\//.test(folder) || !URL.canParse(folder))
    throw new UserError(`PGHA_PULUMI_URL is no address: "${folder}"`, `leave it out, or name a mirror of ${official}`);
  const archive = `pulumi-v${pulumiVersion}-${platform}.tar.gz`;
  const sums = `${folder}/pulumi-${pulumiVersion}-checksums.txt`;
  makeFolder(layout);
  const expected = checksumOf(await downloadText(sums, { env, ...options }), archive);
  if (expected === undefined)
    throw new UserError(`${sums} has no checksum of ${archive}`, "a mirror has to hold Pulumi's own file");
  const file = path.join(layout.folder, `${archive}.partial`);
  try {
    const progress = (text: string) => step.progress(text);
    const digest = await downloadFile(`${folder}/${archive}`, file, { env, progress, ...options });
    if (digest !== expected)
      throw new UserError(
        `${folder}/${archive} is not what was published: its SHA-256 is ${digest}, not ${expected}; nothing was installed`,
        "run the command again; where it stays so, a proxy or a mirror changes what it hands on",
      );
    await unpack(file, layout.bin).catch((error) => {
      throw explain(error, folder);
    });
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** Reads the lines of sha256sum. */
export function checksumOf(sums: string, name: string): string | undefined {
  return sums
    .split("\n")
    .map((line) => /^([0-9a-f]{64})[ *]+(\S+)\s*$/.exec(line))
    .find((match) => match?.[2] === name)?.[1];
}

/** Puts the archive's programs (pulumi/<name>) into a folder, each complete before it has its name. */
async function unpack(archive: string, bin: string): Promise<void> {
  const partial = `${bin}.partial`;
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(partial, { recursive: true });
  try {
    const tar = extract();
    tar.on("entry", ({ name, type }, stream, next) => {
      const program = /^(?:\.\/)?pulumi\/(?:bin\/)?([\w.-]+)$/.exec(name)?.[1];
      if (type !== "file" || program === undefined) return void stream.resume().once("end", next);
      const file = fs.createWriteStream(path.join(partial, program), { mode: 0o755 });
      pipeline(stream, file).then(() => next(), next);
    });
    await pipeline(fs.createReadStream(archive), createGunzip(), tar);
    fs.mkdirSync(bin, { recursive: true });
    // The CLI last: where it is, the rest is
    const programs = fs.readdirSync(partial).sort((a, b) => Number(a === "pulumi") - Number(b === "pulumi"));
    for (const program of programs) fs.renameSync(path.join(partial, program), path.join(bin, program));
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
}
