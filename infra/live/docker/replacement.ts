import Docker from "dockerode";
import type { Control } from "../access";
import { call, pause } from "../patroni/client";
import { addressesWithout, leaveLeadership } from "../patroni/leaveLeadership";
import { reconnectAll } from "../pooler/poolers";
import { close, open, runOnce } from "../postgres/sql";
import { underPause } from "../pooler/underPause";
import { FINGERPRINT } from "./fingerprint";

export interface Neighbour {
  container: string;
  /** It is waited for as the container that it is to become. */
  fingerprint?: string;
  /** It is made after this one: where it is not there yet, nothing waits for it. */
  later?: boolean;
}

export interface HandoverInputs {
  server: string;
  fingerprint: string;
  /** Fingerprint of the container that runs. */
  running: string;
  neighbours: Neighbour[];
  member?: { name: string; order: string[] };
  /** Within which the proxies find a member down that is stopped. Milliseconds. */
  noticed?: number;
  pools?: string[];
  control?: Control;
}

/** Seconds that neighbours have to be healthy, and open statements to end on a proxy that goes. */
const NEIGHBOUR_SECONDS = 120;
const DRAIN_SECONDS = 5;
/** Of a pause, for what comes after the proxies have noticed. */
const SPARE_MS = 1000;

/** What runs now; "none" where there is no such container. */
export async function running(server: string): Promise<string> {
  return (await fingerprintOf(server).catch(() => undefined)) ?? "none";
}

/**
 * Waits until everything else is healthy, so that one server at a time is away; then takes from this one what others
 * depend on. A server that is not healthy itself has nothing to lose and may be replaced at once.
 */
export async function prepare({ server, neighbours, member, noticed = 0, pools, control }: HandoverInputs): Promise<void> {
  if (!(await isHealthy(server))) return;
  for (const neighbour of neighbours) await waitForNeighbour(server, neighbour);
  if (member && control) {
    await leaveLeadership(member, control);
    await leaveReaders(server, member.name, noticed, control);
  }
  if (pools && control) await leaveTraffic(server, pools, control);
}

/**
 * Readers wait at the poolers until every proxy has noticed that this server goes; it is stopped for that. Statements that
 * run get a third of the pause to end, then those on this server are cut off.
 */
async function leaveReaders(server: string, name: string, noticed: number, control: Control): Promise<void> {
  const others = await addressesWithout(name, control);
  const own = control.patroni.filter((address) => !others.includes(address));
  const serves = () => Promise.all(own.map((address) => call(control, address, "GET", "/replica", undefined, 1))).then(() => true, () => false);
  let stopped: Promise<unknown> | undefined;
  const databases = control.databases.map((database) => `${database}_ro`);
  await underPause({ ...control, databases }, { force: true }, async (left) => {
    stopped = new Docker().getContainer(server).stop();
    stopped.catch(() => undefined);
    while (left() > 0 && (await serves())) await pause(100);
    await pause(Math.min(noticed, left() - SPARE_MS));
  });
  await stopped;
}

/**
 * The proxy takes no new connections and is not to start again; those of the pools end with their statements. A pool
 * whose first attempt at the next proxy comes while it has no connection left fails its clients: so one is held in each
 * until another has found its way.
 */
async function leaveTraffic(server: string, pools: string[], control: Control): Promise<void> {
  const session = (url: string) => open(url, control.authority, DRAIN_SECONDS * 1000).catch(() => undefined);
  const used = await usedPools(pools, control);
  const held = await Promise.all(used.map(session));
  await Promise.all(held.map((client) => client?.query("BEGIN").catch(() => undefined)));
  const container = new Docker().getContainer(server);
  await container.update({ RestartPolicy: { Name: "no" } });
  await container.kill({ signal: "SIGUSR1" });
  await pause(200);
  const databases = control.databases.flatMap((database) => [database, `${database}_ro`]);
  const left = reconnectAll({ ...control, databases }, DRAIN_SECONDS * 1000);
  await Promise.all(used.map((url) => runOnce(url, control.authority, "SELECT 1", DRAIN_SECONDS * 1000).catch(() => undefined)));
  for (const client of held) if (client) close(client);
  await left;
}

/** Those with clients or servers; all of a pooler that does not say. */
async function usedPools(pools: string[], control: Control): Promise<string[]> {
  const used = new Map(await Promise.all(control.poolers.map(async (url): Promise<[string, string[] | undefined]> => {
    const rows = await runOnce(url, control.authority, "SHOW POOLS", DRAIN_SECONDS * 1000).catch(() => undefined);
    const busy = rows?.filter((row) => Object.entries(row).some(([key, count]) => /^(cl|sv)_/.test(key) && Number(count) > 0));
    return [new URL(url).host, busy?.map(({ user, database }) => `${user}/${database}`)];
  })));
  return pools.filter((pool) => {
    const { host, username, pathname } = new URL(pool);
    return used.get(host)?.includes(`${username}${pathname}`) ?? true;
  });
}

async function waitForNeighbour(server: string, { container, fingerprint, later }: Neighbour): Promise<void> {
  if (later && !(await exists(container))) return;
  const deadline = Date.now() + NEIGHBOUR_SECONDS * 1000;
  for (;;) {
    const healthy = await isHealthy(container);
    const arrived = fingerprint === undefined || (await fingerprintOf(container)) === fingerprint;
    if (healthy && arrived) return;
    // It is well, but is not going to be replaced: an `up` of chosen resources
    if (healthy && Date.now() > deadline) return;
    if (Date.now() > deadline)
      throw new Error(`${server} is not replaced while ${container} is not healthy: see \`docker logs ${container}\`, then run up again`);
    await pause(500);
  }
}

async function exists(container: string): Promise<boolean> {
  return new Docker().getContainer(container).inspect().then(() => true).catch(orMissing(false));
}

/** undefined: there is no such container, or one that is not labelled. */
async function fingerprintOf(container: string): Promise<string | undefined> {
  const { Config } = await new Docker().getContainer(container).inspect().catch(orMissing({ Config: { Labels: {} as Record<string, string> } }));
  return Config.Labels[FINGERPRINT];
}

/** Runs the health check of the container now; Docker's own verdict may be some seconds old. */
async function isHealthy(container: string): Promise<boolean> {
  try {
    const check = await new Docker().getContainer(container).exec({ Cmd: ["health"], AttachStdout: true, AttachStderr: true });
    const stream = await check.start({});
    await new Promise((resolve) => stream.resume().once("end", resolve).once("error", resolve).once("close", resolve));
    return (await check.inspect()).ExitCode === 0;
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode === 404 || statusCode === 409) return false; // missing, or not running
    throw error;
  }
}

function orMissing<T>(instead: T) {
  return (error: { statusCode?: number }) => {
    if (error.statusCode === 404) return instead;
    throw error;
  };
}
