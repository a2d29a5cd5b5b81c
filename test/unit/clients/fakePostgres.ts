import * as net from "node:net";
import { message, ready } from "../support/wire";

export interface FakePostgres {
  port: number;
  /** Connections that logged in so far. */
  logins: number;
  /** Refuses connections from now on and breaks those that are open. */
  stop(): Promise<void>;
}


interface Options {
  readOnly?: string;
  refuseWith?: string;
  loginMilliseconds?: number;
  port?: number;
}

/** As much of a Postgres server as a driver needs: a login, and one answer to every query: whether transactions are read-only. */
export async function startPostgres({ readOnly = "off", refuseWith, loginMilliseconds = 0, port = 0 }: Options = {}): Promise<FakePostgres> {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket.on("error", () => undefined));
    socket.once("data", () => {
      if (refuseWith) return void socket.end(message("E", "SFATAL", `C${refuseWith}`, "Mrefused by the test", [0]));
      fake.logins++;
      setTimeout(() => socket.write(Buffer.concat([message("R", [0, 0, 0, 0]), ready])), loginMilliseconds);
      socket.on("data", (data) => {
        if (data.toString("latin1", 0, 1) === "X") return void socket.end();
        const value = Buffer.from(readOnly);
        const column = message("T", [0, 1], "transaction_read_only", [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]);
        socket.write(Buffer.concat([column, message("D", [0, 1, 0, 0, 0, value.length, ...value]), message("C", "SHOW"), ready]));
      });
    });
  });
  const fake: FakePostgres = {
    port,
    logins: 0,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve());
      open.forEach((socket) => socket.destroy());
    }),
  };
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  fake.port = (server.address() as net.AddressInfo).port;
  return fake;
}
