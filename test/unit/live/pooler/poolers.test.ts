import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import type { Control } from "../../../../infra/live/access";
import { pauseAll, resumeAll } from "../../../../infra/live/pooler/poolers";
import { Busy, GRACE_SECONDS, MAX_PAUSE_SECONDS, underPause } from "../../../../infra/live/pooler/underPause";
import { playPooler, PlayedPooler } from "./playedPooler";

const seconds = (number: number) => new Promise((resolve) => setTimeout(resolve, number * 1000));

describe("the longest pauses", () => {
  it("of a command, its guard, the keeper and a waiting client are each longer than the one before", () => {
    const figure = (file: string, name: RegExp) => Number(name.exec(fs.readFileSync(file, "utf8"))?.[1]);
    const forgotten = figure("images/pgbouncer/keeper.py", /^WANTED_SECONDS = (\d+)/m);
    const clients = figure("templates/pgbouncer.ini.mustache", /^query_wait_timeout = (\d+)/m);
    assert.ok(MAX_PAUSE_SECONDS + GRACE_SECONDS < forgotten && forgotten < clients, `${MAX_PAUSE_SECONDS} + ${GRACE_SECONDS} < ${forgotten} < ${clients}`);
  });
});

describe("poolers that are paused for a change", function () {
  this.timeout(60_000);
  let pooler: PlayedPooler;
  afterEach(() => pooler.close());
  const controlOf = ({ url, authority }: PlayedPooler): Control =>
    ({ poolers: [url], authority, databases: ["app"], patroni: [], certificate: "", key: "", writers: [] });

  it("are resumed once the work is done, by their own word, and log in for no minimum of sessions meanwhile", async () => {
    pooler = await playPooler();
    const { result } = await underPause(controlOf(pooler), {}, async () => pooler.paused);
    assert.deepEqual([result, pooler.paused], [true, false]);
    assert.deepEqual(pooler.said, ["SHOW CONFIG", "SET min_pool_size = 0", "PAUSE app", "RESUME app", "SHOW DATABASES", "SET min_pool_size = 10"]);
  });

  it("are waited for as long as is said, and a transaction that outlasts that is an error that says so", async () => {
    pooler = await playPooler();
    pooler.busy = true;
    const started = Date.now();
    await assert.rejects(underPause(controlOf(pooler), { seconds: 9 }, async () => assert.fail("ran")), (error: Error) => {
      assert.ok(error instanceof Busy);
      assert.match(error.message, /after 3 s/);
      return true;
    });
    assert.ok(Date.now() - started > 2900, "gave up early");
    assert.equal(pooler.paused, false);
  });

  it("are not waited for any longer by force", async () => {
    pooler = await playPooler();
    pooler.busy = true;
    const { result } = await underPause(controlOf(pooler), { seconds: 3, force: true }, async () => pooler.paused);
    assert.deepEqual([result, pooler.paused], [true, false]);
  });

  it("get no PAUSE after their RESUME when it is called off while a connection is on its way", async () => {
    pooler = await playPooler({ slow: 1000 });
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(new Error("interrupted")), 600);
    await assert.rejects(underPause(controlOf(pooler), { signal: interrupt.signal }, async () => assert.fail("ran")), /interrupted/);
    await seconds(1);
    assert.ok(!pooler.said.includes("PAUSE app"), pooler.said.join());
    assert.equal(pooler.paused, false);
  });

  it("get no PAUSE after their RESUME when one that was sent is read late", async () => {
    pooler = await playPooler({ behind: 2500 });
    await assert.rejects(underPause(controlOf(pooler), { seconds: 3 }, async () => assert.fail("ran")), Busy);
    await seconds(1.5);
    assert.equal(pooler.paused, false, pooler.said.join());
  });

  it("are not taken for resumed where a forward to them is gone", async () => {
    pooler = await playPooler();
    const open: net.Socket[] = [];
    const forward = net.createServer((socket) => {
      const far = net.connect(pooler.port, "127.0.0.1");
      open.push(socket, far);
      for (const [from, to] of [[socket, far], [far, socket]]) from.on("error", () => to.destroy()).on("data", (data) => to.write(data)).on("close", () => to.destroy());
    });
    await new Promise<void>((resolve) => void forward.listen(0, "127.0.0.1", resolve));
    const url = pooler.url.replace(/:\d+\//, `:${(forward.address() as net.AddressInfo).port}/`);
    const all = { poolers: [url], authority: pooler.authority, databases: ["app"], forwarded: true };
    assert.deepEqual((await pauseAll(all, 2000)).map(({ outcome }) => outcome), ["paused"]);
    forward.close();
    open.forEach((socket) => socket.destroy());
    assert.deepEqual(await resumeAll(all, 1000), [new URL(url).host]);
    assert.deepEqual(await resumeAll({ ...all, forwarded: false }, 1000), []);
    assert.equal(pooler.paused, true);
  });
});
