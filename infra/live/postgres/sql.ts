import { Client } from "pg";

/**
 * Opens one connection by a URL of one host, over TLS verified by `authority`. Parameters of the URL are libpq's and ignored.
 * `queryMilliseconds` is for each statement; 0: no limit.
 */
export async function open(url: string, authority: string, milliseconds: number, queryMilliseconds = milliseconds, name = "pgha-switchover"): Promise<Client> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const client = new Client({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    ssl: { ca: authority },
    application_name: name,
    connectionTimeoutMillis: milliseconds,
    query_timeout: queryMilliseconds,
  });
  client.on("error", () => undefined); // the query under way rejects as well
  try {
    await client.connect();
    return client;
  } catch (error) {
    close(client);
    throw error;
  }
}

/** Ends a connection at once: a server that hangs is not waited for. */
export function close(client: Client): void {
  client.end().catch(() => undefined);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

const CONNECT_MS = 2000;

/** Runs one statement over a connection of its own, for which it has 2 s. */
export async function runOnce(url: string, authority: string, statement: string, milliseconds: number): Promise<Record<string, unknown>[]> {
  const client = await open(url, authority, Math.min(CONNECT_MS, milliseconds), milliseconds);
  try {
    return (await client.query(statement)).rows;
  } finally {
    close(client);
  }
}

/** A commit that a synchronous standby must have, and that leaves no trace in a table. Fails on a standby. */
export const WRITE = "SELECT pg_logical_emit_message(true, 'pgha', 'write')";
