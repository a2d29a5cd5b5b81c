/** Inputs of a container after Check, defaults filled in. Sizes in MiB, times in seconds or as Go durations. */
export interface ContainerInputs {
  name: string;
  image: string;
  restart: string;
  networkMode: string;
  start: boolean;
  waitTimeout: number;
  removeVolumes: boolean;
  wait?: boolean;
  maxRetryCount?: number;
  capabilities?: { adds?: string[]; drops?: string[] };
  command?: string[];
  cpuSet?: string;
  cpuShares?: number;
  destroyGraceSeconds?: number;
  domainname?: string;
  entrypoints?: string[];
  envs?: string[];
  healthcheck?: {
    tests: string[];
    interval: string;
    timeout: string;
    startPeriod: string;
    startInterval: string;
    retries?: number;
  };
  hostname?: string;
  hosts?: { host: string; ip: string }[];
  init?: boolean;
  ipcMode?: string;
  labels?: { label: string; value: string }[];
  logDriver?: string;
  logOpts?: Record<string, string>;
  memory?: number;
  /** -1 for no limit. */
  memorySwap?: number;
  networksAdvanced?: { name: string; aliases?: string[]; ipv4Address?: string; ipv6Address?: string }[];
  ports?: { internal: number; external?: number; ip: string; protocol: string }[];
  readOnly?: boolean;
  securityOpts?: string[];
  shmSize?: number;
  stopSignal?: string;
  stopTimeout?: number;
  sysctls?: Record<string, string>;
  tmpfs?: Record<string, string>;
  ulimits?: { name: string; soft: number; hard: number }[];
  uploads?: Upload[];
  user?: string;
  volumes?: { containerPath: string; volumeName?: string; hostPath?: string; readOnly?: boolean }[];
  workingDir?: string;
}

/** One file, written into the container before it starts. Exactly one of content, contentBase64 and source is given. */
export interface Upload {
  file: string;
  content?: string;
  contentBase64?: string;
  /** A file beside the program. */
  source?: string;
  executable?: boolean;
  /** Four octal digits; goes before `executable`. */
  permissions?: string;
  owner?: string;
  group?: string;
}
