import assert from "node:assert/strict";
import { UNKNOWN } from "../../../../tools/providers/resource";
import type { DiffKind, Properties } from "../../../../tools/providers/resource";
import { standInDocker } from "../../../../tools/providers/standInDocker";
import { inputsFromState } from "../../../../tools/providers/standInDocker/containerState";

const { ["docker:index/container:Container"]: container, ["docker:index/network:Network"]: network } =
  standInDocker.resources;

const inputs: Properties = {
  name: "pg",
  image: "sha256:1",
  command: ["run", "fast"],
  envs: ["PGDATA=/data", "A=1"],
  labels: [{ label: "role", value: "standby" }],
  healthcheck: {
    tests: ["CMD", "ok"],
    interval: "5s",
    timeout: "2s",
    startPeriod: "0s",
    startInterval: "0s",
    retries: 3,
  },
  networksAdvanced: [{ name: "net", aliases: ["b", "a"] }],
  ports: [{ internal: 5432, external: 15432, ip: "127.0.0.1", protocol: "tcp" }],
  uploads: [{ file: "/etc/a.conf", content: "a=1\n", permissions: "0640" }],
  volumes: [{ containerPath: "/data", volumeName: "data" }],
  capabilities: { adds: ["CHOWN"], drops: ["ALL"] },
  memory: 256,
  restart: "always",
  wait: true,
  waitTimeout: 60,
  mustRun: true,
};

/** What a healthy container leaves in the state: sets sorted, everything Docker adds. */
const state: Properties = {
  ...inputs,
  id: "1",
  envs: ["A=1", "PGDATA=/data"],
  networksAdvanced: [{ name: "net", aliases: ["a", "b"], ipv4Address: "" }],
  volumes: [{ containerPath: "/data", volumeName: "data", readOnly: false, hostPath: "" }],
  uploads: [{ file: "/etc/a.conf", content: "a=1\n", permissions: "0640", executable: false }],
  entrypoints: [],
  hostname: "pg",
  networkDatas: [{ networkName: "net", ipAddress: "172.18.0.2" }],
  shmSize: 64,
  memorySwap: 0,
  user: "postgres",
};

const diff = (changes: Properties, from: Properties = state) =>
  container.diff({ state: from, oldInputs: inputs, news: { ...inputs, ...changes } }).detailed;

