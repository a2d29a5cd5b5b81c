import { Client } from "pg";
import { Outputs } from "../outputs";
import { hostOf, parsePostgresUrl } from "../postgresUrl";

const CONNECT_MS = 2500;

/**
 * Of each session, whatever a cluster, a database or a role is set to. Names without a schema are Postgres's own, so that nothing that
 * somebody made is called; every statement is a read-only transaction that neither runs nor waits long.
 */
const SESSION = {
  search_path: "pg_catalog",
  role: "none",
  default_transaction_read_only: "on",
  default_transaction_isolation: "read\\ committed",
  statement_timeout: "3s",
  lock_timeout: "100ms",
  idle_session_timeout: "20s",
  max_parallel_workers_per_gather: "0",
  jit: "off",
  standard_conforming_strings: "on",
  row_security: "on",
  TimeZone: "UTC",
  quote_all_identifiers: "off",
};

/** One session with one database of one server. */
export interface Session {
  client: Client;
  server: string;
  database: string;
  standby: boolean;
  statisticsDays: number;
}

/** For how long the server has counted: the counters of all databases begin with those of checkpoints, at its first start and after a crash. */
const FACTS = `SELECT pg_is_in_recovery() AS standby, extract(epoch FROM now() - greatest(c.stats_reset, d.stats_reset))::float8 / 86400 AS days
  FROM pg_stat_checkpointer c, pg_stat_database d WHERE d.datname = current_database()`;

/** Reads what must be known of a server before it is asked anything. */
export async function readFacts(client: Client): Promise<{ standby: boolean; statisticsDays: number }> {
  const { rows: [{ standby, days }] } = await client.query<{ standby: boolean; days: number | null }>(FACTS);
  return { standby, statisticsDays: days ?? 0 };
}

/** Settings for a connection as in `options` of libpq. */
export const sessionOptions = Object.entries(SESSION).map(([name, value]) => `-c ${name}=${value}`).join(" ");

/** Opens one session with each server that a proxy leads to: the primary by the write ports, standbys by the read ports, which lead to each in turn. */
export async function openServers(outputs: Outputs, database: string, standbys: boolean): Promise<{ sessions: Session[]; missed: string[] }> {
  const { cluster, superuserUrls, haproxyReadUrl } = outputs;
  const seen = new Map<string, Session>();
  const ways = [...superuserUrls, ...(standbys ? parsePostgresUrl(haproxyReadUrl).hosts.flatMap(({ host, port }) => cluster.postgres.map(() => Object.assign(new URL(superuserUrls[0]), { host: `${host}:${port}` }).href)) : [])];
  let failure = "";
  for (const url of ways) {
    if (seen.size === cluster.postgres.length || (!standbys && seen.size === 1)) break;
    const session = await openSession(outputs, url, database).catch((error: Error) => void (failure = error.message));
    if (!session) continue;
    if (seen.has(session.server) || (!standbys && session.standby)) close(session);
    else seen.set(session.server, session);
  }
  const wanted = standbys ? cluster.postgres : seen.size ? [] : [{ name: "the primary" }];
  const missed = wanted.filter(({ name }) => !seen.has(name)).map(({ name }) => `${name}, database ${database}: no proxy leads there now${failure && ` (${failure})`}`);
  return { sessions: [...seen.values()], missed };
}

async function openSession({ cluster, caCertificate }: Outputs, url: string, database: string): Promise<Session> {
  const { hostname, port, username, password } = new URL(url);
  const client = new Client({
    host: hostname, port: Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password), database,
    ssl: { ca: caCertificate }, application_name: "pgha doctor", connectionTimeoutMillis: CONNECT_MS, query_timeout: 4000, options: sessionOptions,
  });
  client.on("error", () => undefined); // the query under way rejects as well
  try {
    await client.connect();
    const host = hostOf(client);
    const server = cluster.postgres.find((each) => each.host === host)?.name ?? host;
    return { client, server, database, ...(await readFacts(client)) };
  } catch (error) {
    close({ client });
    throw error;
  }
}

/** At once: a server that hangs is not waited for. */
export function close({ client }: Pick<Session, "client">): void {
  client.end().catch(() => undefined);
  (client as unknown as { connection: { stream: { destroySoon(): void } } }).connection.stream.destroySoon();
}
