import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as net from "node:net";
import { connect, ConnectOptions, NoHostError, pool } from "../../../clients/node/pgha";
import { FakePostgres, startPostgres } from "./fakePostgres";

/** Against listeners that speak enough of the protocol; the end-to-end tests go through real poolers. */
describe("node-postgres with URLs of several hosts", () => {
  const servers: FakePostgres[] = [];
  const start = async (...args: Parameters<typeof startPostgres>) => {
    const server = await startPostgres(...args);
    servers.push(server);
    return server;
  };
  /** A port at which nothing listens. */
  const closed = async () => {
    const server = await startPostgres();
    await server.stop();
    return server;
  };
  const urlOf = (list: { port: number }[], query = "") =>
    `postgresql://app:s3cret@${list.map(({ port }) => `127.0.0.1:${port}`).join(",")}/app?sslmode=disable&connect_timeout=5${query}`;
  const portOf = async (url: string, options?: ConnectOptions) => {
    const client = await connect(url, options);
    await client.end();
    return client.port;
  };
  afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.stop()))));

  it("connects to the first host that answers", async () => {
    const [dead, first, second] = [await closed(), await start(), await start()];
    assert.equal(await portOf(urlOf([dead, first, second])), first.port);
    assert.equal(second.logins, 0);
  });

  it("passes over hosts that take no writes, when asked to by option or by the URL", async () => {
    const [standby, primary] = [await start({ readOnly: "on" }), await start()];
    assert.equal(await portOf(urlOf([standby, primary])), standby.port);
    assert.equal(await portOf(urlOf([standby, primary]), { writable: true }), primary.port);
    assert.equal(await portOf(urlOf([standby, primary], "&target_session_attrs=read-write")), primary.port);
    await assert.rejects(connect(urlOf([standby]), { writable: true }), /takes no writes/);
  });

  it("passes over a server that is starting, but not over a refused password, and never shows it", async () => {
    const [starting, ready] = [await start({ refuseWith: "57P03" }), await start()];
    assert.equal(await portOf(urlOf([starting, ready])), ready.port);
    const refusing = await start({ refuseWith: "28P01" });
    await assert.rejects(connect(urlOf([refusing, ready])), (error: any) => error.code === "28P01" && !error.message.includes("s3cret"));
    assert.equal(ready.logins, 1);
  });

  it("speaks TLS only and verifies by the authority of the URL, unless the URL turns TLS off", async () => {
    const url = urlOf([await start()]).replace("sslmode=disable", "sslmode=verify-full");
    await assert.rejects(connect(url), /SSL/);
    await assert.rejects(connect(`${url}&sslrootcert=/nonexistent/ca.crt`), /ENOENT.*\/nonexistent\/ca\.crt/);
  });

  it("gives a silent host its time, then goes on", async () => {
    const silent = net.createServer(() => undefined);
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const alive = await start();
    const started = Date.now();
    assert.equal(await portOf(urlOf([silent.address() as { port: number }, alive]), { connectionTimeoutMillis: 200 }), alive.port);
    assert.ok(Date.now() - started >= 190 && Date.now() - started < 2000, `${Date.now() - started} ms`);
    silent.close();
  });

  it("gives up a host that does not take the connection after the URL's tcp_user_timeout, but not one that is slow to let it in", async () => {
    // A process that never accepts: once its queue is full, a connection gets no answer at all
    const program = `require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
      console.log(this.address().port); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); })`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    const port = Number(await new Promise((resolve) => child.stdout.once("data", resolve)));
    const queued = Array.from({ length: 4 }, () => net.connect(port, "127.0.0.1").on("error", () => undefined));
    const slow = await start({ loginMilliseconds: 900 });
    try {
      const started = Date.now();
      assert.equal(await portOf(urlOf([{ port }, slow], "&tcp_user_timeout=400")), slow.port);
      const took = Date.now() - started;
      assert.ok(took >= 1250 && took < 4000, `${took} ms`);
    } finally {
      queued.forEach((socket) => socket.destroy());
      child.kill("SIGKILL");
    }
  });

  it("takes an option that is undefined for one that is not given", async () => {
    const url = urlOf([await start()]).replace("sslmode=disable", "sslmode=verify-full");
    await assert.rejects(connect(url, { ssl: undefined }), /SSL/, "it would go on without TLS");
  });

  it("says what every host answered when none takes the connection", async () => {
    const hosts = [await closed(), await closed()];
    await assert.rejects(connect(urlOf(hosts)), (error: Error) => {
      assert.ok(error instanceof NoHostError);
      assert.deepEqual(error.attempts.map(({ at }) => at.port), hosts.map(({ port }) => port));
      assert.match(error.message, /^127\.0\.0\.1:\d+: .*ECONNREFUSED.*; 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
      return true;
    });
  });

  it("pools: fails over, stays there, and comes back", async () => {
    const [first, second] = [await start(), await start()];
    const db = pool(urlOf([first, second]));
    try {
      await Promise.all([1, 2, 3].map(() => db.query("SELECT 1")));
      assert.deepEqual([first.logins, second.logins], [3, 0]);
      await first.stop();
      await until(() => db.totalCount === 0);   // it has seen that its connections are gone
      await Promise.all([1, 2, 3].map(() => db.query("SELECT 1")));
      assert.equal(second.logins, 3);
      await second.stop();
      await until(() => db.totalCount === 0);
      const back = await start({ port: first.port });
      await db.query("SELECT 1");
      assert.equal(back.logins, 1);
    } finally {
      await db.end();
    }
    await assert.rejects(db.query("SELECT 1"), /^Error: Cannot use a pool after calling end/);
  });

  it("pools: open connections to writable hosts only when asked to, also for a client that is borrowed", async () => {
    const [standby, primary] = [await start({ readOnly: "on" }), await start()];
    const db = pool(urlOf([standby, primary]), { writable: true, max: 1 });
    try {
      const client = await db.connect();
      assert.equal(client.port, primary.port);
      const waiting = db.query("SELECT 1");   // waits for the only connection, which is no failure of a host
      setTimeout(() => client.release(), 50);
      await waiting;
      assert.deepEqual([standby.logins, primary.logins], [1, 1]);
    } finally {
      await db.end();
    }
  });

  it("pools: reject once every host was tried", async () => {
    const db = pool(urlOf([await closed(), await closed()]));
    await assert.rejects(db.connect(), (error: Error) => error instanceof NoHostError && error.attempts.length === 2);
    await assert.rejects(db.query("SELECT 1"), NoHostError);
    await db.end();
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert.ok(tries < 200, "it never came to that");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
