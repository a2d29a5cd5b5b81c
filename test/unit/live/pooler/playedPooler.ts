import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { webcrypto } from "node:crypto";
import * as net from "node:net";
import * as tls from "node:tls";
import { message, ready } from "../../support/wire";

/** Stands for PgBouncer's console, and for a primary that knows positions: what it is told in which order, and whether the database app is paused. */
export interface PlayedPooler {
  url: string;
  authority: string;
  port: number;
  said: string[];
  paused: boolean;
  /** Transactions are open: a PAUSE holds, but is not answered. Of a primary: a standby has not replayed everything. */
  busy: boolean;
  close(): void;
}

/** `slow`: milliseconds that the first connection is late. `behind`: those that a PAUSE is read late, whoever has gone meanwhile. */
export async function playPooler({ slow = 0, behind = 0 } = {}): Promise<PlayedPooler> {
  const { key, cert } = await certificate();
  const clients = new Set<{ name: string }>();
  let connections = 0;
  const query = (text: string, answer: (...messages: Buffer[]) => void) => {
    played.said.push(text.replace(/"/g, ""));
    if (/^PAUSE/.test(text)) played.paused = true;
    if (/^PAUSE/.test(text) && played.busy) return;
    if (/^RESUME/.test(text) && !played.paused) return answer(message("E", "SERROR", "C08P01", "Mdatabase app is not paused", [0]));
    if (/^RESUME/.test(text)) played.paused = false;
    if (/flush_lsn/.test(text)) return answer(...table(["lsn"], [["0/5"]]));
    if (/pg_stat_replication/.test(text)) return answer(...table(["pid"], played.busy ? [["1"]] : []));
    if (/DATABASES/.test(text)) return answer(...table(["name", "paused"], [["app", played.paused ? "1" : "0"]]));
    if (/CONFIG/.test(text)) return answer(...table(["key", "value"], [["min_pool_size", "10"]]));
    if (/CLIENTS/.test(text)) return answer(...table(["application_name"], [...clients].map(({ name }) => [name])));
    if (/SERVERS/.test(text)) return answer(...table(["database", "state", "remote_pid"], played.busy ? [["app", "active", "4711"]] : []));
    answer(message("C", text.split(" ")[0]));
  };
  const serve = (socket: tls.TLSSocket) => {
    const client = { name: "" };
    socket.on("error", () => undefined);
    // Data that was on its way when the client went is still read
    socket.once("close", () => setTimeout(() => clients.delete(client), behind));
    socket.once("data", (startup) => {
      client.name = /application_name\0([^\0]*)/.exec(startup.toString("latin1"))?.[1] ?? "";
      clients.add(client);
      socket.write(Buffer.concat([message("R", [0, 0, 0, 0]), ready]));
      socket.on("data", (data) => {
        if (data.toString("latin1", 0, 1) !== "Q") return;
        const text = data.toString("utf8", 5, data.length - 1);
        const handle = () => query(text, (...messages) => void (socket.writable && socket.write(Buffer.concat([...messages, ready]))));
        if (/^PAUSE/.test(text) && behind) setTimeout(handle, behind - 1);
        else handle();
      });
    });
  };
  const server = net.createServer((raw) => {
    raw.on("error", () => undefined);
    const late = connections++ ? 0 : slow;
    raw.once("data", () =>
      setTimeout(() => {
        if (raw.destroyed) return;
        raw.write("S");
        serve(new tls.TLSSocket(raw, { isServer: true, key, cert }));
      }, late),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const played: PlayedPooler = {
    url: `postgresql://pooler_admin:x@127.0.0.1:${port}/pgbouncer`, authority: cert, port, said: [], paused: false, busy: false,
    close: () => void server.close(),
  };
  return played;
}

const short = (number: number) => [number >> 8, number & 255];

function table(columns: string[], rows: string[][]): Buffer[] {
  const described = columns.flatMap((name): (string | number[])[] => [name, [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]]);
  const cells = (row: string[]) => row.flatMap((cell) => [0, 0, ...short(cell.length), ...Buffer.from(cell)]);
  return [message("T", short(columns.length), ...described), ...rows.map((row) => message("D", [...short(row.length), ...cells(row)])), message("C", "SHOW")];
}

async function certificate(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const extensions = [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])];
  const made = await x509.X509CertificateGenerator.createSelfSigned({ name: `CN=${webcrypto.randomUUID()}`, keys, signingAlgorithm: algorithm, extensions });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`, cert: made.toString("pem") };
}
