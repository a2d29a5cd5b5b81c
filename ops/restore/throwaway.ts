import type Docker from "dockerode";
import { unlessMissing } from "../../tools/engine/docker";
import { UserError } from "../../tools/errors";

const MIB = 2 ** 20;

/** A throwaway server beside a cluster: container, volume and network of its own, all of one name. */
export class Throwaway {
  readonly name: string;

  constructor(private readonly docker: Docker, private readonly cluster: string, private readonly repository: string) {
    this.name = `${cluster}-restored`;
  }

  /** Makes it from what the backup server is made of; it may read the repository, and write nothing there. */
  async create(options: string[]): Promise<void> {
    if (await unlessMissing(this.docker.getContainer(this.name).inspect()))
      throw new UserError(`${this.name} is there already`, "npx pgha restore --drop removes it");
    // A volume that something else left would be taken for this restore
    await this.drop();
    const source = await this.docker.getContainer(this.repository).inspect();
    const secret = (name: string) => source.Config.Env.find((line) => line.startsWith(`SECRET_${name}=`))!;
    const mounted = source.Mounts.find(({ Destination }) => Destination === "/var/lib/pgbackrest")!.Name!;
    const labels = { "pgha.cluster": this.cluster, "pgha.cluster-id": source.Config.Labels["pgha.cluster-id"], "pgha.role": "restored" };
    await this.docker.createNetwork({ Name: this.name, Labels: labels, CheckDuplicate: true });
    await this.docker.createVolume({ Name: this.name, Labels: labels });
    const made = await this.docker.createContainer({
      name: this.name, Hostname: this.name, Image: source.Image, Cmd: ["restored", ...options], Labels: labels,
      Env: [secret("REPOSITORY_PASSPHRASE"), secret("TLS_KEY")],
      ExposedPorts: { "5432/tcp": {} },
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        NetworkMode: this.name, PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "0" }] },
        Binds: [`${mounted}:/var/lib/pgbackrest:ro`, `${this.name}:/var/lib/pgha`],
        CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges"], Tmpfs: { "/run/secrets": "", "/tmp": "" },
        Memory: 512 * MIB, MemorySwap: 512 * MIB, LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      },
    });
    await made.putArchive(await this.docker.getContainer(this.repository).getArchive({ path: "/etc/pgha" }), { path: "/etc" });
    await made.start();
  }

  /** Its port on this machine. */
  async port(): Promise<number> {
    const { NetworkSettings } = await this.docker.getContainer(this.name).inspect();
    return Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
  }

  /** Whether it takes writes, or still restores and replays; throws a UserError with what it said last where it has ended. */
  async ready(): Promise<boolean> {
    const container = this.docker.getContainer(this.name);
    const { State } = await container.inspect();
    if (!State.Running) throw new UserError(`the restore ended: ${reason(await this.log())}`, `docker logs ${this.name}; npx pgha restore --drop removes it`);
    const exec = await container.exec({ Cmd: ["psql", "-XAtqw", "-h", "/run/postgresql", "-d", "postgres", "-c", "SELECT pg_is_in_recovery()"], AttachStdout: true });
    const stream = await exec.start({});
    let said = "";
    await new Promise((resolve, reject) => stream.on("data", (chunk: Buffer) => (said += chunk.toString())).once("end", resolve).once("error", reject));
    return said.includes("f\n");
  }

  async log(): Promise<string> {
    return (await this.docker.getContainer(this.name).logs({ stdout: true, stderr: true, tail: 200 })).toString();
  }

  /** Removes it with its data; whether there was anything. */
  async drop(): Promise<boolean> {
    const removed = [
      await unlessMissing(this.docker.getContainer(this.name).remove({ force: true }).then(() => true)),
      await unlessMissing(this.docker.getVolume(this.name).remove().then(() => true)),
      await unlessMissing(this.docker.getNetwork(this.name).remove().then(() => true)),
    ];
    return removed.some(Boolean);
  }
}

/** Percent restored so far, by pgBackRest's own lines. */
export function progressOf(log: string): string | undefined {
  return [...log.matchAll(/restore (?:zeroed )?file .*, (\d+(?:\.\d+)?%)\)/g)].at(-1)?.[1];
}

function reason(log: string): string {
  return [...log.matchAll(/(?:FATAL|ERROR): +(?:\[\d+\]: )?(.*)/g)].at(-1)?.[1] ?? "without a word";
}
