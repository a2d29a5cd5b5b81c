import * as https from "node:https";
import type { Address } from "../targets/target";

export type Json = { [key: string]: unknown };

/** Where Patroni answers, and what its certificate and ours are checked by. PEM texts. */
export interface Access {
  patroni: Address[];
  authority: string;
  certificate: string;
  key: string;
}

export interface SettingsInputs extends Access {
  configuration: Json;
}

interface Member {
  address: Address;
  primary: boolean;
  pendingRestart: boolean;
}

/** One call of Patroni's REST API; throws where it answers anything but success. */
function call({ authority, certificate, key }: Access, { host, port }: Address, method: string, path: string, body?: Json): Promise<Json> {
  const options = { host, port, method, path, ca: authority, cert: certificate, key, timeout: 60_000, agent: false as const };
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => {
        if (response.statusCode && response.statusCode < 300) resolve(text.startsWith("{") ? JSON.parse(text) : { text });
        else reject(new Error(`Patroni at ${host}:${port} answered ${method} ${path} with ${response.statusCode}: ${text.trim()}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error(`Patroni at ${host}:${port} did not answer within 60 s`)));
    request.on("error", reject);
    request.end(body && JSON.stringify(body));
  });
}

/** The first answer of any member: all of them know the whole cluster's configuration. */
async function ask(inputs: Access, method: string, path: string, body?: Json): Promise<Json> {
  const errors: string[] = [];
  for (const address of inputs.patroni) {
    try {
      return await call(inputs, address, method, path, body);
    } catch (error) {
      errors.push((error as Error).message);
    }
  }
  throw new Error(`no member of the cluster took the configuration: ${errors.join("; ")}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What turns `live` into `wanted`, as a JSON merge patch; keys that were `managed` and are wanted no more become null. */
export function mergePatch(live: unknown, wanted: Json, managed: unknown): Json {
  const patch: Json = {};
  const before = isObject(live) ? live : {};
  for (const [key, value] of Object.entries(wanted)) {
    if (isObject(value)) {
      const inner = mergePatch(before[key], value, isObject(managed) ? managed[key] : undefined);
      if (Object.keys(inner).length || !isObject(before[key])) patch[key] = inner;
    } else if (JSON.stringify(before[key]) !== JSON.stringify(value)) patch[key] = value;
  }
  for (const key of Object.keys(isObject(managed) ? managed : {})) if (!(key in wanted) && key in before) patch[key] = null;
  return patch;
}

/** The part of `live` that is managed here: what somebody added by hand to other keys is theirs. */
export function managedPart(live: unknown, managed: Json): Json {
  const source = isObject(live) ? live : {};
  const known = Object.entries(managed).filter(([key]) => key in source);
  return Object.fromEntries(known.map(([key, value]) => [key, isObject(value) ? managedPart(source[key], value) : source[key]]));
}

/** The live configuration; undefined while no member answers. */
export async function liveConfiguration(inputs: SettingsInputs): Promise<Json | undefined> {
  return ask(inputs, "GET", "/config").catch(() => undefined);
}

async function members(inputs: Access): Promise<Member[]> {
  return Promise.all(
    inputs.patroni.map(async (address) => {
      const state = await call(inputs, address, "GET", "/patroni");
      return { address, primary: state.role === "primary", pendingRestart: Boolean(state.pending_restart) };
    }),
  );
}

/**
 * Whether one of the five settings a standby must not have lower than its primary goes down: then the primary
 * restarts first. Source: PostgreSQL's manual, 26.4.3.
 */
function lowersShared(before: unknown, after: unknown): boolean {
  const shared = ["max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction"];
  const value = (configuration: unknown, name: string) => {
    const postgresql = isObject(configuration) ? configuration.postgresql : undefined;
    const parameters = isObject(postgresql) ? postgresql.parameters : undefined;
    return isObject(parameters) ? Number(parameters[name]) : NaN;
  };
  return shared.some((name) => value(after, name) < value(before, name));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until every server takes queries and every standby streams; names those that do not after `seconds`. */
export async function waitUntilReady(access: Access, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let waiting = access.patroni;
  for (;;) {
    const answers = await Promise.all(waiting.map((address) => call(access, address, "GET", "/readiness").then(() => "", (error: Error) => error.message)));
    waiting = waiting.filter((_, index) => answers[index]);
    if (!waiting.length) return;
    if (Date.now() > deadline) throw new Error(`not ready after ${seconds} s, see the log of the server: ${answers.filter(Boolean).join("; ")}`);
    await pause(200);
  }
}

/** Restarts, one after the other, the members that a setting waits in; standbys first unless `primaryFirst`. */
async function restartWhereNeeded(inputs: SettingsInputs, primaryFirst: boolean): Promise<void> {
  await pause((Number(inputs.configuration.loop_wait) + 1) * 1000);
  const waiting = (await members(inputs)).filter(({ pendingRestart }) => pendingRestart);
  waiting.sort((a, b) => (primaryFirst ? -1 : 1) * (Number(a.primary) - Number(b.primary)));
  for (const { address } of waiting) {
    await call(inputs, address, "POST", "/restart", { restart_pending: true });
    await waitUntilReady({ ...inputs, patroni: [address] }, 60);
  }
}

export async function applySettings(inputs: SettingsInputs, managed: unknown): Promise<Json> {
  const live = await ask(inputs, "GET", "/config");
  const patch = mergePatch(live, inputs.configuration, managed);
  if (Object.keys(patch).length) {
    await ask(inputs, "PATCH", "/config", patch);
    await restartWhereNeeded(inputs, lowersShared(live, inputs.configuration));
  }
  return { ...inputs };
}
