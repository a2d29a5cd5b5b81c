import type { Client } from "pg";

/** Runs `work` in one transaction: committed when it is done, rolled back when it throws. */
export async function inTransaction<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  try {
    const result = await work();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Runs `work` in a transaction that is rolled back, whatever happens. */
export async function inRolledBack<T>(client: Client, work: () => Promise<T>, begin = "BEGIN"): Promise<T> {
  await client.query(begin);
  try {
    return await work();
  } finally {
    await client.query("ROLLBACK");
  }
}
