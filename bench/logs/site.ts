import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { Client } from "pg";
import type { ConnectOptions } from "../../clients/node/pgha";
import { copyText, Batch, prepare, type LogRecord } from "../../clients/node/logRecords";
import { openSession } from "../../ops/logs/database";
import { Outputs } from "../../ops/outputs";
import type { Lossy } from "./languages";
import { Measured, measured } from "./measure";

const run = promisify(execFile);

/** A deployed stack with a log system, and ways past its own commands. */
export class Site implements Lossy {
  constructor(readonly outputs: Outputs, readonly stack: string, readonly root: string, readonly env: NodeJS.ProcessEnv, readonly docker: Docker) {}

  get connection() {
    return { ssl: { ca: this.outputs.caCertificate } };
  }

  async session<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await openSession(this.outputs);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Where a container is on Docker's network. */
  async address(host: string): Promise<string> {
    const { NetworkSettings } = await this.docker.getContainer(host).inspect();
    return Object.values(NetworkSettings.Networks)[0].IPAddress;
  }

  /** The container of the primary, and its address. */
  async primary(): Promise<{ host: string; address: string }> {
    const address = await this.session(async (client) => (await client.query("SELECT host(inet_server_addr()) AS address")).rows[0].address as string);
    for (const { host } of this.outputs.cluster.postgres) if ((await this.address(host)) === address) return { host, address };
    throw new Error(`no container has the primary's address ${address}`);
  }

  /** Through the poolers, over failovers. */
  get url(): string {
    return this.outputs.writeUrl;
  }

  async ask(sql: string, values: unknown[]): Promise<Record<string, number>[]> {
    return this.session(async (client) => (await client.query<Record<string, number>>(sql, values)).rows);
  }

  /** Kills the primary's container. */
  async lose(): Promise<void> {
    await this.docker.getContainer((await this.primary()).host).kill();
  }

  /** Starts what was killed, and waits until every standby streams. */
  async recover(): Promise<void> {
    const { postgres } = this.outputs.cluster;
    for (const { host } of postgres) await this.docker.getContainer(host).start();   // one that runs stays
    const streaming = () => this.ask("SELECT count(*)::int AS count FROM pg_stat_replication WHERE state = 'streaming'", []).then(([row]) => row.count, () => 0);
    for (const deadline = Date.now() + 120_000; (await streaming()) < postgres.length - 1; await sleep(500))
      if (Date.now() > deadline) throw new Error("the standbys do not stream after two minutes");
  }

  /** A way straight to the primary: no pooler, no proxy. */
  async direct(): Promise<{ url: string; connection: ConnectOptions }> {
    const { host, address } = await this.primary();
    const { user, password } = credentials(this.outputs.haproxyWriteUrl);
    return { url: `postgresql://${user}:${password}@${address}:5432/${this.outputs.cluster.database}`, connection: { ssl: { ca: this.outputs.caCertificate, servername: host } } };
  }

  /** psql's own \copy of the same rows, straight into the primary: the same TLS and replication, no pooler, no proxy, one transaction. */
  async plainCopy(rows: LogRecord[]): Promise<Measured> {
    const { host, address } = await this.primary();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-bench-"));
    const file = path.join(folder, "rows.copy");
    const batch = new Batch();
    for (const row of rows) batch.add(prepare(row));
    fs.writeFileSync(file, copyText(batch));
    const { user, password } = credentials(this.outputs.haproxyWriteUrl);
    const target = `host=${host} hostaddr=${address} port=5432 dbname=${this.outputs.cluster.database} user=${user} sslmode=verify-full sslrootcert=${path.join(folder, "ca.crt")}`;
    fs.writeFileSync(path.join(folder, "ca.crt"), this.outputs.caCertificate);
    try {
      const script = `\\copy app.app_logs (app_name, level, message, metadata, created_at) from '${file}'`;
      // psql's own clock: what it needs to start and to connect does not count
      const { stdout } = await run("psql", ["-X", "-v", "ON_ERROR_STOP=1", "-c", "\\timing on", "-c", script, target], { env: { ...process.env, PGPASSWORD: password } });
      const milliseconds = Number(/COPY \d+\s+Time: ([\d.]+) ms/.exec(stdout)![1]);
      return measured("psql \\copy, direct", rows.length, milliseconds / 1000);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }

  /** Runs `npx pgha …`, or starts it. */
  pgha(...args: string[]) {
    const child = execFile(process.execPath, [path.join(__dirname, "../../ops/pgha.js"), ...args, "--stack", this.stack], { cwd: this.root, env: this.env, maxBuffer: 2 ** 26 });
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      let [stdout, stderr] = ["", ""];
      child.stdout!.on("data", (text) => (stdout += text));
      child.stderr!.on("data", (text) => (stderr += text));
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
    return { child, ended };
  }
}

function credentials(url: string) {
  const [, user, password] = /\/\/([^:]+):([^@]+)@/.exec(url)!;
  return { user, password };
}
