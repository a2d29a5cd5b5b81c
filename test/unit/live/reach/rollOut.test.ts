import assert from "node:assert/strict";
import { rollOut } from "../../../../infra/live/reach/rollOut";
import { PlayedSsm, Said } from "../../support/playedSsm";

const WHERE = { region: "us-east-1", instance: "i-1", host: "pgha-prod-etcd-1", commands: "pgha-pull" };
const PATIENCE = { agent: 2, run: 5, poll: 0.02 };

describe("a rollout to a machine", () => {
  let stop: (() => Promise<void>) | undefined;
  const played = async (run: () => Promise<Said>, reportsAfter = 0) => {
    const began = Date.now();
    const ssm = new PlayedSsm(() => (Date.now() - began >= reportsAfter ? { run } : undefined));
    stop = await ssm.start();
    return ssm;
  };
  afterEach(() => stop?.());

  it("waits for the agent of a machine that boots, and for the end of the command", async () => {
    let ended = false;
    const ssm = await played(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      ended = true;
      return { code: 0, text: "apply: this machine is as its bundle says" };
    }, 300);
    await rollOut(WHERE, PATIENCE);
    assert.ok(ended);
    assert.deepEqual(ssm.commands, [{ instance: "i-1", commands: "pgha-pull" }]);
  });

  it("fails with the machine's own last lines", async () => {
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`);
    await played(async () => ({ code: 1, text: [...lines, "apply: pgha-etcd.service did not become healthy within 300 s"].join("\n") }));
    await assert.rejects(rollOut(WHERE, PATIENCE), (error: Error) => {
      assert.match(error.message, /^pgha-prod-etcd-1 is not as its bundle says \(Failed\):\n/);
      assert.match(error.message, /apply: pgha-etcd.service did not become healthy within 300 s$/);
      assert.ok(!error.message.includes("line 50"));
      return true;
    });
  });

  it("says where to look when the agent never reports", async () => {
    await played(async () => ({ code: 0, text: "" }), 60_000);
    await assert.rejects(rollOut(WHERE, { ...PATIENCE, agent: 0.2 }), /pgha-prod-etcd-1: its agent has not reported .* get-console-output .* i-1$/);
  });

  it("fails where the command cannot be delivered", async () => {
    await played(() => Promise.reject(new Error("the machine was stopped")));
    await assert.rejects(rollOut(WHERE, PATIENCE), /\(Undeliverable\):\nthe machine was stopped/);
  });
});
