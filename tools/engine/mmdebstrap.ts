import * as fs from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture, lastLines } from "../process";
import { aptInstall, mayInstall } from "./apt";
import { findProgram, foldersOf } from "./cli";
import { Layout } from "./layout";

export interface Making {
  readonly docker: Docker;
  readonly image: string;
  readonly env: NodeJS.ProcessEnv;
  readonly layout: Layout;
  readonly step: Step;
  /** Whether system software may be installed. */
  readonly install: boolean;
}

/** The suite from whose packages an image can be made: "forky" of debian:forky-slim; of no other name. */
export function suiteOf(image: string): string | undefined {
  return /^debian:([a-z]+)-slim$/.exec(image)?.[1];
}

/** Options for mmdebstrap's second try, or undefined when a second try cannot help. */
export function retryOptions(output: string): string[] | undefined {
  return /Release file .*(is expired|is not valid)/.test(output)
    ? [`--aptopt=Acquire::Check-Valid-Until "false"`]
    : undefined;
}

/** Makes a Debian image from Debian's packages, because it cannot be pulled for `reason`. */
export async function makeImage({ docker, image, env, layout, step, install }: Making, suite: string, reason: string) {
  const remedy = `load it from a machine that has it: docker save ${image} | ssh … docker load`;
  if (findProgram("mmdebstrap", foldersOf(env.PATH)) === undefined) {
    if (!mayInstall(env, install))
      throw new UserError(
        `the image ${image} cannot be pulled (${reason}), and there is no mmdebstrap to make it with`,
        `see that Docker reaches the network (behind a proxy: Docker's own settings), or ${remedy}\nor: sudo apt-get install mmdebstrap`,
      );
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
    step.making(`${image} cannot be pulled (${reason}): making it from Debian's packages with mmdebstrap`);
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
