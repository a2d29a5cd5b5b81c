import * as path from "node:path";
import { Client } from "pg";
import { Logs, logsOf, Outputs, readStack } from "../../outputs";
import { findEngine } from "../../engine";
import { say } from "../../terminal";
import { openSession } from "../database";
import type { Store } from "../stored";
import { openStore } from "../store";

/** A deployed stack that has a log system. */
export async function findLogs(named: string | undefined): Promise<{ outputs: Outputs; logs: Logs }> {
  const { stack, outputs } = await readStack(named);
  return { outputs, logs: logsOf(outputs, stack) };
}

/** Its archive, and a session that is ended afterwards. */
export async function withArchive<T>(
  { stack, to }: { stack?: string; to?: string },
  work: (found: { client: Client; store: Store; logs: Logs }) => Promise<T>,
): Promise<T> {
  const { outputs, logs } = await findLogs(stack);
  // What the configuration says is meant from the project, whoever calls from wherever; what is typed is meant from here
  const store = openStore({ ...logs, archive: to ?? fromProject(logs.archive) }, outputs.cluster.name);
  const client = await openSession(outputs);
  try {
    return await work({ client, store, logs });
  } finally {
    await client.end();
  }
}

const fromProject = (archive: string) => (/^(s3:\/\/|~|\/)/.test(archive) ? archive : path.resolve(findEngine().root, archive));

/** A file that is no archive's manifest, though it has the name of one. */
export const passedOver = (why: string) => say(`passed over: ${why}`);

export const archiveOptions = { to: { type: "string" } } as const;
