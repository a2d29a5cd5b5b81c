import { Containers, unless } from "./containers";
import { run } from "./packets";

/** How to break the containers of one cluster. Whatever is broken here is written down first, and healed by heal(). */
export class Site extends Containers {
  private undone: { what: string; work: () => Promise<unknown> }[] = [];

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
  async freeze(host: string, program: "quick-patroni" | "postgres" | "etcd"): Promise<void> {
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
}
