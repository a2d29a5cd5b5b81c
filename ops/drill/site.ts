import type Docker from "dockerode";
import { capture } from "../../tools/process";

export type Outcome = { code: number; stdout: string };

/** The containers of one cluster, and how to break them. Whatever is broken here is written down first, and healed by heal(). */
export class Site {
  private undone: { what: string; work: () => Promise<unknown> }[] = [];
  private readonly known = new Map<string, string>();

  constructor(private readonly docker: Docker, readonly network: string, readonly hosts: string[]) {}

  get broken(): string[] {
    return this.undone.map(({ what }) => what);
  }

  /** Undoes everything, the last thing first; tries all of it before it throws what failed. */
  async heal(): Promise<void> {
    const failures: string[] = [];
    for (let next = this.undone.pop(); next; next = this.undone.pop()) {
      const { what, work } = next;
      await work().catch((error: Error) => failures.push(`${what}: ${error.message}`));
    }
    if (failures.length) throw new Error(`could not be healed: ${failures.join("; ")}`);
  }

  /** SIGKILL, as a host that loses its power. */
  async kill(host: string): Promise<void> {
    this.onHeal(`${host} is killed`, () => this.start(host));
    await this.docker.getContainer(host).kill();
  }

  /** As the service manager of a host that shuts down does it. */
  async stop(host: string): Promise<void> {
    this.onHeal(`${host} is stopped`, () => this.start(host));
    await this.docker.getContainer(host).stop();
  }

  /** Takes it off the network without a word: packets to it and from it vanish. */
  async disconnect(host: string): Promise<void> {
    const network = this.docker.getNetwork(this.network);
    this.onHeal(`${host} is cut off`, () =>
      unless(409, network.connect({ Container: host, EndpointConfig: { Aliases: [host] } })).catch((error: Error) => {
        if (!/already exists/.test(error.message)) throw error;
      }),
    );
    await network.disconnect({ Container: host, Force: true });
  }

  /** Stops all processes of a program where they stand; the rest of the container runs on. */
  async freeze(host: string, program: "patroni" | "postgres"): Promise<void> {
    const signal = (name: "STOP" | "CONT") => this.must(host, `cd /proc; none=1; for p in [0-9]*; do [ "$(cat $p/comm)" = ${program} ] && kill -${name} $p && none=0; done 2>/dev/null; exit $none`);
    this.onHeal(`${program} of ${host} is frozen`, () => signal("CONT"));
    await signal("STOP");
  }

  /** Drops all packets between two containers, both ways. Needs root on the host of the containers, as do the next three. */
  async part(host: string, from: string[]): Promise<void> {
    const addresses = [...(await this.addresses(from)).values()];
    await this.drop(host, addresses.flatMap((address) => [["INPUT", "-s", address], ["OUTPUT", "-d", address]]));
  }

  /** Drops all that a container sends; what is sent to it arrives. */
  silence(host: string): Promise<void> {
    return this.drop(host, [["OUTPUT", "!", "-o", "lo"]]);
  }

  /** Drops this share of a container's packets, both ways. */
  lose(host: string, share: number): Promise<void> {
    const some = ["-m", "statistic", "--mode", "random", "--probability", String(share)];
    return this.drop(host, [["INPUT", "!", "-i", "lo", ...some], ["OUTPUT", "!", "-o", "lo", ...some]]);
  }

  /** Holds back all that a container sends. */
  async delay(host: string, milliseconds: number): Promise<void> {
    const inside = await this.networkOf(host);
    this.onHeal(`${host} sends late`, () => run("nsenter", [...inside, "tc", "qdisc", "del", "dev", "eth0", "root"]));
    await run("nsenter", [...inside, "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", `${milliseconds}ms`, `${milliseconds / 4}ms`]);
  }

  private async drop(host: string, rules: string[][]): Promise<void> {
    const inside = await this.networkOf(host);
    for (const rule of rules) {
      const table = (action: string) => run("nsenter", [...inside, "iptables", action, ...rule, "-j", "DROP"]);
      this.onHeal(`${host} drops ${rule.join(" ")}`, () => table("-D"));
      await table("-I");
    }
  }

