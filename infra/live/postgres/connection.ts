import { setTimeout as sleep } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import type { Reach } from "../access";

/** Where the cluster's primary may be found, and by what it is known to be the right one. */
export interface Connection {
  /** Tried in turn: servers themselves, or proxies that lead to the primary. */
  hosts: { host: string; port: number }[];
  /** Where the hosts cannot be reached directly. */
  reach?: Reach;
  /** PEM; the certificate must be of this authority and name the host. */
  caCertificate: string;
  /** Of the superuser `postgres`. */
  password: string;
  /** How long to wait for a primary that takes writes. Seconds; default 120. */
  timeout?: number;
}

/**
 * Of each session, whatever the cluster, a database or a role is set to: SQL files mean the same everywhere, and a catalogue is printed alike.
 * Names in SQL files are qualified; DDL that cannot get its lock gives up rather than make all others queue behind it.
 */
const SESSION = {
  search_path: "pg_catalog",
  lock_timeout: "10s",
  ...Object.fromEntries(["statement_timeout", "transaction_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"].map((name) => [name, "0"])),
  synchronous_commit: "on",
  default_transaction_read_only: "off",
  default_transaction_isolation: "read committed",
  row_security: "on",
  check_function_bodies: "on",
  standard_conforming_strings: "on",
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  quote_all_identifiers: "off",
};

const LOCK = 7_062_401;
const LOST = /^(08|57P0|25006)/;
const BROKEN = /^(Connection terminated|read (ECONNRESET|ETIMEDOUT)|write EPIPE|Client has encountered a connection error)/;
const UNTRUSTED = /^(ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/;

/**
 * Runs `work` in a database of the primary, alone: others that do the same in that database wait.
 * Waits until a commit is acknowledged; throws, naming each host's last answer, when none is within the time.
 */
export async function onPrimary<T>(connection: Connection, database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectToPrimary(connection, database);
  try {
    await lock(client, connection.timeout ?? 120);
    return await work(client);
  } finally {
    await close(client);
  }
}

/** Asks again and again: who waits in pg_advisory_lock holds a snapshot, for which CREATE INDEX CONCURRENTLY of the one that has it would wait. */
async function lock(client: Client, seconds: number): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; ; await sleep(200)) {
    const { rows: [{ locked }] } = await client.query("SELECT pg_try_advisory_lock($1) AS locked", [LOCK]);
    if (locked) return;
    if (Date.now() > deadline) throw new Error(`another run holds database ${client.database}; wait for it, or end it`);
  }
}

/** Whether the connection or the primary went away; what was not committed is undone then. */
export function isConnectionLoss(error: unknown): boolean {
  const code = error instanceof DatabaseError ? error.code : undefined;
  if (error instanceof Error && error.cause) return isConnectionLoss(error.cause);
  return code ? LOST.test(code) : error instanceof Error && BROKEN.test(error.message);
}

async function connectToPrimary(connection: Connection, database: string): Promise<Client> {
  const seconds = connection.timeout ?? 120;
  const deadline = Date.now() + seconds * 1000;
  const answers = new Map<string, string>();
  for (;;) {
    for (const { host, port } of connection.hosts) {
      const client = newClient(connection, host, port, database);
      try {
        await client.connect();
        await acknowledgeWrite(client, Math.max(1000, deadline - Date.now()));
        return client;
      } catch (error) {
        const { code, message } = error as Error & { code?: string };
        await close(client);
        if (code === "3D000") throw error;
        answers.set(`${host}:${port}`, message || code || "no answer");
        if (UNTRUSTED.test(code ?? ""))
          throw new Error(`${host}:${port} is not trusted: ${message}; `
            + "its certificate must name this host and be of the stack's own authority");
      }
    }
    if (Date.now() > deadline) break;
    await sleep(Math.min(500, Math.max(0, deadline - Date.now())));
  }
  const list = [...answers].map(([host, answer]) => `  ${host}: ${answer}`).join("\n");
  throw new Error(`no primary took a write within ${seconds} s; `
    + `see whether the servers run and their standbys stream. Last answers:\n${list}`);
}

/** A small commit that waits for the standbys as any other does: a primary that nobody follows yet is not ready. */
async function acknowledgeWrite(client: Client, patience: number): Promise<void> {
  const { rows } = await client.query("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS reading");
  if (rows[0].reading) throw new Error("it is a standby, or read-only");
  const probe = { text: "SELECT pg_logical_emit_message(true, 'pgha', 'ready')", query_timeout: Math.min(patience, 15_000) };
  await client.query(probe).catch((error: Error) => {
    throw error.message === "Query read timeout" ? new Error("it takes writes, but no standby acknowledges them") : error;
  });
}

function newClient({ caCertificate, password }: Connection, host: string, port: number, database: string): Client {
  const client = new Client({
    host, port, database, password,
    user: "postgres",
    application_name: "pgha",
    ssl: { ca: caCertificate },
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    options: Object.entries(SESSION).map(([name, value]) => `-c ${name}=${value.replaceAll(" ", "\\ ")}`).join(" "),
  });
  client.on("error", () => undefined);   // the query under way rejects as well
  return client;
}

/** Ends it even where the server hangs, as in a commit that no standby acknowledges. */
async function close(client: Client): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), sleep(1000, undefined, { ref: false })]);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** Whether the server answered that there is no such database. */
export function isMissingDatabase(error: unknown): boolean {
  return isCode(error, "3D000");
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof DatabaseError && error.code === code;
}

/** Whether there is a relation of this name, which includes its schema. */
export async function relationExists(client: Client, name: string): Promise<boolean> {
  return (await client.query("SELECT to_regclass($1) IS NOT NULL AS found", [name])).rows[0].found;
}

/** Makes schema pgha, for what is noted of a database. Throws where somebody else made it first: he might replace what is in it. */
export async function prepareSchema(client: Client): Promise<void> {
  await client.query("CREATE SCHEMA IF NOT EXISTS pgha");
  const { rows } = await client.query("SELECT rolname FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = 'pgha' AND NOT rolsuper");
  if (rows.length)
    throw new Error(`schema pgha of database ${client.database} belongs to ${rows[0].rolname}, not to a superuser; rename it: ALTER SCHEMA pgha RENAME TO …`);
}
