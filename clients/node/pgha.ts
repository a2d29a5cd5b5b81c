import * as fs from "node:fs";
import * as net from "node:net";
import { Client, ClientConfig, Pool, PoolClient, PoolConfig } from "pg";

/**
 * node-postgres with the stack's URLs. They name several hosts, of which any one will do; libpq, JDBC and pgx understand that,
 * node-postgres does not (brianc/node-postgres #1470, #2308). This file needs nothing but `pg`: import it or copy it.
 *
 *   const db = pool(process.env.WRITE_URL!);
 *   await db.query("SELECT 1");   // a host that is lost fails the queries it had; the next ones go elsewhere
 */

export interface Host {
  host: string;
  port: number;
}

/** A libpq connection URL. */
export interface PostgresUrl {
  user: string;
  password: string;
  /** Alternatives, tried in this order. */
  hosts: Host[];
  database: string;
  parameters: URLSearchParams;
}

/** Whatever node-postgres takes; it wins over the URL. connectionTimeoutMillis is for each host. */
export interface ConnectOptions extends ClientConfig {
  /** Pass over hosts where transactions are read-only, as on standbys. Default: whether the URL says target_session_attrs=read-write. */
  writable?: boolean;
}

/** No host took the connection: what each of them said, in the order they were tried. */
export class NoHostError extends Error {
  constructor(readonly attempts: { at: Host; error: Error }[]) {
    super(attempts.map(({ at, error }) => `${at.host}:${at.port}: ${error.message || (error as NodeJS.ErrnoException).code}`).join("; "));
    this.name = "NoHostError";
  }
}

/** A client of the first host that takes the connection. Throws a NoHostError; where a host refuses the password, that, as libpq does. */
export async function connect(url: string, options: ConnectOptions = {}): Promise<Client> {
  const { hosts, writable, config } = plan(url, options);
  const attempts: NoHostError["attempts"] = [];
  for (const at of hosts) {
    const client = new Client({ ...config, ...at });
    client.on("error", () => undefined);   // the query under way rejects as well
    try {
      await client.connect();
      if (writable) await checkWritable(client);
      return client;
    } catch (error) {
      hangUp(client);
      attempts.push(another(at, error));
    }
  }
  throw new NoHostError(attempts);
}

/** A pool that opens connections at the host that answered last, and at the next one when it answers no more. Throws as connect does. */
export function pool(url: string, options: ConnectOptions & PoolConfig = {}): Pool {
  const { hosts, writable, config } = plan(url, options);
  const pool = new FailoverPool(hosts, { ...config, ...(writable && { onConnect: (client) => checkWritable(client as Client) }) });
  pool.on("error", () => undefined);   // a connection lost while idle has left the pool already
  return pool;
}

type Callback = (error: Error | undefined, client: PoolClient | undefined, done: (release?: Error | boolean) => void) => void;

class FailoverPool extends Pool {
  private current = 0;

  constructor(private readonly hosts: Host[], { connectionTimeoutMillis, ...config }: PoolConfig) {
    // The pool itself would count the time in its queue, too
    super({ ...config, Client: class extends Client { constructor() { super({ ...config, connectionTimeoutMillis, ...at() }); } } });
    const at = () => hosts[this.current % hosts.length];
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | void {
    const client = this.ending ? super.connect() : this.connectToAny();
    if (!callback) return client;
    client.then((client) => callback(undefined, client, client.release), (error) => callback(error, undefined, () => undefined));
  }

  private async connectToAny() {
    const attempts: NoHostError["attempts"] = [];
    while (attempts.length < this.hosts.length) {
      const tried = this.current;
      try {
        return await super.connect();
      } catch (error) {
        attempts.push(another(this.hosts[tried % this.hosts.length], error));
        if (this.current === tried) this.current++;   // once for all that failed together
      }
    }
    throw new NoHostError(attempts);
  }
}

function plan<T extends ConnectOptions>(url: string, { writable, ...given }: T) {
  const { user, password, database, hosts, parameters } = parsePostgresUrl(url);
  const ca = parameters.get("sslrootcert");
  const silence = Number(parameters.get("tcp_user_timeout") ?? 0);
  // One that is undefined is not given
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Omit<T, "writable">;
  const config = {
    user, password, database,
    application_name: parameters.get("application_name") ?? undefined,
    connectionTimeoutMillis: Number(parameters.get("connect_timeout") ?? 0) * 1000,
    ...(silence > 0 && { stream: () => socketWithin(silence) }),
    ...(options.ssl === undefined && { ssl: parameters.get("sslmode") === "disable" ? false : ca ? { ca: fs.readFileSync(ca, "utf8") } : true }),
    ...options,
  };
  return { hosts, config, writable: writable ?? parameters.get("target_session_attrs") === "read-write" };
}

/** A host that is silent is given up much sooner than one that answers and has no server yet. */
function socketWithin(milliseconds: number): net.Socket {
  const socket = new net.Socket();
  const timer = setTimeout(() => socket.destroy(new Error("the host is silent")), milliseconds);
  const stop = () => clearTimeout(timer);
  return socket.once("connect", stop).once("close", stop);
}

/** A failure after which the next host may do; one that is the same everywhere, a refused login or no such database, is thrown. */
function another(at: Host, error: unknown): NoHostError["attempts"][number] {
  if (/^28|^3D/.test((error as { code?: string }).code ?? "")) throw error;
  return { at, error: error as Error };
}

async function checkWritable(client: Client): Promise<void> {
  const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
  if (rows[0].transaction_read_only !== "off") throw new Error("takes no writes");
}

/** Ends a connection without waiting for a server that may hang. */
export function hangUp(client: Client): void {
  client.end().catch(() => undefined);
  const { stream } = client.connection;
  setTimeout(() => stream.destroy(), 200).unref();
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
