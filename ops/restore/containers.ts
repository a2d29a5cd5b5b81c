import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { UserError } from "../../tools/errors";
import { Ended, reasonOf } from "../backup/server";

export interface Program {
  host: string;
  words: string[];
  /** NAME=value, out of sight of the machine's list of processes. */
  env?: string[];
}

/** Runs a program in a container, as the container's own user. */
export async function runIn(docker: Docker, program: Program): Promise<Ended> {
  const { ended, out } = await begin(docker, program, false);
  return ended(text(out));
}

/**
 * What one program says is what the other one reads, after `first`; `last` comes only where all of it came. What the reader said.
 * Throws a UserError with the error of the one that failed.
 */
export async function pipe(docker: Docker, from: Program, to: Program, first: string, last: string): Promise<string> {
  const reader = await begin(docker, to, true);
  const said = reader.ended(text(reader.out));
  reader.input.write(first);
  const writer = await begin(docker, from, false);
  writer.out.pipe(reader.input, { end: false });
  const wrote = await writer.ended(once(writer.out, "end").then(() => ""));
  reader.input.end(wrote.code === 0 ? last : "");
  const read = await said;
  for (const [{ words, host }, { code, stderr }] of [[to, read], [from, wrote]] as const)
    if (code !== 0) throw new UserError(`${words[0]} failed on ${host}: ${reasonOf(stderr) ?? `code ${code}`}`, "nothing was changed in the cluster");
  return read.stdout;
}

async function begin(docker: Docker, { host, words, env }: Program, reads: boolean) {
  const exec = await docker.getContainer(host).exec({ Cmd: words, Env: env, AttachStdout: true, AttachStderr: true, AttachStdin: reads });
  const input = await exec.start({ hijack: reads, stdin: reads });
  const [out, error] = [new PassThrough(), new PassThrough()];
  // No faster than who reads it, who else has to hold all of it
  const patient = { write: (chunk: Buffer) => out.write(chunk) || (input.pause(), out.once("drain", () => input.resume()), false) };
  docker.modem.demuxStream(input, patient as unknown as NodeJS.WritableStream, error);
  const stderr = text(error);
  input.once("end", () => (out.end(), error.end())).once("error", (failure) => (out.destroy(failure), error.destroy(failure)));
  const ended = async (stdout: Promise<string>): Promise<Ended> => {
    const said = { stdout: await stdout, stderr: await stderr };
    return { code: (await exec.inspect()).ExitCode ?? 1, ...said };
  };
  return { input, out, ended };
}
