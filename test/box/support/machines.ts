import * as path from "node:path";
import Docker from "dockerode";
import tar from "tar-stream";
import type { Ec2Node } from "../../../infra/cluster/ec2/spec";
import { eventually } from "../../e2e/support/project";
import { Aws } from "./aws";

const IMAGE = "pgha-box";
const LABEL = "pgha.box";
const MOTO_PORT = 5000;
/** The types do not know it yet. */
const PRIVATE_CGROUP = { CgroupnsMode: "private" } as Docker.HostConfig;

export interface Ran {
  code: number;
  text: string;
}

/** Machines as containers on one Docker network, with real systemd and cloud-init, and moto beside them. */
export class Machines {
  readonly docker = new Docker();
  readonly aws: Aws;
  private readonly hosts = new Map<string, string>();
  private readonly reported = new Set<string>();
  private readonly answers = new Map<string, string>();

  /** `network` has 16 bits, as "10.77.0.0/16"; its last addresses are those of this machine and of moto. */
  constructor(private readonly name: string, private readonly network: string) {
    this.aws = new Aws(this.endpoint);
  }

  /** `packages` are downloaded into the image. */
  async prepare(packages: string[]): Promise<void> {
    await this.remove();
    const context = path.join(__dirname, "../image");
    const build = await this.docker.buildImage({ context, src: ["Dockerfile", "init", "box.cfg", "fake-agent.service"] }, { t: IMAGE, buildargs: { PACKAGES: packages.join(" ") } });
    await new Promise<void>((resolve, reject) => this.docker.modem.followProgress(build, (error) => (error ? reject(error) : resolve())));
    const ipam = { Driver: "default", Config: [{ Subnet: this.network, Gateway: this.address(254) }] };
    await this.docker.createNetwork({ Name: this.name, IPAM: ipam, Labels: { [LABEL]: this.name } });
    const moto = await this.create(`${this.name}-moto`, this.address(253), { Cmd: ["moto_server", "-H", "0.0.0.0", "-p", String(MOTO_PORT)] });
    await moto.start();
    await eventually(60, () => this.aws.ready());
  }

  /** A fresh machine with its volumes; returns an id as EC2's. */
  async launch({ host, address, volumes }: Ec2Node, userData: string): Promise<string> {
    // A container would make them without the label by which they are removed
    for (const { name } of volumes) await this.docker.createVolume({ Name: `${host}-${name}`, Labels: { [LABEL]: this.name } });
    const id = `i-${Date.now().toString(16).padStart(17, "0")}`;
    const machine = await this.create(host, address, {
      Hostname: `ip-${address.replaceAll(".", "-")}`,
      Env: ["container=docker"],
      HostConfig: {
        CapAdd: ["SYS_ADMIN"],
        SecurityOpt: ["apparmor=unconfined"],
        Tmpfs: { "/run": "", "/run/lock": "", "/sys/fs/cgroup": "" },
        ShmSize: 256 * 2 ** 20,
        Binds: volumes.map(({ name, path }) => `${host}-${name}:${path}`),
      },
    });
    await machine.putArchive(this.seed(id, userData), { path: "/" });
    await machine.start();
    this.hosts.set(id, host);
    this.report(id, host).catch((error: Error) => console.log(error.message));
    return id;
  }

  /** As AWS's agent does, where it runs: as root, by sh. */
  agent(id: string): { run(commands: string): Promise<Ran> } | undefined {
    const host = this.reported.has(id) ? this.hosts.get(id) : undefined;
    return host === undefined ? undefined : { run: (commands) => this.run(host, commands) };
  }

  /** What the last rollout to a machine has printed. */
  said(host: string): string {
    return this.answers.get(host) ?? "";
  }

  private async run(host: string, commands: string): Promise<Ran> {
    const ran = await this.exec(host, "sh", "-c", commands);
    this.answers.set(host, ran.text);
    return ran;
  }

  /** The agent reports some time after its machine was launched. */
  private async report(id: string, host: string): Promise<void> {
    await eventually(300, async () => {
      const { code, text } = await this.exec(host, "systemctl", "is-active", "amazon-ssm-agent.service");
      if (code) throw new Error(`${host} does not boot: ${text}`);
    });
    this.reported.add(id);
  }

  async exec(host: string, ...command: string[]): Promise<Ran> {
    const exec = await this.docker.getContainer(host).exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let text = "";
    for await (const chunk of stream) text += chunk;
    return { code: (await exec.inspect()).ExitCode ?? -1, text };
  }

  async isThere(host: string): Promise<boolean> {
    return this.docker.getContainer(host).inspect().then(({ State }) => State.Running, () => false);
  }

  /** As a machine whose hardware is gone; its volumes stay. */
  async lose(host: string): Promise<void> {
    await this.docker.getContainer(host).remove({ force: true });
  }

  async restart(host: string): Promise<void> {
    await this.docker.getContainer(host).restart({ t: 120 });
  }

  /** All that this or an interrupted run has made. */
  async remove(): Promise<void> {
    const filters = { label: [`${LABEL}=${this.name}`] };
    const containers = await this.docker.listContainers({ all: true, filters });
    await Promise.all(containers.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true })));
    for (const { Id } of await this.docker.listNetworks({ filters })) await this.docker.getNetwork(Id).remove();
    for (const { Name } of (await this.docker.listVolumes({ filters })).Volumes ?? []) await this.docker.getVolume(Name).remove();
  }

  private create(name: string, address: string, options: Docker.ContainerCreateOptions): Promise<Docker.Container> {
    return this.docker.createContainer({
      name,
      Image: IMAGE,
      Labels: { [LABEL]: this.name },
      ...options,
      HostConfig: { ...options.HostConfig, ...PRIVATE_CGROUP, NetworkMode: this.name },
      NetworkingConfig: { EndpointsConfig: { [this.name]: { IPAMConfig: { IPv4Address: address } } } },
    });
  }

  /** What EC2 gives a machine by its metadata service, as files. */
  private seed(id: string, userData: string): tar.Pack {
    const pack = tar.pack();
    pack.entry({ name: "var/lib/cloud/seed/nocloud/meta-data" }, `instance-id: ${id}\n`);
    pack.entry({ name: "var/lib/cloud/seed/nocloud/user-data" }, userData);
    pack.entry({ name: "etc/pgha/aws.env" }, `AWS_ENDPOINT_URL=${this.endpoint}\nAWS_ACCESS_KEY_ID=box\nAWS_SECRET_ACCESS_KEY=box\n`);
    pack.finalize();
    return pack;
  }

  private get endpoint(): string {
    return `http://${this.address(253)}:${MOTO_PORT}`;
  }

  private address(last: number): string {
    return this.network.replace(/\.0\.0\/16$/, `.255.${last}`);
  }
}
