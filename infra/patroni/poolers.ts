import { pause } from "./client";
import { close, open, runOnce } from "./sql";

const CONNECT_MS = 2000;

/** What a pooler is asked through; several of them have the same `database`. */
export interface Poolers {
  poolers: string[];
  authority: string;
  database: string;
}

/** host:port of a pooler, without the password its URL holds. */
export function nameOf(url: string): string {
  return new URL(url).host;
}

/**
 * PAUSEs the database on every pooler: what is in a transaction ends it, whoever wants to begin one waits. Returns the
 * poolers that do not answer and so serve nobody; throws when transactions are still open after `milliseconds`.
 */
export async function pauseAll({ poolers, authority, database }: Poolers, milliseconds: number): Promise<string[]> {
  const silent: string[] = [];
  await Promise.all(
    poolers.map(async (url) => {
      const client = await open(url, authority, Math.min(CONNECT_MS, milliseconds)).catch(() => void silent.push(nameOf(url)));
      if (!client) return;
      const late = `transactions were still open on the pooler ${nameOf(url)} after ${milliseconds / 1000} s; end them, or allow more time`;
      try {
        await Promise.race([
          client.query(`PAUSE "${database}"`),
          pause(milliseconds).then(() => Promise.reject(new Error(late))),
        ]);
      } catch (error) {
        // The keeper beside a pooler may have been first
        if (!/already (paused|suspended)/.test((error as Error).message))
          throw /timeout/i.test((error as Error).message) ? new Error(late) : error;
      } finally {
        close(client);
      }
    }),
  );
  return silent;
}

/** RESUMEs the database on every pooler that answers, and tries again for `milliseconds` where one fails to. Returns those that stay paused. */
export async function resumeAll({ poolers, authority, database }: Poolers, milliseconds: number): Promise<string[]> {
  const deadline = Date.now() + milliseconds;
  const outcomes = await Promise.all(
    poolers.map(async (url) => {
      for (;;) {
        try {
          if (await resume(url, authority, database)) return undefined;
        } catch (error) {
          if (/ECONNREFUSED/.test((error as { code?: string }).code ?? "")) return undefined; // nothing runs there: nothing is paused
        }
        if (Date.now() > deadline) return nameOf(url);
        await pause(200);
      }
    }),
  );
  return outcomes.filter((name) => name !== undefined);
}

async function resume(url: string, authority: string, database: string): Promise<boolean> {
  const client = await open(url, authority, CONNECT_MS);
  try {
    await client.query(`RESUME "${database}"`).catch((error: Error) => {
      if (!/not paused/.test(error.message)) throw error;
    });
    const { rows } = await client.query<{ name: string; paused: number }>("SHOW DATABASES");
    return !rows.some(({ name, paused }) => name === database && Number(paused) === 1);
  } finally {
    close(client);
  }
}

/** Has every pooler that answers take new connections to its servers, each as soon as its transaction has ended. */
export async function reconnectAll({ poolers, authority, database }: Poolers, milliseconds: number): Promise<void> {
  const calm = async (url: string) => {
    await runOnce(url, authority, `RECONNECT "${database}"`, CONNECT_MS);
    await runOnce(url, authority, `WAIT_CLOSE "${database}"`, milliseconds);
  };
  await Promise.all(poolers.map((url) => calm(url).catch(() => undefined)));
}
