import { parseDuration } from "./duration";
import { labelFields } from "./labels";
import type { Schema } from "../schema";

const replace = true;
const computed = true;
const output = true;
const required = true;

const duration = {
  kind: "string" as const,
  default: "0s",
  validate: (value: string) =>
    parseDuration(value) === undefined ? 'must be a duration such as "500ms" or "1m30s"' : undefined,
};
const pattern = (regex: RegExp, wanted: string) => (value: string) =>
  regex.test(value) ? undefined : `must be ${wanted}`;
const numericId = pattern(/^\d*$/, "a number: this plugin knows no user or group names");

/** What the stand-in supports of docker:index/container:Container, and what a change of it means. */
export const containerSchema: Schema = {
  capabilities: {
    kind: "object",
    replace,
    fields: { adds: { kind: "stringSet", replace }, drops: { kind: "stringSet", replace } },
  },
  command: { kind: "strings", replace, computed },
  containerReadRefreshTimeoutMilliseconds: { kind: "number", default: 15000 },
  cpuSet: { kind: "string" },
  cpuShares: { kind: "number" },
  destroyGraceSeconds: { kind: "number" },
  domainname: { kind: "string", replace },
  entrypoints: { kind: "strings", replace, computed },
  envs: { kind: "stringSet", replace, computed },
  exitCode: { kind: "number", output },
  healthcheck: {
    kind: "object",
    replaceWithOthers: true,
    computed,
    fields: {
      interval: duration,
      retries: { kind: "number" },
      startInterval: duration,
      startPeriod: duration,
      tests: { kind: "strings", required },
      timeout: duration,
    },
  },
  hostname: { kind: "string", replace, computed },
  hosts: {
    kind: "objectSet",
    replace,
    fields: { host: { kind: "string", required }, ip: { kind: "string", required } },
  },
  image: { kind: "string", replace, required },
  init: { kind: "boolean", computed },
  ipcMode: { kind: "string", replace, computed },
  labels: { kind: "objectSet", replace, computed, fields: labelFields },
  logDriver: { kind: "string", replace, computed },
  logOpts: { kind: "map", replace },
  maxRetryCount: { kind: "number" },
  memory: { kind: "number" },
  memorySwap: { kind: "number" },
  mustRun: { kind: "boolean", default: true },
  name: { kind: "string", replace },
  networkDatas: { kind: "objects", output },
  networkMode: { kind: "string", replace, default: "bridge" },
  networksAdvanced: {
    kind: "objectSet",
    replace,
    fields: {
      aliases: { kind: "stringSet" },
      ipv4Address: { kind: "string" },
      ipv6Address: { kind: "string" },
      name: { kind: "string", required },
    },
  },
  ports: {
    kind: "objects",
    replace,
    fields: {
      external: { kind: "number", replace, computed },
      internal: { kind: "number", replace, required },
      ip: { kind: "string", replace, default: "0.0.0.0" },
      protocol: { kind: "string", replace, default: "tcp" },
    },
  },
  readOnly: { kind: "boolean", replace },
  removeVolumes: { kind: "boolean", default: true },
  restart: {
    kind: "string",
    default: "no",
    validate: pattern(/^(no|on-failure|always|unless-stopped)$/, "no, on-failure, always or unless-stopped"),
  },
  securityOpts: { kind: "stringSet", replace, computed },
  shmSize: { kind: "number", replace, computed },
  start: { kind: "boolean", default: true },
  stopSignal: { kind: "string", replace, computed },
  stopTimeout: { kind: "number", replace, computed },
  sysctls: { kind: "map", replace },
  tmpfs: { kind: "map" },
  ulimits: {
    kind: "objectSet",
    replace,
    fields: {
      hard: { kind: "number", required },
      name: { kind: "string", required },
      soft: { kind: "number", required },
    },
  },
  uploads: {
    kind: "objectSet",
    replace,
    fields: {
      content: { kind: "string" },
      contentBase64: { kind: "string" },
      executable: { kind: "boolean" },
      file: { kind: "string", required },
      group: { kind: "string", validate: numericId },
      owner: { kind: "string", validate: numericId },
      permissions: { kind: "string", validate: pattern(/^0[0-7]{3}$/, 'four octal digits such as "0640"') },
      source: { kind: "string" },
      sourceHash: { kind: "string" },
    },
  },
  user: { kind: "string", replace, sticky: true },
  volumes: {
    kind: "objectSet",
    replace,
    fields: {
      containerPath: { kind: "string", required },
      hostPath: { kind: "string" },
      readOnly: { kind: "boolean" },
      volumeName: { kind: "string" },
    },
  },
  wait: { kind: "boolean" },
  waitTimeout: { kind: "number", default: 60 },
  workingDir: { kind: "string", replace, sticky: true },
};
