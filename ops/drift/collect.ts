import type { Drift } from "../../infra/live/drift";
import { readDrift } from "../../infra/live/schema/catalogue/record";
import { ask } from "../../infra/live/patroni/client";
import { close, open } from "../../infra/live/postgres/sql";
import { compareConfiguration, compareServer, Expected } from "../../infra/live/settings/expected";
import { readServer } from "../../infra/live/settings/server";
import { UserError } from "../../tools/errors";
import { controlOf } from "../control";
import { connectionOf, databasesOf } from "../database";
import { Outputs } from "../outputs";
import { hostOf, parsePostgresUrl } from "../postgresUrl";

export interface DriftReport {
  cluster: string;
  time: string;
  /** What was compared: databases, then servers. */
  compared: string[];
  /** What was not, and why. */
  missed: string[];
  /** Objects that applications made by themselves, by database; no drift. */
  applications: Record<string, number>;
  drift: Drift[];
}

const CONNECT_MS = 5000;

/** Compares the live cluster with what is declared. Throws where no primary answers. */
export async function collectDrift(outputs: Outputs): Promise<DriftReport> {
  const databases = databasesOf(outputs);
  const { drift, unknown, applications } = await readDrift(connectionOf(outputs), databases, outputs.cluster.drift);
  if (unknown.length)
    throw new UserError(`nothing was recorded yet, or in another format, to compare ${unknown.map((name) => (name === "postgres" ? "roles and databases" : `database ${name}`)).join(" and ")} with`, "npm run pulumi -- up --refresh");
  const report = { cluster: outputs.cluster.name, time: new Date().toISOString(), compared: databases.map((name) => `database ${name}`), missed: [] as string[], applications, drift };
  if (!outputs.expected) return { ...report, missed: ["settings and access rules: the stack was deployed by a version that did not note them; npm run up"] };
  drift.push(...compareConfiguration(outputs.expected.configuration, await ask(controlOf(outputs), "GET", "/config")));
  report.compared.push("Patroni's configuration");
  const seen = await visitServers(outputs, outputs.expected, drift);
  for (const { name, host } of outputs.cluster.postgres)
    if (seen.has(host)) report.compared.push(`server ${name}`);
    else report.missed.push(`server ${name}: no proxy leads to it now`);
  return report;
}

/** The primary by the proxies' write ports, standbys by their read ports, which lead to each in turn. Returns the hosts that were reached. */
async function visitServers({ superuserUrls, haproxyReadUrl, caCertificate, cluster }: Outputs, expected: Expected, drift: Drift[]): Promise<Set<string>> {
  const standbys = parsePostgresUrl(haproxyReadUrl).hosts.flatMap(({ host, port }) =>
    cluster.postgres.map(() => Object.assign(new URL(superuserUrls[0]), { host: `${host}:${port}` }).href));
  const seen = new Set<string>();
  for (const url of [...superuserUrls, ...standbys]) {
    const client = await open(url, caCertificate, CONNECT_MS, 15_000).catch(() => undefined);
    if (!client) continue;
    try {
      const host = hostOf(client);
      if (seen.has(host)) continue;
      seen.add(host);
      const server = await readServer(client, cluster.postgres.map(({ name }) => name));
      const { rows: [{ standby }] } = await client.query("SELECT pg_is_in_recovery() AS standby");
      const name = cluster.postgres.find((each) => each.host === host)?.name ?? host;
      drift.push(...compareServer(name, expected, server, !standby));
    } finally {
      close(client);
    }
  }
  return seen;
}
