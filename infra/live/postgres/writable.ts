import type { Control } from "../access";
import { pause } from "../patroni/client";
import { runOnce, WRITE } from "./sql";

const ATTEMPT_MS = 2000;
const BETWEEN_MS = 50;

/** The proxies of `writers` whose way leads to a primary that takes writes. */
export async function writableWays({ writers, authority }: Control): Promise<string[]> {
  const ways = await Promise.all(writers.map((url) => runOnce(url, authority, WRITE, ATTEMPT_MS).then(() => [url], () => [])));
  return ways.flat();
}

/** Waits until a write is acknowledged through each of these proxies. */
export async function untilWritable(ways: string[], authority: string, left: () => number): Promise<void> {
  await Promise.all(
    ways.map(async (url) => {
      for (;;) {
        // The commit may have to wait for the first synchronous standby: begun anew it would not come sooner
        const limit = left();
        if (limit <= 0) throw new Error(`no write was acknowledged through the proxy ${new URL(url).host} in time`);
        if (await runOnce(url, authority, WRITE, limit).then(() => true, () => false)) return;
        await pause(BETWEEN_MS);
      }
    }),
  );
}

/** Writes out what the primary has in memory, so that its shutdown is short. Costs nobody a wait; a failure costs time only. */
export async function checkpoint(ways: string[], authority: string): Promise<void> {
  if (ways.length) await runOnce(ways[0], authority, "CHECKPOINT", 120_000).catch(() => undefined);
}

/** Ends the keepers' sessions once the poolers are paused: a primary that stops waits for them (images/postgres/before-stop). A failure costs time only. */
export function dismissKeepers(ways: string[], authority: string): void {
  const statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgha keeper'";
  if (ways.length) runOnce(ways[0], authority, statement, 1000).catch(() => undefined);
}
