import { pause } from "../patroni/client";
import { close, open, runOnce } from "../postgres/sql";

const CONNECT_MS = 2000;

/** What a pooler is asked through; all of them serve the same databases. */
export interface Poolers {
  poolers: string[];
  authority: string;
  databases: string[];
}

/** Every database on every pooler. */
function pools({ poolers, databases }: Poolers): { url: string; database: string }[] {
  return poolers.flatMap((url) => databases.map((database) => ({ url, database })));
}

/** host:port of a pooler, without the password its URL holds. */
export function nameOf(url: string): string {
  return new URL(url).host;
}

/**
 * PAUSEs the databases on every pooler: what is in a transaction ends it, whoever wants to begin one waits. Returns the
 * poolers that do not answer and so serve nobody; throws when transactions are still open after `milliseconds`.
 */
export async function pauseAll(all: Poolers, milliseconds: number): Promise<string[]> {
  const silent = new Set<string>();
  await Promise.all(
    pools(all).map(async ({ url, database }) => {
      const client = await open(url, all.authority, Math.min(CONNECT_MS, milliseconds)).catch(() => void silent.add(nameOf(url)));
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
  return [...silent];
}

/** RESUMEs the databases on every pooler that answers, and tries again for `milliseconds` where one fails to. Returns those that stay paused. */
export async function resumeAll(all: Poolers, milliseconds: number): Promise<string[]> {
  const deadline = Date.now() + milliseconds;
  const outcomes = await Promise.all(
    pools(all).map(async ({ url, database }) => {
      for (;;) {
        try {
          if (await resume(url, all.authority, database)) return undefined;
        } catch (error) {
          if (/ECONNREFUSED/.test((error as { code?: string }).code ?? "")) return undefined; // nothing runs there: nothing is paused
        }
        if (Date.now() > deadline) return nameOf(url);
        await pause(200);
      }
    }),
  );
  return [...new Set(outcomes.filter((name) => name !== undefined))];
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
export async function reconnectAll(all: Poolers, milliseconds: number): Promise<void> {
  const calm = async ({ url, database }: { url: string; database: string }) => {
    await runOnce(url, all.authority, `RECONNECT "${database}"`, CONNECT_MS);
    await runOnce(url, all.authority, `WAIT_CLOSE "${database}"`, milliseconds);
  };
  await Promise.all(pools(all).map((pool) => calm(pool).catch(() => undefined)));
}
