import * as net from "node:net";

/** Bytes after which a client that writes a thousand rows is amid them. */
const amid = 32 * 1024;
/** Milliseconds for which an answer is held back: long enough to see the commit meanwhile. */
const held = 700;

export interface Relay {
  port: number;
  /** When it cut a connection, in order. */
  cuts: string[];
  close(): void;
}

/**
 * Stands before a server, behind TLS, and cuts a connection that writes amid its rows, the next one between the commit and the answer; others go
 * through, but for so many milliseconds of silence after the second cut.
 */
export async function startRelay(server: { host: string; port: number }, committed: () => Promise<boolean>, silence = 0): Promise<Relay> {
  const open = new Set<net.Socket>();
  const cuts: string[] = [];
  let closed = false;
  let silent = 0;

  const listener = net.createServer((client) => {
    if (performance.now() < silent) return void client.on("error", () => undefined).destroy();
    const upstream = net.connect(server);
    const cut = (when?: string) => {
      if (when && !client.destroyed) cuts.push(when);
      for (const socket of [client, upstream]) open.delete(socket.destroy());
    };
    for (const socket of [client, upstream]) open.add(socket.on("error", () => cut()).on("close", () => cut()));
    const watch = async () => {
      while (!closed && !client.destroyed && !(await committed())) await new Promise((resolve) => setTimeout(resolve, 50));
      silent = performance.now() + silence;
      cut("before the answer");
    };
    let [sent, holding] = [0, false];
    client.on("data", (data) => {
      const writes = sent <= amid && sent + data.length > amid;
      sent += data.length;
      if (writes && cuts.length === 0) return cut("amid the rows");
      if (writes && cuts.length === 1) {
        holding = true;
        void watch();
      }
      upstream.write(data);
    });
    upstream.on("data", (data) => {
      if (holding) setTimeout(() => client.destroyed || client.write(data), held);
      else client.write(data);
    });
  });
  await new Promise<void>((resolve) => void listener.listen(0, "localhost", resolve));
  const close = () => {
    closed = true;
    listener.close();
    open.forEach((socket) => socket.destroy());
  };
  return { port: (listener.address() as net.AddressInfo).port, cuts, close };
}
