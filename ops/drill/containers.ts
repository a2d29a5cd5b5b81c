import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

export type Outcome = { code: number; stdout: string };

/** The containers of one cluster, and what a drill asks of them. */
export class Containers {
  private readonly known = new Map<string, string>();

  constructor(protected readonly docker: Docker, readonly network: string, readonly hosts: string[]) {}

  async start(host: string): Promise<void> {
    await unless(304, this.docker.getContainer(host).start());
  }

  /** Runs a line of shell as the container's own user. */
  async exec(host: string, line: string): Promise<Outcome> {
    const exec = await this.docker.getContainer(host).exec({ Cmd: ["sh", "-c", line], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const [out, error] = [new PassThrough(), new PassThrough()];
    this.docker.modem.demuxStream(stream, out, error);
    error.resume();
    stream.once("end", () => out.end()).once("error", (failure) => out.destroy(failure));
    const stdout = await text(out);
    return { code: (await exec.inspect()).ExitCode ?? 0, stdout };
  }

  /** The same; throws where it fails, so that no drill passes because nothing was broken. */
  async must(host: string, line: string): Promise<void> {
    const { code } = await this.exec(host, line);
    if (code !== 0) throw new Error(`in ${host}, this failed with code ${code}: ${line}`);
  }

  /** Those that run. */
  async running(): Promise<string[]> {
    const found = await this.docker.listContainers({ filters: { network: [this.network] } });
    return found.map(({ Names }) => Names[0].slice(1)).filter((name) => this.hosts.includes(name));
  }

  /** Addresses on the cluster's network, as they were last: they change when a container is started again. */
  async addresses(hosts: string[]): Promise<Map<string, string>> {
    await Promise.all(
      hosts.map(async (host) => {
        const found = await this.docker.getContainer(host).inspect().catch(() => undefined);
        const address = found?.NetworkSettings.Networks[this.network]?.IPAddress;
        if (address) this.known.set(host, address);
      }),
    );
    return new Map([...this.known].filter(([host]) => hosts.includes(host)));
  }
}

/** Docker's answer "it is so already" is fine. */
export async function unless(status: number, request: Promise<unknown>): Promise<void> {
  await request.catch((error: Error & { statusCode?: number }) => {
    if (error.statusCode !== status) throw error;
  });
}