describe("stand-in diff of a container", () => {
  it("sees nothing where only order, defaults and Docker's additions differ", () => assert.deepEqual(diff({}), {}));

  const cases: [string, Properties, Record<string, DiffKind>][] = [
    ["image", { image: "sha256:2" }, { image: "UPDATE_REPLACE" }],
    ["image of a preview", { image: UNKNOWN }, { image: "UPDATE_REPLACE" }],
    ["one word of the command", { command: ["run", "slow"] }, { "command[1]": "UPDATE_REPLACE" }],
    ["a longer command", { command: ["run", "fast", "-v"] }, { "command[2]": "ADD_REPLACE" }],
    ["a shorter command", { command: ["run"] }, { "command[1]": "DELETE_REPLACE" }],
    [
      "an environment variable",
      { envs: ["PGDATA=/data", "A=2"] },
      { "envs[0]": "DELETE_REPLACE", "envs[1]": "ADD_REPLACE" },
    ],
    ["an unknown environment variable", { envs: [UNKNOWN, "A=1"] }, { envs: "UPDATE_REPLACE" }],
    ["a label", { labels: [{ label: "role", value: "primary" }] }, { "labels[0].value": "UPDATE_REPLACE" }],
    [
      "the first health check",
      { healthcheck: { ...(inputs.healthcheck as Properties), retries: 5 } },
      { "healthcheck.retries": "UPDATE" },
    ],
    ["an alias", { networksAdvanced: [{ name: "net", aliases: ["a"] }] }, { networksAdvanced: "UPDATE_REPLACE" }],
    [
      "a port",
      { ports: [{ ...(inputs.ports as Properties[])[0], external: 1 }] },
      { "ports[0].external": "UPDATE_REPLACE" },
    ],
    ["no ports", { ports: [] }, { ports: "DELETE_REPLACE" }],
    [
      "an upload",
      { uploads: [{ file: "/etc/a.conf", content: "a=2\n", permissions: "0640" }] },
      { uploads: "UPDATE_REPLACE" },
    ],
    ["a volume", { volumes: [{ containerPath: "/data", volumeName: "other" }] }, { volumes: "UPDATE_REPLACE" }],
    [
      "a capability",
      { capabilities: { adds: ["CHOWN", "SETUID"], drops: ["ALL"] } },
      { "capabilities.adds[1]": "ADD_REPLACE" },
    ],
    ["memory", { memory: 512 }, { memory: "UPDATE" }],
    ["no memory limit", { memory: null }, { memory: "DELETE" }],
    ["swap", { memorySwap: 512 }, { memorySwap: "UPDATE" }],
    ["restart policy", { restart: "no" }, { restart: "UPDATE" }],
    ["waiting", { wait: null, waitTimeout: 90 }, { wait: "UPDATE", waitTimeout: "UPDATE" }],
    ["a temporary file system", { tmpfs: { "/run": "rw" } }, { tmpfs: "ADD" }],
    ["read-only root", { readOnly: true }, { readOnly: "ADD_REPLACE" }],
    ["the user", { user: "root" }, { user: "UPDATE_REPLACE" }],
    ["an init process", { init: true }, { init: "ADD" }],
  ];
  for (const [what, changes, expected] of cases) it(`${what}`, () => assert.deepEqual(diff(changes), expected));

  it("counts a health check as a reason only beside another one", () => {
    const healthcheck = { ...(inputs.healthcheck as Properties), interval: "9s" };
    assert.deepEqual(diff({ healthcheck, image: "sha256:2" }), {
      "healthcheck.interval": "UPDATE_REPLACE",
      image: "UPDATE_REPLACE",
    });
  });

  it("deletes before it replaces", () => {
    assert.ok(container.diff({ state, oldInputs: inputs, news: { ...inputs, image: "x" } }).deleteBeforeReplace);
  });

  it("leaves alone what Docker filled in", () =>
    assert.deepEqual(diff({ hostname: null, shmSize: null, user: null }), {}));

  it("replaces a container that stopped: it has lost its ports", () => {
    const stopped = { ...state, mustRun: false, ports: [], exitCode: 137 };
    assert.deepEqual(diff({}, stopped), { mustRun: "UPDATE", ports: "ADD_REPLACE" });
  });

  it("replaces a container that failed while it was being made", () => {
    const failed = { ...state, entrypoints: null, networkDatas: null };
    assert.deepEqual(diff({}, failed), { entrypoints: "ADD_REPLACE", networkDatas: "ADD" });
    const withEntrypoint = { ...failed, entrypoints: ["run"] };
    assert.deepEqual(diff({ entrypoints: ["run"] }, withEntrypoint), { networkDatas: "ADD_REPLACE" });
  });
});

describe("stand-in refresh of a container", () => {
  it("keeps the inputs of a container as it was made", () => {
    const kept = inputsFromState({ ...inputs, __defaults: ["mustRun"] }, state);
    assert.deepEqual(kept, { ...inputs, __defaults: ["mustRun"] });
  });

  it("shows a stop outside as lost ports and mustRun, no longer a default", () => {
    const drifted = inputsFromState({ ...inputs, __defaults: ["mustRun"] }, { ...state, mustRun: false, ports: [] });
    assert.deepEqual(drifted, { ...inputs, mustRun: false, ports: [], __defaults: [] });
  });
});

describe("stand-in diff of a network", () => {
  const made = { name: "n", driver: "bridge", ipamDriver: "default", internal: false, labels: [], options: {} };
  const news = { name: "n", ipamDriver: "default" };

  it("leaves alone what Docker filled in", () =>
    assert.deepEqual(network.diff({ state: made, oldInputs: news, news }).detailed, {}));

  it("replaces for every change", () => {
    const changed = { ...news, internal: true, labels: [{ label: "a", value: "b" }] };
    assert.deepEqual(network.diff({ state: made, oldInputs: news, news: changed }).detailed, {
      internal: "UPDATE_REPLACE",
      labels: "ADD_REPLACE",
    });
  });
});
