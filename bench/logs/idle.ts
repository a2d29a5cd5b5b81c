import { Client } from "pg";
import { parsePostgresUrl } from "../../clients/node/pgha";
import { Outputs } from "../../ops/outputs";

export interface Held {
  seconds: number;
  /** Those that are still there. */
  count(): number;
  release(): void;
}

/** Opens connections to the poolers in turn, logged in and idle, 40 at a time. Throws when one is refused. */
export async function holdIdle(outputs: Outputs, count: number, say: (line: string) => void): Promise<Held> {
  const { user, password, database, hosts } = parsePostgresUrl(outputs.writeUrl);
  const started = performance.now();
  const open = new Set<Client>();
  let next = 0;
  const opener = async () => {
    for (let index = next++; index < count; index = next++) {
      const client = new Client({ ...hosts[index % hosts.length], user, password, database, ssl: { ca: outputs.caCertificate }, connectionTimeoutMillis: 60_000 });
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
