import assert from "node:assert/strict";
import { createOptions, updatableOptions } from "../../../../tools/providers/standInDocker/containerOptions";
import type { ContainerInputs } from "../../../../tools/providers/standInDocker/containerInputs";
import { inspectedState } from "../../../../tools/providers/standInDocker/containerState";
import { formatDuration, parseDuration } from "../../../../tools/providers/standInDocker/duration";

const basic: ContainerInputs = {
  name: "c",
  image: "i",
  restart: "no",
  networkMode: "bridge",
  start: true,
  waitTimeout: 60,
  removeVolumes: true,
};

describe("what the stand-in asks of Docker", () => {
  it("is in Docker's units", () => {
    const { HostConfig, Healthcheck } = createOptions({
      ...basic,
      memory: 256,
      memorySwap: -1,
      shmSize: 64,
      healthcheck: {
        tests: ["CMD", "ok"],
        interval: "1m30s",
        timeout: "500ms",
        startPeriod: "0s",
        startInterval: "0s",
      },
    }) as any;
    assert.equal(HostConfig.Memory, 268435456);
    assert.equal(HostConfig.MemorySwap, -1);
    assert.equal(HostConfig.ShmSize, 67108864);
    assert.equal(Healthcheck.Interval, 90e9);
    assert.equal(Healthcheck.Timeout, 5e8);
  });

  it("publishes ports, mounts volumes, limits and hardens", () => {
    const { HostConfig, ExposedPorts, Volumes } = createOptions({
      ...basic,
      ports: [
        { internal: 5432, external: 15432, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 5432, ip: "10.0.0.1", protocol: "tcp" },
      ],
      volumes: [
        { containerPath: "/data", volumeName: "data" },
        { containerPath: "/etc/x", hostPath: "/x", readOnly: true },
        { containerPath: "/scratch" },
      ],
      ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
      hosts: [{ host: "db", ip: "fd00::1" }],
      capabilities: { adds: ["CHOWN"], drops: ["ALL"] },
      readOnly: true,
      securityOpts: ["no-new-privileges:true"],
    }) as any;
    assert.deepEqual(ExposedPorts, { "5432/tcp": {} });
    assert.deepEqual(HostConfig.PortBindings, {
      "5432/tcp": [
        { HostIp: "127.0.0.1", HostPort: "15432" },
        { HostIp: "10.0.0.1", HostPort: "" },
      ],
    });
    assert.deepEqual(HostConfig.Binds, ["data:/data:rw", "/x:/etc/x:ro"]);
    assert.deepEqual(Volumes, { "/scratch": {} });
    assert.deepEqual(HostConfig.Ulimits, [{ Name: "nofile", Soft: 1, Hard: 2 }]);
    assert.deepEqual(HostConfig.ExtraHosts, ["db:fd00::1"]);
    assert.deepEqual([HostConfig.CapAdd, HostConfig.CapDrop], [["CHOWN"], ["ALL"]]);
    assert.equal(HostConfig.ReadonlyRootfs, true);
    assert.deepEqual(HostConfig.SecurityOpt, ["no-new-privileges:true"]);
  });

  it("changes in place no more than Docker can", () => {
    assert.deepEqual(updatableOptions({ ...basic, restart: "always", memory: 1, memorySwap: 2 }), {
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      CpuShares: 0,
      CpusetCpus: "",
      Memory: 1048576,
      MemorySwap: 2097152,
    });
    assert.ok(!("MemorySwap" in updatableOptions(basic)));
  });
});

describe("what the stand-in reads back", () => {
  const inspected = (HostConfig: object, rest: object = {}) =>
    ({
      Id: "1",
      Name: "/c",
      Config: { Cmd: null, Entrypoint: null, Hostname: "h", Healthcheck: { Test: ["CMD", "ok"], Interval: 90e9 } },
      HostConfig,
      NetworkSettings: { Networks: {}, Ports: {} },
      State: { Running: true },
      ...rest,
    }) as any;

  it("spells capabilities as the program does, but shows other ones", () => {
    const state = { capabilities: { adds: ["CHOWN"], drops: ["ALL"] } };
    const { capabilities } = inspectedState(inspected({ CapAdd: ["CAP_CHOWN", "CAP_KILL"], CapDrop: ["ALL"] }), state);
    assert.deepEqual(capabilities, { adds: ["CAP_KILL", "CHOWN"], drops: ["ALL"] });
  });

  it("sorts ports by text, writes durations as Go does, keeps what Docker cannot tell", () => {
    const Ports = {
      "8008/tcp": [{ HostIp: "127.0.0.1", HostPort: "18008" }],
      "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "15432" }],
      "9/udp": null,
    };
    const state = inspectedState(inspected({}, { NetworkSettings: { Networks: {}, Ports } }), { envs: ["A=1"] });
    assert.deepEqual(
      (state.ports as any[]).map(({ internal, external }) => [internal, external]),
      [
        [5432, 15432],
        [8008, 18008],
      ],
    );
    assert.equal((state.healthcheck as any).interval, "1m30s");
    assert.deepEqual(state.envs, ["A=1"]);
    assert.equal(state.name, "c");
  });

  it("tells that a container has stopped, and how", () => {
    const { mustRun, exitCode } = inspectedState(inspected({}, { State: { Running: false, ExitCode: 137 } }), {});
    assert.deepEqual([mustRun, exitCode], [false, 137]);
  });
});

describe("durations", () => {
  for (const text of ["0s", "500ms", "1.5s", "59s", "1m0s", "1m30s", "1h0m0s", "2h45m0.5s", "7µs", "3ns"]) {
    it(`${text} survives`, () => assert.equal(formatDuration(parseDuration(text)!), text));
  }
  for (const text of ["", "1", "1 s", "-1s", "1d", "s"]) {
    it(`"${text}" is none`, () => assert.equal(parseDuration(text), undefined));
  }
  it("90s is written as 1m30s", () => assert.equal(formatDuration(parseDuration("90s")!), "1m30s"));
});
