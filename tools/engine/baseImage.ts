import type Docker from "dockerode";
import { UserError } from "../errors";
import { Step } from "../log";
import { outOfReach, remedyOf, Remedies } from "./failures";
import { makeFolder } from "./layout";
import { makeImage, Making, suiteOf } from "./mmdebstrap";
import { Credentials, credentialsFor } from "./registry";

/** The image that every image of the stack is built from, unless pgha:cluster.images.base names another. */
export const BASE_IMAGE = "debian:forky-slim";

/** What a pull may fail of while the registry answers, and what helps. */
const remedies: Remedies = [
  [/toomanyrequests|rate limit|\b429\b/i, "docker login   (a login has a limit of its own), or try again in some hours"],
  [/manifest unknown|not found|invalid reference/i, "correct pgha:cluster.images.base"],
  [/denied|unauthorized|authentication required/i, "docker login, or correct pgha:cluster.images.base"],
  [/x509|certificate/, "give your company's authority to Docker: https://docs.docker.com/engine/security/certificates"],
  [/\b407\b|proxy/i, "Docker pulls by the proxy of its own settings: https://docs.docker.com/engine/daemon/proxy"],
  [/no space left/, "make room for it: docker system df"],
];

export interface BaseImageOptions extends Making {
  /** Seconds without a word from the registry after which it counts as out of reach; default 30. */
  readonly silence?: number;
}

/** Finds the Debian base image, pulls it, or makes it from Debian's packages. Returns how it is known. */
export async function ensureBaseImage(options: BaseImageOptions): Promise<string> {
  const { docker, image, env, layout, step, silence = 30 } = options;
  const found = await describe(docker, image);
  if (found !== undefined) return found;
  makeFolder(layout);
  step.making(`pulling ${image}`);
  try {
    await pull(docker, image, credentialsFor(image, env), step, silence);
  } catch (error) {
    const reason = (error as Error).message.replace(/^\(HTTP code \d+\) .*? - /, "").trim();
    const suite = suiteOf(image);
    if (!outOfReach.test(reason))
      throw new UserError(`the image ${image} cannot be pulled: ${reason}`, remedyOf(reason, remedies) ?? `docker pull ${image}   says more`);
    if (suite === undefined) throw unobtainable(image, reason);
    await makeImage(options, suite, reason);
  }
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

async function pull(docker: Docker, image: string, authconfig: Credentials | undefined, step: Step, silence: number): Promise<void> {
  const abort = new AbortController();
  const tooLong = () => abort.abort(new Error(`no answer from the registry for ${silence} s`));
  let timer = setTimeout(tooLong, silence * 1000);
  try {
    // Without a tag Docker's API would pull all of them.
    const tagged = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
    const stream = await docker.pull(tagged, { abortSignal: abort.signal, ...(authconfig && { authconfig }) });
    let failure: string | undefined;
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        (event: { status?: string; id?: string; progress?: string; error?: string }) => {
          failure = event.error ?? failure;
          clearTimeout(timer);
          timer = setTimeout(tooLong, silence * 1000);
          step.progress([event.id, event.status, event.progress].filter(Boolean).join(" "));
        },
      );
    });
    // What fails once the pull has begun stands within the stream
    if (failure !== undefined) throw new Error(failure);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/** An image that can be neither pulled nor made here. */
export function unobtainable(image: string, reason: string): UserError {
  return new UserError(
    `the image ${image} cannot be pulled (${reason}), and only debian:<suite>-slim can be made here instead`,
    `correct pgha:cluster.images.base, or load it from a machine that has it: docker save ${image} | ssh … docker load`,
  );
}
