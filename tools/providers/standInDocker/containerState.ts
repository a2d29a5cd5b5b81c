import type { ContainerInspectInfo } from "dockerode";
import { isAbsent } from "../schema";
import type { Json, Properties } from "../resource";
import { MEBIBYTE } from "./containerOptions";
import { formatDuration } from "./duration";

/** What Docker says about a container, over what only the state can tell (environment, labels, uploads, volumes). */
export function inspectedState(inspected: ContainerInspectInfo, state: Properties): Properties {
  const { Config, HostConfig, NetworkSettings, State } = inspected;
  const { StopSignal, StopTimeout } = Config as { StopSignal?: string; StopTimeout?: number };
  return {
    ...state,
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ""),
    mustRun: State.Running,
    exitCode: State.Running ? null : State.ExitCode,
    command: Config.Cmd ?? [],
    entrypoints: [Config.Entrypoint ?? []].flat(),
    hostname: Config.Hostname,
    domainname: Config.Domainname,
    user: Config.User,
    workingDir: Config.WorkingDir,
    stopSignal: StopSignal ?? "",
    stopTimeout: StopTimeout ?? 0,
    healthcheck: healthcheck(Config.Healthcheck),
    capabilities: capabilities(HostConfig, state.capabilities),
    cpuSet: HostConfig.CpusetCpus ?? "",
    cpuShares: HostConfig.CpuShares ?? 0,
    hosts: (HostConfig.ExtraHosts ?? []).map((entry: string) => {
      const separator = entry.indexOf(":");
      return { host: entry.slice(0, separator), ip: entry.slice(separator + 1) };
    }),
    init: HostConfig.Init ?? false,
    ipcMode: HostConfig.IpcMode ?? "",
    logDriver: HostConfig.LogConfig?.Type ?? "",
    logOpts: { ...HostConfig.LogConfig?.Config },
    maxRetryCount: HostConfig.RestartPolicy?.MaximumRetryCount ?? 0,
    memory: mebibytes(HostConfig.Memory),
    memorySwap: mebibytes(HostConfig.MemorySwap),
    networkMode: HostConfig.NetworkMode === "default" ? "bridge" : (HostConfig.NetworkMode ?? ""),
    readOnly: HostConfig.ReadonlyRootfs ?? false,
    restart: HostConfig.RestartPolicy?.Name ?? "no",
    securityOpts: [...(HostConfig.SecurityOpt ?? [])].sort(),
    shmSize: mebibytes(HostConfig.ShmSize),
    sysctls: { ...HostConfig.Sysctls },
    tmpfs: { ...HostConfig.Tmpfs },
    ulimits: (HostConfig.Ulimits ?? []).map(({ Name, Soft, Hard }: any) => ({ name: Name, soft: Soft, hard: Hard })),
    networkDatas: networkDatas(NetworkSettings),
    ports: ports(NetworkSettings.Ports ?? {}),
  };
}

/** Inputs after a refresh: what was asked for, except where it has drifted. A stopped container has lost its ports. */
export function inputsFromState(inputs: Properties, state: Properties): Properties {
  const drifted: Properties = { ...inputs };
  for (const key of Object.keys(inputs)) {
    if (readBack.has(key) && !sameMeaning(inputs[key], state[key])) drifted[key] = state[key];
  }
  drifted.__defaults = ((inputs.__defaults ?? []) as string[]).filter((key) => drifted[key] === inputs[key]);
  return drifted;
}

/** The inputs that a refresh looks at; Docker does not tell the others as they were given. */
const readBack = new Set(
  `command entrypoints hostname domainname user workingDir stopSignal stopTimeout healthcheck mustRun cpuSet cpuShares
  init ipcMode logDriver logOpts maxRetryCount memory memorySwap name networkMode ports readOnly restart shmSize
  sysctls tmpfs`.split(/\s+/),
);

function sameMeaning(input: Json, current: Json): boolean {
  const plain = (value: Json): string =>
    JSON.stringify(value, (key, inner) => {
      if (key === "__defaults") return undefined;
      const isObject = typeof inner === "object" && inner !== null && !Array.isArray(inner);
      return isObject
        ? Object.fromEntries(
            Object.entries(inner)
              .sort()
              .filter(([, v]) => v !== 0),
          )
        : inner;
    });
  return (isAbsent(input) && isAbsent(current)) || plain(input) === plain(current);
}

const mebibytes = (bytes: number | undefined) => (bytes && bytes > 0 ? Math.floor(bytes / MEBIBYTE) : (bytes ?? 0));

/** Docker writes CAP_NET_ADMIN for NET_ADMIN: keep the spelling of the program where both mean the same. */
function capabilities({ CapAdd, CapDrop }: ContainerInspectInfo["HostConfig"], given: Json): Json {
  if (isAbsent(CapAdd as Json) && isAbsent(CapDrop as Json)) return null;
  const { adds, drops } = (given ?? {}) as { adds?: string[]; drops?: string[] };
  return { adds: respelled(CapAdd, adds), drops: respelled(CapDrop, drops) };
}

function respelled(current: string[] | null | undefined, given: string[] = []): string[] {
  const short = (capability: string) => capability.toUpperCase().replace(/^CAP_/, "");
  return (current ?? []).map((name) => given.find((spelled) => short(spelled) === short(name)) ?? name).sort();
}

function healthcheck(check: ContainerInspectInfo["Config"]["Healthcheck"]): Json {
  if (!check) return null;
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = check as Record<string, any>;
  return {
    tests: Test ?? [],
    interval: formatDuration(Interval ?? 0),
    timeout: formatDuration(Timeout ?? 0),
    startPeriod: formatDuration(StartPeriod ?? 0),
    startInterval: formatDuration(StartInterval ?? 0),
    retries: Retries ?? 0,
  };
}

function networkDatas({ Networks }: ContainerInspectInfo["NetworkSettings"]): Json {
  return Object.entries(Networks ?? {}).map(([networkName, network]) => ({
    networkName,
    gateway: network.Gateway,
    ipAddress: network.IPAddress,
    ipPrefixLength: network.IPPrefixLen,
    ipv6Gateway: network.IPv6Gateway,
    globalIpv6Address: network.GlobalIPv6Address,
    globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
    macAddress: network.MacAddress,
  }));
}

/** Published ports in the official provider's order: by the container's port, as text. */
function ports(published: ContainerInspectInfo["NetworkSettings"]["Ports"]): Json {
  return Object.keys(published)
    .sort()
    .flatMap((key) => {
      const [internal, protocol] = key.split("/");
      return (published[key] ?? []).map(({ HostIp, HostPort }) => ({
        internal: Number(internal),
        external: Number(HostPort),
        ip: HostIp,
        protocol,
      }));
    });
}
