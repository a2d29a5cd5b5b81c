import { pool } from "../../../clients/node/pgha";

export interface Written {
  acknowledged: string[];
  errors: string[];
  /** Seconds of the longest time between two acknowledged rows. */
  longestPause: number;
}

/** A client that writes one row after another by the multi-host URL, while `work` goes on. */
export async function writingDuring(url: string, work: () => Promise<void>): Promise<Written> {
  const db = pool(url, { max: 1, connectionTimeoutMillis: 5000 });
  db.on("error", () => undefined);
  const written: Written = { acknowledged: [], errors: [], longestPause: 0 };
  const run = Date.now().toString(36);
  let working = true;
  const write = async () => {
    for (let n = 0, last = Date.now(); working; n++) {
      const name = `${run}-${n}`;
      try {
        await db.query("INSERT INTO app.accounts (name) VALUES ($1)", [name]);
        written.acknowledged.push(name);
        written.longestPause = Math.max(written.longestPause, (Date.now() - last) / 1000);
        last = Date.now();
      } catch (error) {
        written.errors.push((error as Error).message);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const writer = write();
  try {
    await work();
  } finally {
    working = false;
    await writer;
    await db.end();
  }
  return written;
}
