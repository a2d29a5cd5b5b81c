import { createHash } from "node:crypto";
import * as http from "node:http";
import { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { pulumiVersion } from "../../../tools/engine/release";

/** What a played host answers with: a whole body, or whatever it likes to do. */
export type Answer = Buffer | string | ((request: http.IncomingMessage, response: http.ServerResponse) => void);

export interface PlayedHost {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly server: http.Server;
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): void;
}

/** A download host on loopback: answers by path, 404 to all else. */
export async function playHost(answers: Record<string, Answer>, server = http.createServer()): Promise<PlayedHost> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("request", (request, response) => {
    asked.push(request.url ?? "");
    const answer = answers[request.url ?? ""];
    if (typeof answer === "function") answer(request, response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "content-length": Buffer.byteLength(answer) }).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => (sockets.forEach((socket) => socket.destroy()), server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked, close };
}

/** An archive as Pulumi's: programs below pulumi/. */
export async function archiveOf(programs: Record<string, string | Buffer>, folder = "pulumi/"): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(programs)) tar.entry({ name: `${folder}${name}`, mode: 0o755 }, text);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks), { level: 1 });
}

export const archiveName = `pulumi-v${pulumiVersion}-${process.platform}-${process.arch}.tar.gz`;
export const sumsName = `pulumi-${pulumiVersion}-checksums.txt`;

/** A release as its host publishes it: the archive, and the checksums in sha256sum's words. */
export function releaseOf(archive: Buffer): Record<string, Answer> {
  const digest = createHash("sha256").update(archive).digest("hex");
  return { [`/${archiveName}`]: archive, [`/${sumsName}`]: `${"0".repeat(64)}  another.tar.gz\n${digest}  ${archiveName}\n` };
}
