import type Docker from "dockerode";
import { posix } from "node:path";
import { secret } from "../resource";
import type { CheckRequest, CheckResult, Diff, Json, Operation, Properties, Resource } from "../resource";
import { checkInputs, isUnknown } from "../schema";
import type { Schema } from "../schema";
import { buildContext, contextArchive, contextDigest } from "./buildContext";
import { daemonMessage, docker, orUndefined } from "./client";

const SHOWN_LINES = 30;
const NOISE = /^ ---> |^Removing intermediate container/;

const only = (allowed: Json, reason: string) => (value: Json) => (value === allowed ? undefined : reason);

/** What the stand-in supports of docker:index/image:Image: local builds by Docker's classic builder. */
export const imageSchema: Schema = {
  build: {
    kind: "object",
    required: true,
    fields: {
      args: { kind: "map" },
      builderVersion: {
        kind: "string",
        validate: only("BuilderV1", 'must be "BuilderV1", or left out: this plugin builds without BuildKit'),
      },
      context: { kind: "string" },
      dockerfile: { kind: "string" },
      platform: { kind: "string" },
      target: { kind: "string" },
    },
  },
  buildOnPreview: { kind: "boolean", validate: only(false, "must be false: this plugin never builds in a preview") },
  imageName: { kind: "string", required: true },
  skipPush: { kind: "boolean", required: true, validate: only(true, "must be true: this plugin pushes nowhere") },
};

interface ImageInputs {
  imageName: string;
  build: { context: string; dockerfile: string; contextDigest: string } & {
    args?: Record<string, string>;
    platform?: string;
    target?: string;
  };
}

export const image: Resource = {
  check: checkImage,
  diff: ({ oldInputs, news }) => diffImage(oldInputs, news),
  // The digest stays unknown until the build: it is left out, which the engine reads as "not known yet".
  plan: (inputs) => inputs,

  async create(inputs, operation) {
    return { id: inputs.imageName as string, state: await build(inputs, operation) };
  },

  // As with the official provider: a lost image goes unnoticed, and an image outlives its resource.
  read: async (_id, state, inputs) => ({ state, inputs }),
  update: (_id, _state, inputs, operation) => build(inputs, operation),
  delete: async () => {},
};

function checkImage(request: CheckRequest): CheckResult {
  const { inputs, failures } = checkInputs(imageSchema, request);
  delete inputs.__defaults;
  if (failures.length > 0 || isUnknown(inputs.build)) return { inputs, failures };
  const { __defaults, ...given } = inputs.build as Properties;
  if (isUnknown(given.context) || isUnknown(given.dockerfile)) return { inputs: { ...inputs, build: given }, failures };
  const context = (given.context as string | undefined) ?? ".";
  const dockerfile = (given.dockerfile as string | undefined) ?? posix.join(context, "Dockerfile");
  try {
    const digest = contextDigest(buildContext(context, dockerfile));
    return { inputs: { ...inputs, build: { ...given, context, dockerfile, contextDigest: digest } }, failures };
  } catch (error) {
    return { inputs, failures: [`"build": ${(error as Error).message}`] };
  }
}

function diffImage(oldInputs: Properties, news: Properties): Diff {
  const keys = [...new Set([...Object.keys(oldInputs), ...Object.keys(news)])].sort();
  const changed = keys.filter((key) => canonical(oldInputs[key]) !== canonical(news[key]));
  return {
    detailed: Object.fromEntries(changed.map((key) => [key, key === "imageName" ? "UPDATE_REPLACE" : "UPDATE"])),
    deleteBeforeReplace: false,
  };
}

const canonical = (value: Json | undefined) =>
  JSON.stringify(value, (_key, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner,
  );

async function build(properties: Properties, operation: Operation): Promise<Properties> {
  const { imageName, build } = properties as unknown as ImageInputs;
  const context = buildContext(build.context, build.dockerfile);
  const client = await docker();
  try {
    const stream = await client.buildImage(contextArchive(context), {
      t: imageName,
      dockerfile: context.dockerfile,
      target: build.target,
      buildargs: build.args,
      platform: build.platform,
      abortSignal: operation.signal,
    });
    await follow(client, stream, operation);
  } catch (error) {
    throw new Error(`Building ${imageName} failed:\n${daemonMessage(error)}`);
  }
  const { Id } = await client.getImage(imageName).inspect();
  return {
    // Build arguments may hold secrets.
    __inputs: secret(properties),
    baseImageName: imageName,
    context: build.context,
    dockerfile: context.dockerfile,
    imageName,
    platform: build.platform ?? "",
    registryServer: "",
    repoDigest: Id,
  };
}

interface ProgressEvent {
  stream?: string;
  status?: string;
  error?: string;
}

/** Shows the output line by line; an error carries the last lines of it. */
function follow(client: Docker, stream: NodeJS.ReadableStream, { progress, signal }: Operation): Promise<void> {
  const lines: string[] = [];
  let failure: string | undefined;
  return new Promise((resolve, reject) => {
    const finished = (error: Error | null) => {
      const reason = signal.aborted ? "cancelled" : (failure ?? error?.message);
      if (reason) reject(new Error([...lines.slice(-SHOWN_LINES), reason].join("\n")));
      else resolve();
    };
    client.modem.followProgress(stream, finished, (event: ProgressEvent) => {
      failure = event.error ?? failure;
      for (const line of (event.stream ?? event.status ?? "").split("\n").filter((part) => part.trim())) {
        lines.push(line);
        if (!NOISE.test(line)) progress(line);
      }
    });
  });
}

/** Pulls an image that is not there; an image id cannot be pulled. */
export async function ensureImage(client: Docker, name: string, operation: Operation): Promise<void> {
  if (await orUndefined(client.getImage(name).inspect())) return;
  try {
    if (/^(sha256:)?[0-9a-f]{64}$/.test(name)) throw new Error("no such image; has it been removed from Docker?");
    const reference = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
    await follow(client, await client.pull(reference, { abortSignal: operation.signal }), operation);
  } catch (error) {
    throw new Error(`Unable to create container with image ${name}: ${daemonMessage(error)}`);
  }
}
