import { Client, QueryConfig } from "pg";
import { Outputs } from "../outputs";
import { hostOf, parsePostgresUrl } from "../postgresUrl";

const CONNECT_MS = 2000;
/** Of a standby, until its turn has come for certain: the read ports serve others as well. */
const TURNS = 8;

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
  const { rows: [{ standby, days }] } = await client.query<{ standby: boolean; days: number | null }>({ text: FACTS, query_timeout: CONNECT_MS } as QueryConfig);
  return { standby, statisticsDays: days ?? 0 };
}

/** Settings for a connection as in `options` of libpq. */
export const sessionOptions = Object.entries(SESSION).map(([name, value]) => `-c ${name}=${value}`).join(" ");

/**
 * Opens one session with each server that a proxy leads to: the primary by the write ports, standbys by the read ports, which lead to each in turn.
 * Others take their turns meanwhile, so that it tries until it has seen all, or until `deadline` (milliseconds).
 */
export async function openServers(outputs: Outputs, database: string, standbys: boolean, deadline: number): Promise<{ sessions: Session[]; missed: string[] }> {
  const { cluster } = outputs;
  const seen = new Map<string, Session>();
  const wanted = standbys ? cluster.postgres.length : 1;
  let failure = "";
  for (const url of waysOf(outputs, standbys)) {
    if (seen.size === wanted || Date.now() > deadline) break;
    const session = await openSession(outputs, url, database).catch((error: Error) => void (failure = error.message));
    if (session && !seen.has(session.server) && (standbys || !session.standby)) seen.set(session.server, session);
    else if (session) close(session);
  }
  const names = standbys ? cluster.postgres.map(({ name }) => name) : seen.size ? [] : ["the primary"];
  const missed = names.filter((name) => !seen.has(name)).map((name) => `${name}, database ${database}: no proxy leads there now${failure && ` (${failure})`}`);
  return { sessions: [...seen.values()], missed };
}

function waysOf({ cluster, superuserUrls, haproxyReadUrl }: Outputs, standbys: boolean): string[] {
  if (!standbys) return superuserUrls;
  const reads = parsePostgresUrl(haproxyReadUrl).hosts.map(({ host, port }) => Object.assign(new URL(superuserUrls[0]), { host: `${host}:${port}` }).href);
  return [...superuserUrls, ...Array.from({ length: TURNS * cluster.postgres.length }, () => reads).flat()];
}

async function openSession({ cluster, caCertificate }: Outputs, url: string, database: string): Promise<Session> {
  const { hostname, port, username, password } = new URL(url);
  const client = new Client({
    host: hostname, port: Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password), database,
    ssl: { ca: caCertificate }, application_name: "pgha doctor", connectionTimeoutMillis: CONNECT_MS, query_timeout: 3500, options: sessionOptions,
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
