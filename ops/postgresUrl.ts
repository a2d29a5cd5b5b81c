import { TLSSocket } from "node:tls";
import { Client } from "pg";
import { describeFailure, Unreachable } from "./failure";

export interface Host {
  host: string;
  port: number;
}

/** A libpq connection URL. node-postgres takes no list of hosts (brianc/node-postgres #1470), so it is read here. */
export interface PostgresUrl {
  user: string;
  password: string;
  /** Alternatives, tried in this order. */
  hosts: Host[];
  database: string;
  parameters: URLSearchParams;
}

const form = /^postgres(?:ql)?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const hostForm = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/;

/** Throws without quoting the URL, which may hold a password. */
export function parsePostgresUrl(url: string): PostgresUrl {
  const [, user = "", password = "", list = "", database = "", query = ""] = form.exec(url) ?? [];
  const hosts = list.split(",").map((text) => {
    const [, host, port = "5432"] = hostForm.exec(text) ?? [];
    if (host === undefined) throw new Error("a connection URL is not of the form postgresql://user:password@host:port,…/database");
    return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  });
  return {
    user: decodeURIComponent(user),
    password: decodeURIComponent(password),
    hosts,
    database: decodeURIComponent(database),
    parameters: new URLSearchParams(query),
  };
}

/** What may be on a screen: user, hosts and database, without password and parameters. */
export function maskUrl(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/@]*):[^@]*@/, "$1@").replace(/\?.*$/, "");
}

export interface Connected {
  client: Client;
  /** The one that answered. */
  at: Host;
  /** Until when the certificate that it served is valid. */
  validTo: Date;
}

export interface ConnectOptions {
  /** PEM; every server's certificate must be of this authority and name the host. */
  ca: string;
  /** For each host, and for each query afterwards. Milliseconds. */
  timeout: number;
}

/** Connects to the first host that takes the connection; throws what each one answered. */
export function connect(url: string, options: ConnectOptions): Promise<Connected> {
  const target = parsePostgresUrl(url);
  return firstOf(target.hosts, (at) => connectTo(target, at, options));
}

/** The first success of `attempt`, trying in turn; throws every failure in one message, each with its host if there are several. */
export async function firstOf<T>(hosts: Host[], attempt: (at: Host) => Promise<T>): Promise<T> {
  const failures: string[] = [];
  for (const at of hosts) {
    try {
      return await attempt(at);
    } catch (error) {
      failures.push(`${hosts.length > 1 ? `${at.host}:${at.port} ` : ""}${describeFailure(error)}`);
    }
  }
  throw new Unreachable(failures.join("; "));
}

async function connectTo(target: PostgresUrl, { host, port }: Host, { ca, timeout }: ConnectOptions): Promise<Connected> {
  const { user, password, database } = target;
  const client = new Client({
    host, port, user, password, database,
    ssl: { ca },
    application_name: "pgha",
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
  });
  client.on("error", () => undefined);   // the query under way rejects as well
  try {
    await client.connect();
  } catch (error) {
    hangUp(client);
    throw error;
  }
  const { stream } = (client as unknown as { connection: { stream: TLSSocket } }).connection;
  return { client, at: { host, port }, validTo: new Date(stream.getPeerCertificate().valid_to) };
}

/** Ends a connection without waiting for a server that may hang. */
export function hangUp(client: Client): void {
  client.end().catch(() => undefined);
  const { stream } = (client as unknown as { connection: { stream: { destroySoon?(): void; destroy(): void } } }).connection;
  setTimeout(() => stream.destroy(), 200).unref();
}
