import type { Outputs } from "../outputs";
import { connect, hangUp } from "../postgresUrl";
import { Site } from "./site";
import { connectSuperuser } from "./ways";

/** What the drill's own writers call themselves at the poolers, and thereby at the servers behind. */
const WRITERS = "pgha drill pgbouncer";

/** The proxy that most of the writers' pooled sessions come from: a pool stays where an earlier failure moved it. */
export async function busiestProxy(outputs: Outputs, site: Site): Promise<string | undefined> {
  const addresses = await site.addresses(outputs.cluster.haproxy.map(({ host }) => host));
  const client = await connectSuperuser(outputs, 10_000);
  try {
    const { rows } = await client.query<{ address: string; sessions: number }>(
      `SELECT host(client_addr) AS address, count(*)::int AS sessions FROM pg_stat_activity
       WHERE application_name = $1 GROUP BY 1`,
      [WRITERS],
    );
    const sessions = new Map(rows.map(({ address, sessions }) => [address, sessions]));
    return most([...addresses].map(([host, address]) => [host, sessions.get(address) ?? 0]));
  } finally {
    hangUp(client);
  }
}

/** The pooler that most of the writers are connected to. */
export async function busiestPooler({ cluster, poolerUrls, caCertificate }: Outputs): Promise<string | undefined> {
  const counts = cluster.pgbouncer.map(async ({ host }, index): Promise<[string, number]> => {
    const { client } = await connect(poolerUrls[index], { ca: caCertificate, timeout: 5000 });
    try {
      const { rows } = await client.query<{ application_name: string }>("SHOW CLIENTS");
      return [host, rows.filter(({ application_name }) => application_name === WRITERS).length];
    } finally {
      hangUp(client);
    }
  });
  return most(await Promise.all(counts));
}

/** The host with the greatest number; the first of several; none where all are 0. */
export function most(counts: [host: string, number: number][]): string | undefined {
  const [host, number] = counts.reduce((best, one) => (one[1] > best[1] ? one : best), ["", 0]);
  return number > 0 ? host : undefined;
}
