import type Docker from "dockerode";
import { connectDocker, dockerHost } from "../../tools/engine/docker";
import { UserError } from "../../tools/errors";
import { lastLines } from "../../tools/process";
import { Outputs, readStack } from "../outputs";
import { BackupState, stateSchema } from "./state";

/** What a program said and how it ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The server that keeps a cluster's repository. */
export class BackupServer {
  constructor(private readonly docker: Docker, readonly stanza: string, readonly host: string) {}

  /** Runs a program there; `onText` gets what it says as it comes. Throws a UserError where the server does not run. */
  async run(words: string[], onText: (text: string) => void = () => undefined): Promise<Ended> {
    const exec = await this.docker.getContainer(this.host).exec({ Cmd: words, AttachStdout: true, AttachStderr: true }).catch((error: Error & { statusCode?: number }) => {
      if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
      throw new UserError(`${this.host} does not run`, `docker start ${this.host}, or bring the stack up again`);
    });
    const stream = await exec.start({});
    const said = { stdout: "", stderr: "" };
    const into = (name: keyof typeof said) => ({ write: (chunk: Buffer) => (onText(chunk.toString()), (said[name] += chunk.toString()), true) });
    this.docker.modem.demuxStream(stream, into("stdout") as unknown as NodeJS.WritableStream, into("stderr") as unknown as NodeJS.WritableStream);
    await new Promise((resolve, reject) => stream.once("end", resolve).once("close", resolve).once("error", reject));
    return { code: (await exec.inspect()).ExitCode ?? 1, ...said };
  }

  /** The same; throws a UserError with what it said last where it fails. */
  async must(words: string[], onText?: (text: string) => void): Promise<string> {
    const { code, stdout, stderr } = await this.run(words, onText);
    if (code === LOCK_ACQUIRE) throw new UserError("another backup, or its expiry, is running", "npx pgha backup list shows it; wait until it is done");
    if (code !== 0) throw new UserError(`${words[0]} failed on ${this.host}: ${reasonOf(stdout + stderr) ?? `code ${code}`}`, `docker logs ${this.host}`);
    return stdout;
  }

  async state(): Promise<BackupState> {
    return stateSchema.parse(JSON.parse(await this.must(["backup-state"])));
  }
}

/** pgBackRest's code for a lock that somebody else has. */
const LOCK_ACQUIRE = 50;

/** pgBackRest's or Postgres's own words of the error, else the last line. */
export function reasonOf(output: string): string | undefined {
  return /ERROR: +(?:\[\d+\]: )?(.*)/.exec(output)?.[1] ?? (lastLines(output, 1) || undefined);
}

/** The backup server of a deployment, where it has one that can be reached. */
export function backupServerFor({ cluster }: Pick<Outputs, "cluster">): BackupServer | undefined {
  const [server] = cluster.backup ?? [];
  return server && new BackupServer(connectDocker(dockerHost(process.env)), cluster.name, server.host);
}

/** The same; throws a UserError where it has none. */
export function backupServerIn(stack: string, outputs: Outputs): BackupServer {
  const server = backupServerFor(outputs);
  if (server) return server;
  const remedy = outputs.cluster.target === "docker" ? "set pgha:cluster.backup.enabled to true, then bring it up again" : "on EC2 there are none yet";
  throw new UserError(`the stack ${stack} has no backups`, remedy);
}

/** That of a stack by its name. */
export async function backupServerOf(named: string | undefined): Promise<BackupServer> {
  const { stack, outputs } = await readStack(named);
  return backupServerIn(stack, outputs);
}
