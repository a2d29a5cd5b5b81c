import type { ContainerCreateOptions, EndpointSettings } from "dockerode";
import { parseDuration } from "./duration";
import type { ContainerInputs } from "./containerInputs";

export const MEBIBYTE = 1024 * 1024;

/** What Docker is asked to create for these inputs. */
export function createOptions(inputs: ContainerInputs): ContainerCreateOptions {
  const { healthcheck, ports = [] } = inputs;
  return {
    name: inputs.name,
    Image: inputs.image,
    Hostname: inputs.hostname,
    Domainname: inputs.domainname,
    Env: inputs.envs,
    Cmd: inputs.command,
    Entrypoint: inputs.entrypoints,
    User: inputs.user,
    WorkingDir: inputs.workingDir,
    Labels: Object.fromEntries((inputs.labels ?? []).map(({ label, value }) => [label, value])),
    StopSignal: inputs.stopSignal,
    StopTimeout: inputs.stopTimeout,
    ExposedPorts: Object.fromEntries(ports.map(({ internal, protocol }) => [`${internal}/${protocol}`, {}])),
    Volumes: Object.fromEntries((inputs.volumes ?? []).filter(isAnonymous).map((volume) => [volume.containerPath, {}])),
    Healthcheck: healthcheck && {
      Test: healthcheck.tests,
      Interval: parseDuration(healthcheck.interval),
      Timeout: parseDuration(healthcheck.timeout),
      StartPeriod: parseDuration(healthcheck.startPeriod),
      StartInterval: parseDuration(healthcheck.startInterval) || undefined,
      Retries: healthcheck.retries,
    },
    HostConfig: hostConfig(inputs),
  } as ContainerCreateOptions;
}

function hostConfig(inputs: ContainerInputs): ContainerCreateOptions["HostConfig"] {
  return {
    ...updatableOptions(inputs),
    Binds: (inputs.volumes ?? []).filter((volume) => !isAnonymous(volume)).map(bind),
    Tmpfs: inputs.tmpfs,
    PortBindings: portBindings(inputs),
    CapAdd: inputs.capabilities?.adds,
    CapDrop: inputs.capabilities?.drops,
    ReadonlyRootfs: inputs.readOnly,
    SecurityOpt: inputs.securityOpts,
    ShmSize: inputs.shmSize === undefined ? undefined : inputs.shmSize * MEBIBYTE,
    Ulimits: inputs.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Sysctls: inputs.sysctls,
    ExtraHosts: inputs.hosts?.map(({ host, ip }) => `${host}:${ip}`),
    LogConfig: { Type: inputs.logDriver ?? "", Config: inputs.logOpts ?? {} },
    Init: inputs.init ?? false,
    IpcMode: inputs.ipcMode,
    NetworkMode: inputs.networkMode,
  };
}

/** The part that Docker can change in place. */
export function updatableOptions(inputs: ContainerInputs) {
  const { memory, memorySwap } = inputs;
  return {
    RestartPolicy: { Name: inputs.restart, MaximumRetryCount: inputs.maxRetryCount ?? 0 },
    CpuShares: inputs.cpuShares ?? 0,
    CpusetCpus: inputs.cpuSet ?? "",
    Memory: (memory ?? 0) * MEBIBYTE,
    ...(memorySwap && { MemorySwap: memorySwap > 0 ? memorySwap * MEBIBYTE : memorySwap }),
  };
}

export function endpoint(network: NonNullable<ContainerInputs["networksAdvanced"]>[number]): EndpointSettings {
  return {
    Aliases: network.aliases,
    IPAMConfig: { IPv4Address: network.ipv4Address, IPv6Address: network.ipv6Address },
  } as EndpointSettings;
}

type Volume = NonNullable<ContainerInputs["volumes"]>[number];

const isAnonymous = (volume: Volume) => !volume.volumeName && !volume.hostPath;
const bind = ({ volumeName, hostPath, containerPath, readOnly }: Volume) =>
  `${volumeName || hostPath}:${containerPath}:${readOnly ? "ro" : "rw"}`;

function portBindings({ ports = [] }: ContainerInputs) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { internal, external, ip, protocol } of ports) {
    (bindings[`${internal}/${protocol}`] ??= []).push({ HostIp: ip, HostPort: external ? String(external) : "" });
  }
  return bindings;
}
