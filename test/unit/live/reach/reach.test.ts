import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { reaching, reachingControl } from "../../../../infra/live/reach/reach";

/** Plays the AWS CLI and its plugin: prints what they print, runs until it is interrupted, and notes both. */
const AWS = `#!/bin/bash
echo "start $*" >>"$FAKE_AWS_LOG"
case "$*" in *i-gone*) echo "An error occurred (TargetNotConnected) when calling the StartSession operation: i-gone is not connected." >&2; exit 254 ;; esac
trap 'echo interrupted >>"$FAKE_AWS_LOG"; exit 0' INT
port=$((40000 + $(wc -l <"$FAKE_AWS_LOG")))
printf '\\nStarting session with SessionId: tester-0123\\nPort %s opened for sessionId tester-0123.\\nWaiting for connections...\\n' "$port"
while :; do sleep 0.05; done
`;

describe("reaching a cluster by port-forwards", function () {
  this.timeout(20_000);
  const addresses = [{ host: "10.20.0.32", port: 8008 }, { host: "10.20.0.48", port: 5432 }];
  const before = process.env.PATH;
  let folder: string;
  const log = () => fs.readFileSync(process.env.FAKE_AWS_LOG!, "utf8").trim().split("\n");
  const ended = () => log().filter((line) => line === "interrupted").length;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-reach-"));
    fs.writeFileSync(path.join(folder, "aws"), AWS, { mode: 0o755 });
    process.env.PATH = `${folder}${path.delimiter}${before}`;
    process.env.FAKE_AWS_LOG = path.join(folder, "log");
  });
  afterEach(() => {
    process.env.PATH = before;
    delete process.env.FAKE_AWS_LOG;
    fs.rmSync(folder, { recursive: true });
  });

  it("opens one for each address, gives their ports in order, and closes them", async () => {
    const reached = await reaching({ region: "us-east-1", instances: ["i-1"] }, addresses, async (list) => (assert.equal(ended(), 0), list));
    assert.deepEqual(reached.map(({ host }) => host), ["127.0.0.1", "127.0.0.1"]);
    assert.ok(reached.every(({ port }) => port > 40_000));
    const started = log().filter((line) => line.startsWith("start"));
    assert.equal(started.length, 2);
    assert.match(started.join("\n"), /ssm start-session --region us-east-1 --target i-1 --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters \{"host":\["10\.20\.0\.32"\],"portNumber":\["8008"\]\}/);
    assert.equal(ended(), 2);
  });

  it("closes them where the work fails, too", async () => {
    await assert.rejects(reaching({ region: "us-east-1", instances: ["i-1"] }, addresses, async () => Promise.reject(new Error("no"))), /^Error: no$/);
    assert.equal(ended(), 2);
  });

  it("goes through the next machine where one takes no session", async () => {
    const reached = await reaching({ region: "us-east-1", instances: ["i-gone", "i-2"] }, addresses.slice(0, 1), async (list) => list);
    assert.equal(reached.length, 1);
    assert.match(log().join("\n"), /i-gone[^]*i-2/);
  });

  it("says of each machine why not, and what it takes", async () => {
    await assert.rejects(
      reaching({ region: "us-east-1", instances: ["i-gone"] }, addresses, async () => undefined),
      /no port-forward to 10\.20\.0\.32:8008 .*i-gone: An error occurred \(TargetNotConnected\).*session-manager-plugin.*access\.way to direct/,
    );
    process.env.PATH = path.join(folder, "nothing");
    await assert.rejects(reaching({ region: "us-east-1", instances: ["i-1"] }, addresses, async () => undefined), /there is no program aws/);
  });

  it("moves every address of a cluster's control, says that they are forwards, and nothing else", async () => {
    const control = {
      patroni: addresses.slice(0, 1), authority: "a", certificate: "c", key: "k", databases: ["app"],
      poolers: ["postgresql://pooler_admin:p%40ss@10.20.0.48:6432/pgbouncer"], writers: ["postgresql://postgres:word@10.20.0.48:5432/postgres"],
      reach: { region: "us-east-1", instances: ["i-1"] },
    };
    const { poolers, writers, patroni, reach, ...rest } = await reachingControl(control, async (moved) => moved);
    assert.match(poolers[0], /^postgresql:\/\/pooler_admin:p%40ss@127\.0\.0\.1:4000\d\/pgbouncer$/);
    assert.match(writers[0], /^postgresql:\/\/postgres:word@127\.0\.0\.1:4000\d\/postgres$/);
    assert.equal(patroni[0].host, "127.0.0.1");
    assert.equal(reach, undefined);
    assert.deepEqual(rest, { authority: "a", certificate: "c", key: "k", databases: ["app"], forwarded: true });
  });

  it("is nothing where the addresses can be reached", async () => {
    assert.deepEqual(await reaching(undefined, addresses, async (list) => list), addresses);
    assert.equal(fs.existsSync(process.env.FAKE_AWS_LOG!), false);
  });
});
