import { Client } from "pg";
import { parsePostgresUrl } from "../../clients/node/pgha";
import { Site } from "./site";

export interface Held {
  seconds: number;
  /** Those that are still there. */
  count(): number;
  release(): void;
}

/**
 * Opens connections to the poolers in turn, logged in and idle, 40 at a time; throws when one is refused. To the containers themselves: Docker's
 * forwarder of a published port needs six files a connection, and stops for good where it gets none (moby #6402).
 */
export async function holdIdle(site: Site, count: number, say: (line: string) => void): Promise<Held> {
  const { user, password, database } = parsePostgresUrl(site.outputs.writeUrl);
  const hosts = await Promise.all(site.outputs.cluster.pgbouncer.map(async ({ host }) => ({ host: await site.address(host), servername: host })));
  const started = performance.now();
  const open = new Set<Client>();
  let next = 0;
  const opener = async () => {
    for (let index = next++; index < count; index = next++) {
      const { host, servername } = hosts[index % hosts.length];
      const client = new Client({ host, port: 6432, user, password, database, ssl: { ca: site.outputs.caCertificate, servername }, connectionTimeoutMillis: 60_000 });
      client.on("error", () => open.delete(client)).once("end", () => open.delete(client));
      await client.connect();
      open.add(client);
      if (open.size % 1000 === 0) say(`  ${open.size} connections`);
    }
  };
  await Promise.all(Array.from({ length: 40 }, opener));
  return {
    seconds: (performance.now() - started) / 1000,
    count: () => open.size,
    release: () => open.forEach((client) => client.connection.stream.destroy()),
  };
}
