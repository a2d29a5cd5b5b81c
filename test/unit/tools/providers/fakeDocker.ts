import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";

type Reply = { status?: number; body?: unknown };

/** A Docker engine that only takes notes and answers what a test tells it to. */
export class FakeDocker {
  /** "METHOD path" in order, without inspections and pings. */
  readonly calls: string[] = [];
  readonly files: Record<string, { mode: number; uid: number; text: string }> = {};
  /** States that successive inspections of the container tell; the last one stays. */
  states: object[] = [];
  /** Answers other than plain success, by the start of "METHOD path". */
  replies: Record<string, Reply> = {};
  private folder = "";

  private readonly server = createServer((request, response) => {
    const call = `${request.method} ${decodeURIComponent(request.url!)}`;
    const finish = () => {
      if (!/^GET/.test(call)) this.calls.push(call);
      const known = Object.keys(this.replies).find((start) => call.startsWith(start));
      const { status, body } = known ? this.replies[known] : this.answer(call);
      response.writeHead(status ?? (body ? 200 : 204), { "content-type": "application/json" });
      response.end(body ? JSON.stringify(body) : undefined);
    };
    if (call.startsWith("PUT")) void this.unpack(request).then(finish);
    else request.resume().on("end", finish);
  });

  /** Returns the socket it listens on. */
  async start(): Promise<string> {
    this.folder = mkdtempSync(join(tmpdir(), "pgha-docker-"));
    const socket = join(this.folder, "docker.sock");
    await new Promise<void>((resolve) => this.server.listen(socket, resolve));
    return socket;
  }

  stop(): void {
    this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  private answer(call: string): Reply {
    if (call.startsWith("POST /containers/create")) return { status: 201, body: { Id: "c1" } };
    if (call === "GET /containers/c1/json") return { body: inspection(this.nextState()) };
    if (call.startsWith("GET /images/")) return { body: { Id: "sha256:1" } };
    if (call.startsWith("POST /containers/c1/update")) return { body: {} };
    if (call.startsWith("GET /_ping")) return { body: "OK" };
    return /^(PUT|POST \/networks)/.test(call) ? { status: 200 } : {};
  }

  private nextState = () => (this.states.length > 1 ? this.states.shift()! : this.states[0]);

  private unpack(archive: NodeJS.ReadableStream): Promise<void> {
    const reader = extract();
    reader.on("entry", ({ name, mode, uid }, stream, next) => {
      let text = "";
      stream
        .on("data", (chunk) => (text += chunk))
        .on("end", () => {
          this.files[name] = { mode: mode!, uid: uid!, text };
          next();
        });
    });
    return new Promise((done) => archive.pipe(reader).on("finish", done));
  }
}

const inspection = (State: object) => ({
  Id: "c1",
  Name: "/pg",
  Config: { Hostname: "pg", Healthcheck: { Test: ["CMD", "ok"] } },
  HostConfig: {},
  NetworkSettings: { Networks: {}, Ports: {} },
  State,
});
