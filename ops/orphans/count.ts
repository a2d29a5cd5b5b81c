import { Client } from "pg";
import { databasesOf } from "../database";
import { Outputs } from "../outputs";
import { connect, hangUp, Host, parsePostgresUrl } from "../postgresUrl";
import { detectRelations, orphansOf, Relation } from "./relations";

/** What `pgha check orphans --json` prints. Stable: keys may be added, none changes its meaning. */
export interface OrphanReport {
  cluster: string;
  time: string;
  relations: (Relation & { database: string; orphans: number; show: string })[];
  /** What was not counted, and why. */
  missed: string[];
}

/** Counts in each database, as its role that only reads, on a standby. `seconds`: for each count. */
export async function countOrphans(outputs: Outputs, seconds: number): Promise<OrphanReport> {
  const report: OrphanReport = { cluster: outputs.cluster.name, time: new Date().toISOString(), relations: [], missed: [] };
  for (const database of databasesOf(outputs)) {
    const url = readerOf(outputs, database);
    if (!url) report.missed.push(`database ${database}: the stack's outputs have no URL of ${database}_readonly`);
    else await countIn(database, url, outputs.caCertificate, seconds, report).catch((error: Error) => void report.missed.push(`database ${database}: ${error.message}`));
  }
  return report;
}

async function countIn(database: string, url: string, ca: string, seconds: number, report: OrphanReport): Promise<void> {
  const { client } = await connect(url, { ca, timeout: (seconds + 5) * 1000 });
  try {
    for (const [name, value] of Object.entries({ search_path: "pg_catalog", default_transaction_read_only: "on", statement_timeout: `${seconds}s`, lock_timeout: "100ms", row_security: "off" }))
      await client.query("SELECT pg_catalog.set_config($1, $2, false)", [name, value]);
    await countAll(client, database, report);
  } finally {
    hangUp(client);
  }
}

async function countAll(client: Client, database: string, report: OrphanReport): Promise<void> {
  for (const relation of await detectRelations(client)) {
    const rest = orphansOf(relation);
    await client.query<{ orphans: number }>(`SELECT count(*)::float8 AS orphans ${rest}`).then(
      ({ rows: [{ orphans }] }) => void report.relations.push({ database, ...relation, orphans, show: `SELECT * ${rest} LIMIT 20;` }),
      (error: Error) => void report.missed.push(`${database}: ${relation.child}.${relation.column}: ${error.message}`));
  }
}

/** Past the poolers: what is set for the session stays in it. */
function readerOf({ cluster, haproxyReadUrl, roleUrls = {} }: Outputs, database: string): string | undefined {
  if (database === cluster.database) return haproxyReadUrl;
  const reader = roleUrls[`${database}_readonly`];
  if (!reader) return undefined;
  const { hosts } = parsePostgresUrl(haproxyReadUrl);
  return reader.write.replace(/@[^/]*\//, `@${hosts.map(({ host, port }: Host) => `${host}:${port}`).join(",")}/`);
}
