import type Docker from "dockerode";
import { Containers, unless } from "./containers";
import { run } from "./packets";
import { Broken, Undo, UndoList } from "./undo";

/** How to break the containers of one cluster. Whatever is broken here is written down first, and healed by heal(). */
export class Site extends Containers {
  constructor(docker: Docker, network: string, hosts: string[], private readonly list = new UndoList()) {
    super(docker, network, hosts);
  }

  get broken(): string[] {
    return this.list.broken.map(({ what }) => what);
  }

  /** Undoes everything, the last thing first; tries all of it before it throws what failed, which stays on the list. */
  async heal(order = (list: readonly Broken[]) => list.toReversed()): Promise<void> {
    const failures: string[] = [];
    for (const one of order(this.list.broken))
      await this.undo(one.undo).then(
        () => this.list.remove(one),
        (error: Error) => failures.push(`${one.what}: ${error.message}`),
      );
    if (failures.length) throw new Error(`could not be healed: ${failures.join("; ")}`);
  }

  /** Remembers how to undo what is about to be done. */
  onHeal(what: string, undo: Undo): void {
    this.list.add({ what, undo });
  }

  private async undo(undo: Undo): Promise<void> {
    switch (undo.do) {
      case "start":
        return this.start(undo.host);
      case "connect":
        return this.connect(undo.host);
      case "run":
        return this.must(undo.host, undo.line);
      case "accept":
        return this.accept(undo.host, undo.rule);
      case "undelay":
        return run("nsenter", [...(await this.networkOf(undo.host)), "tc", "qdisc", "del", "dev", "eth0", "root"]);
      case "putBack":
        return this.putBack(undo.host, undo.own);
    }
  }

  /** SIGKILL, as a host that loses its power. */
  async kill(host: string): Promise<void> {
    this.onHeal(`${host} is killed`, { do: "start", host });
    await this.docker.getContainer(host).kill();
  }

  /** As the service manager of a host that shuts down does it. */
  async stop(host: string): Promise<void> {
    this.onHeal(`${host} is stopped`, { do: "start", host });
    await this.docker.getContainer(host).stop();
  }

  /** Takes it off the network without a word: packets to it and from it vanish. */
  async disconnect(host: string): Promise<void> {
    this.onHeal(`${host} is cut off`, { do: "connect", host });
    await this.docker.getNetwork(this.network).disconnect({ Container: host, Force: true });
  }

  private async connect(host: string): Promise<void> {
    const network = this.docker.getNetwork(this.network);
    const joined = network.connect({ Container: host, EndpointConfig: { Aliases: [host] } });
    await unless(409, joined).catch((error: Error) => {
      if (!/already exists/.test(error.message)) throw error;
    });
  }

  /** Stops all processes of a program where they stand; the rest of the container runs on. */
  async freeze(host: string, program: "quick-patroni" | "postgres" | "etcd"): Promise<void> {
    const signal = (name: "STOP" | "CONT") =>
      `cd /proc; none=1; for p in [0-9]*; do read -r comm <$p/comm && [ "$comm" = ${program} ] && kill -${name} $p && none=0; ` +
      "done 2>/dev/null; exit $none";
    this.onHeal(`${program} of ${host} is frozen`, { do: "run", host, line: signal("CONT") });
    await this.must(host, signal("STOP"));
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
    const late = ["netem", "delay", `${milliseconds}ms`, `${milliseconds / 4}ms`];
    this.onHeal(`${host} sends late`, { do: "undelay", host });
    await run("nsenter", [...inside, "tc", "qdisc", "add", "dev", "eth0", "root", ...late]);
  }

  private async drop(host: string, rules: string[][]): Promise<void> {
    const inside = await this.networkOf(host);
    for (const rule of rules) {
      this.onHeal(`${host} drops ${rule.join(" ")}`, { do: "accept", host, rule });
      await run("nsenter", [...inside, "iptables", "-I", ...rule, "-j", "DROP"]);
    }
  }

  /** A rule that is not there went with its network, or was never made. */
  private async accept(host: string, rule: string[]): Promise<void> {
    const table = async (action: string) =>
      run("nsenter", [...(await this.networkOf(host)), "iptables", action, ...rule, "-j", "DROP"]);
    if (await table("-C").then(() => true, () => false)) await table("-D");
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
    this.onHeal(`${host} runs on a small volume`, { do: "putBack", host, own: own.Id });
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

  private async putBack(host: string, own: string): Promise<void> {
    const twin = await this.docker.getContainer(host).inspect().catch(() => undefined);
    if (twin && twin.Id !== own) await unless(404, this.docker.getContainer(twin.Id).remove({ force: true }));
    if (twin?.Id !== own) await this.docker.getContainer(own).rename({ name: host });
    await this.start(host);
    await unless(404, this.docker.getVolume(`${host}-drill`).remove());
    await unless(404, this.docker.getImage(`${host}-drill`).remove());
  }
}
