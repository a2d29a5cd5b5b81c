import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { UserError } from "../../tools/errors";
import { reasonOf } from "../backup/server";

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Program {
  host: string;
  words: string[];
}

/** Runs a program in a container, as the container's own user. */
export async function runIn(docker: Docker, host: string, words: string[]): Promise<Ended> {
  const { ended, out } = await begin(docker, { host, words }, false);
  return ended(text(out));
}

/** What one program says is what the other one reads, after `first`; throws a UserError with the last line of the one that failed. */
export async function pipe(docker: Docker, from: Program, to: Program, first: string): Promise<void> {
  const reader = await begin(docker, to, true);
  const said = reader.ended(text(reader.out));
  reader.input.write(first);
  const writer = await begin(docker, from, false);
  writer.out.pipe(reader.input);
  const [wrote, read] = await Promise.all([writer.ended(Promise.resolve("")), said]);
  for (const [{ words, host }, { code, stderr }] of [[to, read], [from, wrote]] as const)
    if (code !== 0) throw new UserError(`${words[0]} failed on ${host}: ${reasonOf(stderr) ?? `code ${code}`}`, "nothing was changed in the cluster");
}

async function begin(docker: Docker, { host, words }: Program, reads: boolean) {
  const exec = await docker.getContainer(host).exec({ Cmd: words, AttachStdout: true, AttachStderr: true, AttachStdin: reads });
  const input = await exec.start({ hijack: reads, stdin: reads });
  const [out, error] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(input, out, error);
  const stderr = text(error);
  input.once("end", () => (out.end(), error.end())).once("error", (failure) => (out.destroy(failure), error.destroy(failure)));
  const ended = async (stdout: Promise<string>): Promise<Ended> => {
    const said = { stdout: await stdout, stderr: await stderr };
    return { code: (await exec.inspect()).ExitCode ?? 1, ...said };
  };
  return { input, out, ended };
}
