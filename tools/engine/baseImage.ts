import * as fs from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture } from "../process";
import { aptInstall } from "./apt";
import { isUnavailable, Layout, makeFolder, rememberUnavailable } from "./layout";
import { findProgram, lastLines } from "./pulumi";

/** The image that every image of the stack is built from, unless pgha:cluster.images.base names another. */
export const BASE_IMAGE = "debian:forky-slim";

/** Seconds without a word from the registry after which it counts as out of reach. */
const silence = 30;

/** Finds the Debian base image, pulls it, or makes it from Debian's packages. Returns how it is known. */
export async function ensureBaseImage(
  docker: Docker,
  image: string,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
): Promise<string> {
  const found = await describe(docker, image);
  if (found !== undefined) return found;
  makeFolder(layout);
  const registry = `image-${image.replaceAll(/[^a-z0-9.-]/g, "-")}`;
  const suite = suiteOf(image);
  if (suite === undefined || !isUnavailable(layout, registry)) {
    step.making(`pulling ${image}`);
    try {
      await pull(docker, image, step);
      return (await describe(docker, image)) ?? image;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (suite === undefined) throw unobtainable(image, reason);
      rememberUnavailable(layout, registry, reason);
    }
  }
  await makeImage(docker, image, suite as string, env, layout, step);
  return (await describe(docker, image)) ?? image;
}

async function describe(docker: Docker, image: string): Promise<string | undefined> {
  try {
    const { Id, Comment } = await docker.getImage(image).inspect();
    return `${image} ${Id.replace("sha256:", "").slice(0, 12)}${Comment ? `, ${Comment}` : ""}`;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

async function pull(docker: Docker, image: string, step: Step): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), silence * 1000);
  try {
    // Without a tag Docker's API would pull all of them.
    const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
    const stream = await docker.pull(tagged, { abortSignal: abort.signal });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        (event: { status?: string; id?: string; progress?: string }) => {
          clearTimeout(timer);
          timer = setTimeout(() => abort.abort(), silence * 1000);
          step.progress([event.id, event.status, event.progress].filter(Boolean).join(" "));
        },
      );
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The suite from whose packages an image can be made: "forky" of debian:forky-slim; of no other name. */
export function suiteOf(image: string): string | undefined {
  return /^debian:([a-z]+)-slim$/.exec(image)?.[1];
}

/** An image that can be neither pulled nor made here. */
export function unobtainable(image: string, reason: string): UserError {
  return new UserError(
    `the image ${image} cannot be pulled (${reason}), and only debian:<suite>-slim can be made here instead`,
    `correct pgha:cluster.images.base, or ${loading(image)}`,
  );
}

function loading(image: string): string {
  return `load it from a machine that has it: docker save ${image} | ssh … docker load`;
}

/** Options for mmdebstrap's second try, or undefined when a second try cannot help. */
export function retryOptions(output: string): string[] | undefined {
  return /Release file .*(is expired|is not valid)/.test(output)
    ? [`--aptopt=Acquire::Check-Valid-Until "false"`]
    : undefined;
}

async function makeImage(
  docker: Docker,
  image: string,
  suite: string,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
): Promise<void> {
  const remedy = loading(image);
  const folders = (env.PATH ?? "").split(path.delimiter);
  if (findProgram("mmdebstrap", folders) === undefined) {
    if (process.getuid?.() !== 0 || findProgram("apt-get", folders) === undefined) {
      throw new UserError(
        `the image ${image} is out of reach, and there is no mmdebstrap to make it with`,
        `${remedy}\nor: sudo apt-get install mmdebstrap`,
      );
    }
    await aptInstall("mmdebstrap", env, layout, step);
  }
  const tar = path.join(layout.folder, `${suite}.tar`);
  const bootstrap = (options: string[]) =>
    capture("mmdebstrap", ["--variant=apt", ...options, suite, tar], {
      env,
      timeout: 15 * 60_000,
      onLine: (line) => step.progress(line),
    });
  try {
    step.making(`making ${image} from Debian's packages with mmdebstrap, as it cannot be pulled`);
    let result = await bootstrap([]);
    const options = result.code === 0 ? undefined : retryOptions(result.stderr);
    if (options !== undefined) {
      step.making("the mirror's Release file has expired: once more without the check of its date");
      result = await bootstrap(options);
    }
    if (result.code !== 0)
      throw new UserError(`the image ${image} could not be made: ${lastLines(result.stderr, 3)}`, remedy);
    await importImage(docker, tar, image);
  } finally {
    fs.rmSync(tar, { force: true });
  }
}

async function importImage(docker: Docker, tar: string, image: string): Promise<void> {
  const [repo, tag] = image.split(":");
  const stream = await docker.importImage(tar, {
    repo,
    tag,
    message: "made here with mmdebstrap",
    changes: ['CMD ["bash"]', "LABEL pgha.base=mmdebstrap"],
  });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );
}
