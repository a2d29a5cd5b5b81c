import assert from "node:assert/strict";
import { InitializationFailed } from "../../../../tools/providers/resource";
import type { Properties } from "../../../../tools/providers/resource";
import { container } from "../../../../tools/providers/standInDocker/container";
import { FakeDocker } from "./fakeDocker";

const inputs: Properties = {
  name: "pg",
  image: "sha256:1",
  restart: "no",
  networkMode: "bridge",
  start: true,
  wait: true,
  waitTimeout: 1,
  networksAdvanced: [{ name: "net" }],
  uploads: [{ file: "/etc/a.conf", content: "héllo", permissions: "0640", owner: "70" }],
  removeVolumes: true,
};
const starting = { Running: true, Status: "running", Health: { Status: "starting" } };
const healthy = { Running: true, Status: "running", Health: { Status: "healthy" } };

describe("stand-in container on Docker", function () {
  this.timeout(5000);
  const docker = new FakeDocker();
  const given = process.env.DOCKER_HOST;
  let cancel: AbortController;
  let shown: string[];
  const operation = () => ({ signal: cancel.signal, progress: (line: string) => void shown.push(line) });
  const create = () => container.create(inputs, operation());

  beforeEach(() => {
    cancel = new AbortController();
    shown = [];
    docker.calls.length = 0;
    docker.replies = {};
    docker.states = [starting, starting, healthy];
  });
  before(async () => {
    process.env.DOCKER_HOST = `unix://${await docker.start()}`;
  });
  after(() => {
    docker.stop();
    if (given === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = given;
  });

  it("is put on its networks, gets its files, starts, and is waited for", async () => {
    const { id, state } = await create();
    assert.equal(id, "c1");
    assert.deepEqual(
      docker.calls.map((call) => call.split("?")[0]),
      [
        "POST /containers/create",
        "POST /networks/bridge/disconnect",
        "POST /networks/net/connect",
        "PUT /containers/c1/archive",
        "POST /containers/c1/start",
      ],
    );
    assert.deepEqual(docker.files["/etc/a.conf"], { mode: 0o640, uid: 70, text: "héllo" });
    assert.deepEqual(shown, ["waiting for pg to be healthy: starting"]);
    assert.equal(state.hostname, "pg");
    assert.deepEqual(state.uploads, inputs.uploads);
  });

  it("that stays unhealthy fails, and stays in the state to be replaced", async () => {
    docker.states = [{ ...starting, Health: { Status: "unhealthy" } }];
    const failure: InitializationFailed = await create().catch((error) => error);
    assert.ok(failure instanceof InitializationFailed);
    assert.equal(failure.id, "c1");
    assert.match(failure.message, /pg is "unhealthy" after 1 s/);
    const detailed = container.diff({ state: failure.state, oldInputs: inputs, news: inputs }).detailed;
    assert.ok(Object.values(detailed).some((kind) => kind.endsWith("_REPLACE")));
  });

  it("that cannot start stays in the state, too, with Docker's own words", async () => {
    docker.replies = { "POST /containers/c1/start": { status: 500, body: { message: "port is already allocated" } } };
    await assert.rejects(create(), (error: Error) => {
      assert.ok(error instanceof InitializationFailed);
      assert.equal(error.message, "Unable to start container: port is already allocated");
      return true;
    });
  });

  it("that cannot be made leaves nothing in the state", async () => {
    docker.replies = { "POST /containers/create": { status: 409, body: { message: "name in use" } } };
    await assert.rejects(create(), (error: Error) => {
      assert.ok(!(error instanceof InitializationFailed));
      assert.match(error.message, /Unable to create container pg: name in use/);
      return true;
    });
  });

  it("stops waiting when cancelled", async () => {
    docker.states = [starting];
    setTimeout(() => cancel.abort(), 100);
    const began = Date.now();
    await assert.rejects(create(), /cancelled while pg was "starting"/);
    assert.ok(Date.now() - began < 700);
  });

  it("reports a refused update and keeps it to be tried again", async () => {
    docker.replies = { "POST /containers/c1/update": { status: 500, body: { message: "update memoryswap" } } };
    const update = container.update("c1", { memory: 1 }, { ...inputs, memory: 2 }, operation());
    await assert.rejects(update, (error: InitializationFailed) => {
      assert.equal(error.message, "Unable to update a container: update memoryswap");
      assert.equal(error.state.memory, 2);
      return true;
    });
  });

  it("is started again by the update that follows on a refresh which found it stopped", async () => {
    const running = { ...inputs, mustRun: true };
    await container.update("c1", running, { ...running, memory: 2 }, operation());
    assert.deepEqual(docker.calls.splice(0), ["POST /containers/c1/update"]);
    const state = await container.update("c1", { ...running, mustRun: false }, running, operation());
    assert.deepEqual(docker.calls.splice(0), ["POST /containers/c1/update", "POST /containers/c1/start"]);
    assert.equal(state.mustRun, true);
    await container.update("c1", { ...running, mustRun: false }, { ...running, start: false }, operation());
    assert.deepEqual(docker.calls, ["POST /containers/c1/update"]);
  });

  it("is stopped with its grace, then removed with its anonymous volumes", async () => {
    await container.delete("c1", { destroyGraceSeconds: 30, removeVolumes: true }, operation());
    assert.deepEqual(docker.calls, ["POST /containers/c1/stop?t=30", "DELETE /containers/c1?force=true&v=true"]);
  });

  it("is removed at once without a grace, even when stopped or gone already", async () => {
    await container.delete("c1", { removeVolumes: false }, operation());
    assert.deepEqual(docker.calls, ["DELETE /containers/c1?force=true&v=false"]);
    docker.replies = {
      "POST /containers/c1/stop": { status: 304 },
      "DELETE /containers/c1": { status: 404, body: { message: "gone" } },
    };
    await container.delete("c1", { destroyGraceSeconds: 1 }, operation());
  });

  it("is gone for a refresh when Docker does not know it", async () => {
    docker.replies = { "GET /containers/c1/json": { status: 404, body: { message: "gone" } } };
    assert.equal(await container.read("c1", {}, inputs), undefined);
  });
});
