import { ChildProcess, execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type Docker from "dockerode";
import { Client } from "pg";
import { stringify } from "yaml";
import { EngineEnvironment, ensureEngine } from "../../../tools/engine";
import { connectDocker } from "../../../tools/engine/docker";

const repository = path.join(__dirname, "../../..");

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** Both, as a person sees them. */
  text: string;
}

export interface Outputs {
  writeUrl: string;
  readUrl: string;
  haproxyWriteUrl: string;
  haproxyReadUrl: string;
  statsUrls: string[];
  patroniUrls: string[];
  poolerUrls: string[];
  caCertificate: string;
  caFile: string;
  operatorCertificate: string;
  operatorKey: string;
  schemaVersion: string;
  roleUrls: Record<string, { write: string; read: string; directWrite: string; directRead: string }>;
  migrateUrl: string;
  cluster: { name: string; postgres: { name: string; host: string }[] };
}

/** A project folder of its own, with its own state, that runs the repository's program by the commands of the README. */
export class Project {
  // A space in its name: whatever does not quote it, or encode it for URLs, fails
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "pgha e2e-"));
  readonly docker: Docker;
  private env: NodeJS.ProcessEnv = {};
  private readonly running = new Set<ChildProcess>();

  private constructor(engine: EngineEnvironment) {
    this.docker = connectDocker(engine.dockerHost);
  }

  /** In which its commands run. */
  get environment(): NodeJS.ProcessEnv {
    return this.env;
  }

  static async create(): Promise<Project> {
    const engine = await ensureEngine();
    const project = new Project(engine);
    for (const name of ["infra", "policy", "templates", "sql", "images", "tools", "ops", "clients", "monitoring", "node_modules", "package.json", "Pulumi.yaml", "tsconfig.json"])
      fs.symlinkSync(path.join(repository, name), path.join(project.root, name));
    // With another HOME the docker context is not found again
    const { PATH, DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH } = engine.env;
    const { PULUMI_BACKEND_URL: _url, PULUMI_ACCESS_TOKEN: _token, PULUMI_HOME: _home, ...inherited } = process.env;
    project.env = { ...inherited, PATH, DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, HOME: project.root, PGHA_ROOT: project.root, NO_COLOR: "1" };
    return project;
  }

  /** Further programs for the engine to find. */
  addPath(folder: string): void {
    this.env = { ...this.env, PATH: `${this.env.PATH}${path.delimiter}${folder}` };
  }

  configure(stack: string, cluster: object): void {
    fs.writeFileSync(this.configurationFile(stack), stringify({ config: { "pgha:cluster": cluster } }));
  }

  /** Configures a stack for the time of `work` alone: where that fails, the next test finds what was there before. */
  async whileConfigured<T>(stack: string, cluster: object, work: () => Promise<T>): Promise<T> {
    const before = fs.readFileSync(this.configurationFile(stack));
    this.configure(stack, cluster);
    try {
      return await work();
    } finally {
      fs.writeFileSync(this.configurationFile(stack), before);
    }
  }

  configurationFile(stack: string): string {
    return path.join(this.root, `Pulumi.${stack}.yaml`);
  }

  /** Runs `npm run <command>` of the README, or `npx pgha` for pgha, without npm around it. */
  run(command: string, ...args: string[]): Promise<Ran> {
    const entry = command === "pgha" ? ["ops/pgha.js"] : ["tools/bootstrap.js", command];
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [path.join(repository, entry[0]), ...entry.slice(1), ...args],
        { cwd: this.root, env: this.env, maxBuffer: 64 * 2 ** 20 },
        (error, stdout, stderr) => {
          this.running.delete(child);
          const code = error ? Number(error.code ?? 1) : 0;
          resolve({ code, stdout, stderr, text: stdout + stderr });
        },
      );
      this.running.add(child);
    });
  }

  /** Ends the commands that run as Ctrl-C does, and waits for them: pulumi finishes what it has begun. */
  async interrupt(): Promise<void> {
    await Promise.all([...this.running].map((child) => new Promise((resolve) => void (child.once("close", resolve), child.kill("SIGINT")))));
  }

  /** As `run`, but a failure is an error that shows what was said. */
  async must(command: string, ...args: string[]): Promise<Ran> {
    const ran = await this.run(command, ...args);
    if (ran.code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${ran.code}:\n${ran.text.slice(-4000)}`);
    return ran;
  }

  async outputs(stack: string): Promise<Outputs> {
    return JSON.parse((await this.must("pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack)).stdout);
  }

  /** Names of what Docker has of a cluster. */
  async remains(cluster: string): Promise<{ containers: string[]; volumes: string[]; networks: string[] }> {
    const filters = { label: [`pgha.cluster=${cluster}`] };
    const [containers, volumes, networks] = await Promise.all([
      this.docker.listContainers({ all: true, filters }),
      this.docker.listVolumes({ filters }),
      this.docker.listNetworks({ filters }),
    ]);
    return {
      containers: containers.flatMap(({ Names }) => Names.map((name) => name.slice(1))).sort(),
      volumes: (volumes.Volumes ?? []).map(({ Name }) => Name).sort(),
      networks: networks.map(({ Name }) => Name),
    };
  }

  /** What `docker system prune` leaves of a cluster: nothing but the volumes that are not named. */
  async prune(cluster: string, volumes: string[]): Promise<void> {
    const { containers, networks } = await this.remains(cluster);
    for (const name of containers) await this.docker.getContainer(name).remove({ force: true });
    for (const name of networks) await this.docker.getNetwork(name).remove();
    const images = await this.docker.listImages({ filters: { reference: [`${cluster}/*`] } });
    for (const tag of images.flatMap(({ RepoTags }) => RepoTags ?? [])) await this.docker.getImage(tag).remove();
    for (const name of volumes) await this.docker.getVolume(name).remove();
  }

  async exec(container: string, ...command: string[]): Promise<{ code: number; text: string }> {
    const exec = await this.docker.getContainer(container).exec({ Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true });
    const stream = await exec.start({ Tty: true });
    let text = "";
    for await (const chunk of stream) text += chunk;
    return { code: (await exec.inspect()).ExitCode ?? -1, text };
  }

  async dispose(): Promise<void> {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

/** One query by a connection string of the stack, tried on each of its hosts in turn as libpq does. */
export async function query(url: string, ca: string, sql: string): Promise<any[]> {
  const { hosts, user, password, database } = takeApart(url);
  let failure: unknown;
  for (const [host, port] of hosts) {
    const client = new Client({ host, port: Number(port), user, password, database, ssl: { ca }, connectionTimeoutMillis: 5000, query_timeout: 20_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.query(sql)).rows;
    } catch (error) {
      failure = error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw failure;
}

export function takeApart(url: string) {
  const match = /^postgresql:\/\/([^:]+):([^@]+)@([^/]+)\/([^?]+)/.exec(url);
  if (!match) throw new Error("not a connection string of the stack");
  const [, user, password, list, database] = match;
  return { user, password, database, hosts: list.split(",").map((address) => address.split(":")) };
}

/** Tries until it works; the error of the last try after `seconds`. Returns the seconds it took. */
export async function eventually(seconds: number, attempt: () => Promise<void>): Promise<number> {
  const started = Date.now();
  for (;;) {
    try {
      await attempt();
      return (Date.now() - started) / 1000;
    } catch (error) {
      if (Date.now() - started > seconds * 1000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
