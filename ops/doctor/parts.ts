import { describeFailure } from "../failure";
import { get, RequestOptions } from "../https";
import { Outputs } from "../outputs";
import { connect, hangUp } from "../postgresUrl";
import { collectStatus } from "../status/collect";
import { StatusReport } from "../status/report";
import { readCsv } from "../status/proxies";
import { askContainers, Disk, Etcd } from "./containers";

type Row = Record<string, string>;

/** What a part says, or why it says nothing. */
export type Told<T> = { name: string; error: string } | ({ name: string; error?: undefined } & T);

/** Everything beside SQL. */
export interface Parts {
  now: Date;
  status: StatusReport;
  /** Patroni's own view of the cluster, from the first member that answers. */
  cluster?: PatroniCluster;
  /** Its dynamic configuration. */
  configuration?: Record<string, unknown>;
  /** Changes of the primary: when each timeline began, ISO 8601. */
  history: string[];
  /** Of each member that answers: its metrics by name. */
  metrics: Told<{ values: Record<string, number> }>[];
  /** Rows of each proxy's statistics. */
  proxies: Told<{ rows: Row[] }>[];
  poolers: Told<{ pools: Row[]; databases: Row[]; config: Row[]; stats: Row[] }>[];
  /** Only where the servers are containers of an engine that is reached from here. */
  etcd?: Etcd;
  disks?: Disk[];
  /** Why these two are not there. */
  noContainers?: string;
}

/** GET /cluster. Source: Patroni's manual, "REST API". */
export interface PatroniCluster {
  members: { name: string; role: string; state: string; tags?: Record<string, unknown> }[];
  pause?: boolean;
  scheduled_switchover?: { at: string; from?: string; to?: string };
}

const TIMEOUT_MS = 2500;

/** Asks all of them at once; what does not answer is told so. */
export async function collectParts(outputs: Outputs, stack: string): Promise<Parts> {
  const { cluster, caCertificate: ca } = outputs;
  const options = { ca, timeout: TIMEOUT_MS };
  const [status, view, configuration, history, metrics, proxies, poolers, containers] = await Promise.all([
    collectStatus(outputs, stack),
    first<PatroniCluster>(outputs, "/cluster", options),
    first<Record<string, unknown>>(outputs, "/config", options),
    first<string[][]>(outputs, "/history", options),
    askAll(cluster.postgres, outputs.patroniUrls, async (url) => ({ values: readMetrics((await get(`${url}/metrics`, options)).body) })),
    askAll(cluster.haproxy, outputs.statsUrls, async (url) => ({ rows: readCsv((await get(`${url};csv`, options)).body) })),
    askAll(cluster.pgbouncer, outputs.poolerUrls, (url) => askConsole(url, options)),
    askContainers(outputs),
  ]);
  const times = (history ?? []).flatMap((entry) => entry[3] ?? []);
  return { now: new Date(), status, cluster: view, configuration, history: times, metrics, proxies, poolers, ...containers };
}

async function first<T>({ patroniUrls }: Outputs, path: string, options: RequestOptions): Promise<T | undefined> {
  const answers = await Promise.allSettled(patroniUrls.map(async (url) => JSON.parse((await get(url + path, options)).body) as T));
  return answers.find((answer) => answer.status === "fulfilled")?.value;
}

function askAll<T>(servers: { name: string }[], urls: string[], ask: (url: string) => Promise<T>): Promise<Told<T>[]> {
  return Promise.all(urls.map(async (url, index): Promise<Told<T>> => {
    const name = servers[index]?.name ?? `#${index + 1}`;
    return ask(url).then((told) => ({ name, ...told }), (error: unknown) => ({ name, error: describeFailure(error) }));
  }));
}

/** The console knows the simple query protocol only. */
async function askConsole(url: string, options: { ca: string; timeout: number }) {
  const { client } = await connect(url, options);
  try {
    const show = async (what: string) => (await client.query<Row>(`SHOW ${what}`)).rows;
    return { pools: await show("POOLS"), databases: await show("DATABASES"), config: await show("CONFIG"), stats: await show("STATS") };
  } finally {
    hangUp(client);
  }
}

/** Prometheus's text format, without labels: patroni_postgres_running{scope="c",name="p"} 1. */
export function readMetrics(text: string): Record<string, number> {
  return Object.fromEntries([...text.matchAll(/^(\w+)(?:\{[^}]*\})? (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}