  private async networkOf(host: string): Promise<string[]> {
    const { State } = await this.docker.getContainer(host).inspect();
    return ["-t", String(State.Pid), "-n"];
  }

  /**
   * Puts a server of the same name with an empty data volume of `bytes`, in memory, in the place of one that waits aside
   * meanwhile with its data untouched.
   */
  async standIn(host: string, folder: string, bytes: number): Promise<void> {
    const own = await this.docker.getContainer(host).inspect();
    const named = { name: `${host}-drill` };
    this.onHeal(`${host} runs on a small volume`, () => this.standBack(host, own.Id));
    const container = this.docker.getContainer(own.Id);
    await container.stop();
    const image = await container.commit({ repo: named.name });
    await container.rename({ name: `${host}-aside` });
    await this.docker.createVolume({ Name: named.name, DriverOpts: { type: "tmpfs", device: "tmpfs", o: `size=${bytes}` } });
    const { Memory, MemorySwap } = own.HostConfig;
    const twin = await this.docker.createContainer({
      ...own.Config,
      name: host,
      Image: image.Id,
      // What lies on the volume counts as memory
      HostConfig: { ...own.HostConfig, Binds: [`${named.name}:${folder}`], Mounts: [], Memory: Memory! + bytes, MemorySwap: MemorySwap! + bytes },
      NetworkingConfig: { EndpointsConfig: { [this.network]: { Aliases: [host] } } },
    });
    await twin.start();
  }

  private async standBack(host: string, own: string): Promise<void> {
    const twin = await this.docker.getContainer(host).inspect().catch(() => undefined);
    if (twin && twin.Id !== own) await unless(404, this.docker.getContainer(twin.Id).remove({ force: true }));
    if (twin?.Id !== own) await this.docker.getContainer(own).rename({ name: host });
    await this.start(host);
    await unless(404, this.docker.getVolume(`${host}-drill`).remove());
    await unless(404, this.docker.getImage(`${host}-drill`).remove());
  }

  /** Remembers how to undo what is about to be done. */
  onHeal(what: string, work: () => Promise<unknown>): void {
    this.undone.push({ what, work });
  }

  async start(host: string): Promise<void> {
    await unless(304, this.docker.getContainer(host).start());
  }

  /** Runs a line of shell as the container's own user. */
  async exec(host: string, line: string): Promise<Outcome> {
    const exec = await this.docker.getContainer(host).exec({ Cmd: ["sh", "-c", line], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    await new Promise((resolve, reject) => stream.on("data", (chunk: Buffer) => chunks.push(chunk)).once("end", resolve).once("error", reject));
    // Each frame is headed by eight bytes
    let stdout = "";
    for (let all = Buffer.concat(chunks); all.length >= 8; all = all.subarray(8 + all.readUInt32BE(4)))
      if (all[0] === 1) stdout += all.toString("utf8", 8, 8 + all.readUInt32BE(4));
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


/** Whether part() can work: nsenter and iptables are here, the containers' processes too, and we are root. */
export async function canPart(): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const found = await Promise.all(["nsenter", "iptables"].map((name) => capture(name, ["--version"], {}).catch(() => ({ code: 1 }))));
  return found.every(({ code }) => code === 0);
}

/** Whether delay() can work: the kernel has netem. */
export async function canDelay(): Promise<boolean> {
  const trial = ["--net", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"];
  return (await canPart()) && (await capture("unshare", trial, {}).catch(() => ({ code: 1 }))).code === 0;
}

async function run(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await capture(command, args, {});
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr.trim()}`);
}

/** Docker's answer "it is so already" is fine. */
async function unless(status: number, request: Promise<unknown>): Promise<void> {
  await request.catch((error: Error & { statusCode?: number }) => {
    if (error.statusCode !== status) throw error;
  });
}
