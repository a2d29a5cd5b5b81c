import { isMissingDatabase, onPrimary, relationExists, type Connection } from "../../postgres/connection";
import { applyItems } from "./apply";
import type { Declared } from "./declare";

/** What was declared in this database once and is no more, by the beginning of its key: "database " → ["shop"]. */
async function declaredOnce(connection: Connection, database: string, prefix: string, items: object): Promise<string[]> {
  return onPrimary(connection, database, async (client) => {
    if (!(await relationExists(client, "pgha.declared"))) return [];
    const { rows } = await client.query("SELECT key FROM pgha.declared WHERE starts_with(key, $1)", [prefix]);
    return rows.map(({ key }) => key as string).filter((key) => !(key in items)).map((key) => key.slice(prefix.length));
  });
}

/** Takes back what was declared for databases that are declared no more: rights and slots. Returns which subscriptions go on receiving. */
export async function leaveDatabases(connection: Connection, { cluster }: Declared): Promise<string[]> {
  const left: string[] = [];
  for (const name of await declaredOnce(connection, "postgres", "database ", cluster))
    left.push(...(await onPrimary(connection, name, (client) => applyItems(client, {})).catch(unlessMissing) ?? []));
  return left.filter((line) => line.startsWith("subscription "));
}

const SCHEDULE = "schedule of maintenance in ";

/** Stops the maintenance of databases that declare no partitions any more, once they have no table by time: until then partitions go on being made. */
export async function retireSchedules(connection: Connection, { databases: [application] }: Declared): Promise<void> {
  for (const name of await declaredOnce(connection, application.name, SCHEDULE, application.items)) {
    const kept = await onPrimary(connection, name, async (client) =>
      (await relationExists(client, "partman.part_config")) && (await client.query("SELECT FROM partman.part_config")).rowCount! > 0).catch(unlessMissing);
    if (!kept)
      await onPrimary(connection, application.name, async (client) => {
        if (await relationExists(client, "cron.job")) await client.query("SELECT cron.unschedule(jobname) FROM cron.job WHERE jobname = $1", [`pgha-maintenance-${name}`]);
        await client.query("DELETE FROM pgha.declared WHERE key = $1", [`${SCHEDULE}${name}`]);
      });
  }
}

function unlessMissing(error: unknown): undefined {
  if (isMissingDatabase(error)) return undefined;
  throw error;
}
