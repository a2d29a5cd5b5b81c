import assert from "node:assert/strict";
import { ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { stringify } from "yaml";
import { must, once } from "../../e2e/support/languages";
import { eventually, takeApart } from "../../e2e/support/project";

const PINS = ["matrix-synapse==1.163.2", "psycopg2-binary==2.9.13"];

/** A Matrix server on one of the cluster's databases, with one user in one room. */
export class Synapse {
  private constructor(private readonly server: ChildProcess, private readonly place: string, private said: () => string) {}
  private token = "";
  private room = "";

  /** `url`: of the database's owner, over the poolers. `folder` gets its configuration and keys. */
  static async start(url: string, folder: string): Promise<Synapse> {
    const version = await must("python3", ["--version"]);
    const PYTHONPATH = await once("synapse", version + PINS.join(), (target) =>
      must("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", target, ...PINS], { timeout: 500_000 }));
    const env = { ...process.env, PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1" };
    const port = await freePort();
    const file = path.join(folder, "homeserver.yaml");
    const { user, password, database, hosts } = takeApart(url);
    const parameters = Object.fromEntries(new URL(url.replace(/@[^/]+/, "@host")).searchParams);
    const none = { per_second: 1000, burst_count: 1000 };
    fs.writeFileSync(file, stringify({
      server_name: "localhost", pid_file: path.join(folder, "pid"), signing_key_path: path.join(folder, "signing.key"), media_store_path: path.join(folder, "media"),
      listeners: [{ port, bind_addresses: ["127.0.0.1"], type: "http", resources: [{ names: ["client"] }] }],
      database: {
        name: "psycopg2",
        args: { user, password, dbname: database, host: hosts.map(([host]) => host).join(), port: hosts.map(([, number]) => number).join(), ...parameters, cp_min: 2, cp_max: 5 },
      },
      enable_registration: true, enable_registration_without_verification: true, registration_shared_secret: "check", macaroon_secret_key: "check", form_secret: "check",
      report_stats: false, trusted_key_servers: [], rc_message: none, rc_registration: none, rc_joins: { local: none },
    }));
    await must("python3", ["-m", "synapse.app.homeserver", "-c", file, "--generate-keys"], { env });
    const server = spawn("python3", ["-m", "synapse.app.homeserver", "-c", file], { env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk) => (text += chunk));
    const synapse = new Synapse(server, `http://127.0.0.1:${port}`, () => text);
    await synapse.enter();
    return synapse;
  }

  private async enter(): Promise<void> {
    try {
      await eventually(180, async () => assert.equal((await fetch(`${this.place}/health`)).status, 200));
      const user = { username: "check", password: "check-9f2", auth: { type: "m.login.dummy" } };
      this.token = (await this.call("POST", "register", user)).access_token;
      this.room = (await this.call("POST", "createRoom", { preset: "private_chat" })).room_id;
    } catch (error) {
      this.server.kill("SIGKILL");
      throw new Error(`${(error as Error).message}\n${this.said().slice(-3000)}`);
    }
  }

  async send(text: string): Promise<void> {
    await this.call("PUT", `rooms/${encodeURIComponent(this.room)}/send/m.room.message/${text}`, { msgtype: "m.text", body: text });
  }

  /** Texts in the room, oldest first. */
  async messages(): Promise<string[]> {
    const { chunk } = await this.call("GET", `rooms/${encodeURIComponent(this.room)}/messages?dir=f&limit=1000`);
    return chunk.filter(({ type }: any) => type === "m.room.message").map(({ content }: any) => content.body);
  }

  /** The answer to a user; throws where it is an error. */
  private async call(method: string, what: string, body?: object): Promise<any> {
    const headers = { "content-type": "application/json", ...(this.token && { authorization: `Bearer ${this.token}` }) };
    const answer = await fetch(`${this.place}/_matrix/client/v3/${what}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${what}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.server.once("close", resolve));
    this.server.kill("SIGTERM");
    setTimeout(() => this.server.kill("SIGKILL"), 10_000).unref();
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
