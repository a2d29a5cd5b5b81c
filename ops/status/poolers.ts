import { describeFailure } from "../failure";
import { connect, ConnectOptions, hangUp } from "../postgresUrl";
import { Pooler } from "./report";

type Row = Record<string, string | number | null>;

/** Asks one PgBouncer's console; never throws. The console knows the simple query protocol only, hence no parameters. */
export async function askPooler(
  name: string,
  url: string,
  options: ConnectOptions,
): Promise<{ pooler: Pooler; validTo?: Date }> {
  try {
    const { client, validTo } = await connect(url, options);
    try {
      const show = async (what: string) => (await client.query<Row>(`SHOW ${what}`)).rows;
      const [pools, databases, stats, version] = [
        await show("POOLS"), await show("DATABASES"), await show("STATS"), await show("VERSION"),
      ];
      return { pooler: { name, ...readPools(pools, databases, stats), version: String(version[0]?.version).replace("PgBouncer ", "") }, validTo };
    } finally {
      hangUp(client);
    }
  } catch (error) {
    return { pooler: { name, error: describeFailure(error) } };
  }
}

/** Sums over all databases but the console itself. */
export function readPools(pools: Row[], databases: Row[], stats: Row[]): Omit<Pooler, "name" | "error"> {
  const own = pools.filter(({ database }) => database !== "pgbouncer");
  const sum = (rows: Row[], ...keys: string[]) => rows.reduce((total, row) => total + keys.reduce((part, key) => part + Number(row[key] ?? 0), 0), 0);
  return {
    clients: { active: sum(own, "cl_active"), waiting: sum(own, "cl_waiting") },
    servers: { active: sum(own, "sv_active"), idle: sum(own, "sv_idle", "sv_used", "sv_tested") },
    paused: databases.filter(({ paused }) => Number(paused) === 1).map(({ name }) => String(name)),
    maxWait: Math.max(0, ...own.map(({ maxwait, maxwait_us }) => Number(maxwait ?? 0) + Number(maxwait_us ?? 0) / 1e6)),
    queriesPerSecond: sum(stats.filter(({ database }) => database !== "pgbouncer"), "avg_query_count"),
  };
}
