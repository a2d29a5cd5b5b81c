import { pause } from "../patroni/client";
import { close, open, runOnce } from "../postgres/sql";

const CONNECT_MS = 2000;

/** What a pooler is asked through; all of them serve the same databases. */
export interface Poolers {
  poolers: string[];
  authority: string;
  databases: string[];
  /** The addresses are port-forwards: one that refuses says nothing of the pooler behind it. */
  forwarded?: boolean;
  /** Application name of the connections that PAUSE. As long as one of them is left at a pooler, its PAUSE may still come. */
  session?: string;
}

/** One database on one pooler. */
export interface Pool {
  url: string;
  database: string;
}

/** What became of a PAUSE. late: it holds, but transactions were still open. silent: nothing was sent, the pooler serves nobody. */
export interface Attempt extends Pool {
  outcome: "paused" | "late" | "silent" | "called off" | "failed";
  error?: Error;
}

/** Every database on every pooler. */
export function poolsOf({ poolers, databases }: Poolers): Pool[] {
  return poolers.flatMap((url) => databases.map((database) => ({ url, database })));
}

/** host:port of a pooler, without the password its URL holds. */
export function nameOf(url: string): string {
  return new URL(url).host;
}

export const namesOf = (pools: Pool[]) => [...new Set(pools.map(({ url }) => nameOf(url)))];

/**
 * A paused pooler goes on logging in for min_pool_size, cuts each login off, and refuses the first client after the RESUME
 * for that. Has each keep no minimum, and returns what undoes it; a failure costs no more than such a client.
 */
export async function keepNoMinimum({ poolers, authority }: Poolers): Promise<() => Promise<void>> {
  const tell = (url: string, statement: string) => runOnce(url, authority, statement, CONNECT_MS).catch(() => []);
  const minima = await Promise.all(
    poolers.map(async (url) => {
      const minimum = Number((await tell(url, "SHOW CONFIG")).find(({ key }) => key === "min_pool_size")?.value ?? 0);
      if (minimum > 0) await tell(url, "SET min_pool_size = 0");
      return { url, minimum };
    }),
  );
  const kept = minima.filter(({ minimum }) => minimum > 0);
  return async () => void (await Promise.all(kept.map(({ url, minimum }) => tell(url, `SET min_pool_size = ${minimum}`))));
}

/**
 * PAUSEs the databases on every pooler: what is in a transaction ends it, for which it has `milliseconds`; whoever wants to
 * begin one waits. Never throws, and returns when no PAUSE is on its way to be sent any more.
 */
export function pauseAll(all: Poolers, milliseconds: number, signal?: AbortSignal): Promise<Attempt[]> {
  return Promise.all(poolsOf(all).map(async (pool) => ({ ...pool, ...(await pausePool(all, pool, milliseconds, signal)) })));
}

async function pausePool({ authority, session }: Poolers, { url, database }: Pool, milliseconds: number, signal?: AbortSignal): Promise<Omit<Attempt, keyof Pool>> {
  const client = await open(url, authority, CONNECT_MS, 0, session).catch(() => undefined);
  if (!client) return { outcome: "silent" };
  let stop = () => {};
  try {
    if (signal?.aborted) return { outcome: "called off" };
    const calledOff = new Promise<Omit<Attempt, keyof Pool>>((resolve) => {
      stop = () => resolve({ outcome: "called off" });
      signal?.addEventListener("abort", stop);
    });
    const late = pause(milliseconds).then(() => ({ outcome: "late" }) as const);
    const paused = client.query(`PAUSE "${database}"`).then(() => ({ outcome: "paused" }) as const);
    return await Promise.race([paused, late, calledOff]);
  } catch (error) {
    return { outcome: "failed", error: error as Error };
  } finally {
    signal?.removeEventListener("abort", stop);
    close(client);
  }
}

/**
 * RESUMEs these pools, and tries again for `milliseconds` where one does not say that it is resumed. Returns those that did
 * not. Where nothing listens until then nothing is paused, unless it is a forward that is gone.
 */
export async function resumeAll(all: Poolers, milliseconds: number, pools = poolsOf(all)): Promise<string[]> {
  const deadline = Date.now() + milliseconds;
  const outcomes = await Promise.all(
    pools.map(async (pool) => {
      for (;;) {
        const answer = await resume(all, pool).catch((error: { code?: string }) => error.code);
        if (answer === true) return [];
        if (Date.now() > deadline) return answer === "ECONNREFUSED" && !all.forwarded ? [] : [pool];
        await pause(200);
      }
    }),
  );
  return namesOf(outcomes.flat());
}

/** Whether the pooler says that this is not paused, and nobody is left at it who could PAUSE it once more. */
async function resume({ authority, session }: Poolers, { url, database }: Pool): Promise<boolean> {
  const client = await open(url, authority, CONNECT_MS);
  try {
    const left = session === undefined ? [] : (await client.query<{ application_name: string }>("SHOW CLIENTS")).rows;
    await client.query(`RESUME "${database}"`).catch((error: Error) => {
      if (!/not paused/.test(error.message)) throw error;
    });
    const { rows } = await client.query<{ name: string; paused: number }>("SHOW DATABASES");
    const paused = rows.some(({ name, paused }) => name === database && Number(paused) === 1);
    return !paused && !left.some(({ application_name }) => application_name === session);
  } finally {
    close(client);
  }
}

/** Process ids of the servers that pools are in a transaction on. None where a pooler does not say. */
export async function busyServers(authority: string, pools: Pool[]): Promise<number[]> {
  const answers = await Promise.all(
    pools.map(async ({ url, database }) => {
      const rows = await runOnce(url, authority, "SHOW SERVERS", CONNECT_MS).catch(() => []);
      return rows.filter((row) => row.database === database && row.state === "active").map(({ remote_pid }) => Number(remote_pid));
    }),
  );
  return answers.flat();
}

/** Has every pooler that answers take new connections to its servers, each as soon as its transaction has ended. */
export async function reconnectAll(all: Poolers, milliseconds: number): Promise<void> {
  const calm = async ({ url, database }: Pool) => {
    await runOnce(url, all.authority, `RECONNECT "${database}"`, CONNECT_MS);
    await runOnce(url, all.authority, `WAIT_CLOSE "${database}"`, milliseconds);
  };
  await Promise.all(poolsOf(all).map((pool) => calm(pool).catch(() => undefined)));
}
