import { Client } from "pg";
import { UsageError } from "../../arguments";
import { findEngine } from "../../engine";
import { Logs, logsOf, Outputs, readOutputs } from "../../outputs";
import { openSession } from "../database";
import { openStore, Store } from "../store";

/** A deployed stack that has a log system. */
export async function findLogs(stack: string | undefined): Promise<{ outputs: Outputs; logs: Logs }> {
  const engine = findEngine();
  const name = stack ?? engine.stack;
  const outputs = await readOutputs(engine, name);
  return { outputs, logs: logsOf(outputs, name) };
}

/** Its archive, and a session that is ended afterwards. */
export async function withArchive<T>(
  { stack, to }: { stack?: string; to?: string },
  work: (found: { client: Client; store: Store; logs: Logs }) => Promise<T>,
): Promise<T> {
  const { outputs, logs } = await findLogs(stack);
  const store = openStore({ ...logs, archive: to ?? logs.archive }, outputs.cluster.name);
  const client = await openSession(outputs);
  try {
    return await work({ client, store, logs });
  } finally {
    await client.end();
  }
}

export const say = (text: string) => void process.stderr.write(`${text}\n`);

export function print(json: boolean, value: unknown, text: () => string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : text());
}

export function parseCount(option: string, text: string, most: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= most) return count;
  throw new UsageError(`${option} takes a number from 1 to ${most}, not "${text}"`, "npx pgha logs --help");
}

export const archiveOptions = { to: { type: "string" } } as const;
