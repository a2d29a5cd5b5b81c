import assert from "node:assert/strict";
import { UNKNOWN } from "../../../../tools/providers/resource";
import type { CheckResult, Properties } from "../../../../tools/providers/resource";
import { standInDocker } from "../../../../tools/providers/standInDocker";

const check = (type: string, news: Properties, olds: Properties = {}, seed = "seed"): CheckResult =>
  standInDocker.resources[`docker:index/${type}`].check({
    name: "thing",
    olds,
    news,
    randomSeed: Buffer.from(seed),
  }) as CheckResult;

const container = (news: Properties) => check("container:Container", { image: "base", name: "c", ...news });

describe("stand-in check of a container", () => {
  it("fills in the official defaults and lists them", () => {
    const { inputs, failures } = container({});
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      __defaults: [
        "containerReadRefreshTimeoutMilliseconds",
        "mustRun",
        "networkMode",
        "removeVolumes",
        "restart",
        "start",
        "waitTimeout",
      ],
      containerReadRefreshTimeoutMilliseconds: 15000,
      image: "base",
      mustRun: true,
      name: "c",
      networkMode: "bridge",
      removeVolumes: true,
      restart: "no",
      start: true,
      waitTimeout: 60,
    });
  });

  it("fills in the defaults of ports and health checks", () => {
    const { inputs } = container({ ports: [{ internal: 80 }], healthcheck: { tests: ["CMD", "true"], timeout: "3s" } });
    assert.deepEqual(inputs.ports, [{ __defaults: ["ip", "protocol"], internal: 80, ip: "0.0.0.0", protocol: "tcp" }]);
    assert.deepEqual(inputs.healthcheck, {
      __defaults: ["interval", "startInterval", "startPeriod"],
      interval: "0s",
      startInterval: "0s",
      startPeriod: "0s",
      tests: ["CMD", "true"],
      timeout: "3s",
    });
  });

  const refused: [string, Properties, RegExp][] = [
    ["a property it does not know", { gpus: "all" }, /^"gpus" is not supported$/],
    [
      "a nested one",
      { networksAdvanced: [{ name: "n", macAddress: "m" }] },
      /^"networksAdvanced\[0\].macAddress" is not/,
    ],
    ["an output", { exitCode: 3 }, /^"exitCode" is not supported$/],
    ["a missing nested property", { ports: [{ external: 80 }] }, /^"ports\[0\].internal" is missing$/],
    ["a wrong type", { memory: "1g" }, /^"memory" must be a whole number$/],
    ["a wrong list", { envs: "A=1" }, /^"envs" must be a list of strings$/],
    ["a wrong map", { sysctls: { a: 1 } }, /^"sysctls" must be a map of strings$/],
    [
      "a wrong restart policy",
      { restart: "sometimes" },
      /^"restart" must be no, on-failure, always or unless-stopped$/,
    ],
    [
      "a wrong duration",
      { healthcheck: { tests: ["NONE"], interval: "1 s" } },
      /^"healthcheck.interval" must be a duration/,
    ],
    [
      "wrong permissions",
      { uploads: [{ file: "/a", content: "x", permissions: "640" }] },
      /^"uploads\[0\].permissions"/,
    ],
    [
      "a user's name",
      { uploads: [{ file: "/a", content: "x", owner: "postgres" }] },
      /^"uploads\[0\].owner" must be a number/,
    ],
    ["an upload without content", { uploads: [{ file: "/a" }] }, /\/a needs exactly one of content/],
    ["an upload with two contents", { uploads: [{ file: "/a", content: "x", source: "y" }] }, /\/a needs exactly one/],
  ];
  for (const [what, news, message] of refused) {
    it(`refuses ${what}, once, by name`, () => {
      const { failures } = container(news);
      assert.equal(failures.length, 1);
      assert.match(failures[0], message);
    });
  }

  it("refuses a container without an image", () => {
    assert.deepEqual(check("container:Container", { name: "c" }).failures, ['"image" is missing']);
  });

  it("never repeats a value, which may be secret", () => {
    const { failures } = container({
      uploads: [{ file: "/a", content: "hush", contentBase64: "hush" }],
      user: ["hush"],
    });
    assert.equal(failures.length, 1);
    assert.ok(!JSON.stringify(failures).includes("hush"));
  });

  it("takes what a preview does not know yet", () => {
    const uploads = [{ file: "/a", content: UNKNOWN }];
    const { inputs, failures } = container({
      envs: [UNKNOWN, "A=1"],
      networksAdvanced: UNKNOWN,
      memory: UNKNOWN,
      uploads,
    });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs.envs, [UNKNOWN, "A=1"]);
    assert.equal(inputs.networksAdvanced, UNKNOWN);
  });
});

describe("stand-in names", () => {
  it("are made from the logical name and the seed, and kept", () => {
    const first = check("volume:Volume", {}).inputs;
    assert.match(first.name as string, /^thing-[0-9a-f]{7}$/);
    assert.deepEqual(first.__defaults, ["name"]);
    assert.equal(check("volume:Volume", {}, first, "another seed").inputs.name, first.name);
    assert.notEqual(check("volume:Volume", {}, {}, "another seed").inputs.name, first.name);
  });

  it("given once are not kept when taken away", () => {
    const given = { name: "given", __defaults: [] };
    assert.match(check("network:Network", {}, given).inputs.name as string, /^thing-/);
  });
});
