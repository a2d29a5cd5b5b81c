import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as net from "node:net";
import * as path from "node:path";
import { armGuard } from "../../../../infra/live/pooler/guard";
import { underPause } from "../../../../infra/live/pooler/underPause";

/** Stands for a pooler: counts the connections made to it, and hangs up. */
async function fakePooler(): Promise<{ url: string; calls: () => number; close: () => void }> {
  let calls = 0;
  const server = net.createServer((socket) => void (calls++, socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return { url: `postgresql://pooler_admin:x@127.0.0.1:${port}/pgbouncer`, calls: () => calls, close: () => void server.close() };
}

async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 8000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, "did not happen within 8 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 700));
const guard = path.join(__dirname, "../../../../infra/live/pooler/guard");

describe("the guard of a pause", function () {
  this.timeout(20_000);
  let pooler: Awaited<ReturnType<typeof fakePooler>>;
  beforeEach(async () => (pooler = await fakePooler()));
  afterEach(() => pooler.close());
  const poolers = () => ({ poolers: [pooler.url], authority: "", databases: ["app"] });

  it("goes to the poolers when the process it watches over is killed, and not before", async () => {
    const script = `require(${JSON.stringify(guard)}).armGuard(${JSON.stringify(poolers())}, 60).then(() => { console.log("armed"); setInterval(() => {}, 1000); })`;
    const victim = spawn(process.execPath, ["--require", "tsx/cjs", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => victim.stdout.once("data", resolve));
    await quiet();
    assert.equal(pooler.calls(), 0);
    victim.kill("SIGKILL");
    await eventually(() => pooler.calls() > 0);
  });

  it("goes to the poolers when its time is up", async () => {
    await armGuard(poolers(), 0.5);
    await eventually(() => pooler.calls() > 0);
  });

  it("leaves them alone once it is released", async () => {
    (await armGuard(poolers(), 0.5)).release();
    await quiet();
    await quiet();
    assert.equal(pooler.calls(), 0);
  });

  it("is not needed when the work fails or is called off: the poolers are resumed all the same", async () => {
    pooler.close(); // nothing listens: nothing is paused, resuming is done at once
    const control = { ...poolers(), patroni: [], certificate: "", key: "", writers: [] };
    await assert.rejects(underPause(control, {}, () => Promise.reject(new Error("broken"))), /broken/);
    await assert.rejects(underPause(control, { seconds: 0.5 }, () => new Promise(() => {})), /gave up: the poolers had been paused for 0.5 s/);
    await assert.rejects(underPause(control, { signal: AbortSignal.abort(new Error("interrupted")) }, async () => assert.fail("ran")), /interrupted/);
  });
});
