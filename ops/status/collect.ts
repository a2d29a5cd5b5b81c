import { X509Certificate } from "node:crypto";
import { Outputs } from "../outputs";
import { askAlerts } from "./alerts";
import { askBackups } from "./backup";
import { askEndpoint } from "./endpoints";
import { askMaintenance, maintenanceUrl } from "./maintenance";
import { readClusterState, readMembers } from "./members";
import { askPatroni } from "./patroni";
import { askPooler } from "./poolers";
import { askProxy, readEtcd } from "./proxies";
import { ServedCertificate, StatusReport } from "./report";
import { judge } from "./verdict";
import { askWal } from "./wal";

/** Milliseconds that each part has to answer. */
const timeout = 2000;

/** Asks every part of a cluster at once; what does not answer is reported so. */
export async function collectStatus(outputs: Outputs, stack: string): Promise<StatusReport> {
  const { cluster, caCertificate: ca } = outputs;
  const options = { ca, timeout };
  const name = (servers: { name: string }[], index: number) => servers[index]?.name ?? `#${index + 1}`;
  const [patronis, poolers, proxies, endpoints, maintenance, wal, alerts, backup] = await Promise.all([
    Promise.all(outputs.patroniUrls.map((url) => askPatroni(url, options))),
    Promise.all(outputs.poolerUrls.map((url, index) => askPooler(name(cluster.pgbouncer, index), url, options))),
    Promise.all(outputs.statsUrls.map((url, index) => askProxy(name(cluster.haproxy, index), url, options))),
    Promise.all([
      askEndpoint("write", outputs.writeUrl, options),
      askEndpoint("read", outputs.readUrl, options),
      askEndpoint("direct write", outputs.haproxyWriteUrl, options),
      askEndpoint("direct read", outputs.haproxyReadUrl, options),
    ]),
    askMaintenance(maintenanceUrl(outputs), options),
    askWal(maintenanceUrl(outputs), options),
    askAlerts(outputs.prometheusUrls?.[0], options),
    askBackups(outputs),
  ]);
  const now = new Date();
  const served = [
    ...patronis.map(({ validTo }, index) => ({ name: name(cluster.postgres, index), validTo })),
    ...poolers.map(({ pooler, validTo }) => ({ name: pooler.name, validTo })),
    ...proxies.map(({ proxy, validTo }) => ({ name: proxy.name, validTo })),
    { name: "authority", validTo: new Date(new X509Certificate(ca).validTo) },
  ];
  const seen = proxies.map(({ proxy }) => proxy);
  const parts = {
    members: readMembers(outputs.patroniUrls.map((_, index) => name(cluster.postgres, index)), patronis),
    poolers: poolers.map(({ pooler }) => pooler),
    proxies: seen,
    etcd: readEtcd(cluster.etcd.map((member) => member.name), seen),
    endpoints,
    certificates: readCertificates(served, now),
    maintenance,
    wal,
    ...(alerts && { alerts }),
    backup,
  };
  const verdict = judge({ ...parts, now, state: readClusterState(patronis), replication: cluster.replication, promised: outputs.backup });
  return { cluster: cluster.name, stack, time: now.toISOString(), verdict, ...parts };
}

/** Days left of each certificate that was served. */
export function readCertificates(served: { name: string; validTo?: Date }[], now: Date): ServedCertificate[] {
  return served.flatMap(({ name, validTo }) =>
    validTo === undefined ? [] : [{ name, expires: validTo.toISOString(), days: Math.floor((validTo.getTime() - now.getTime()) / 86_400_000) }],
  );
}
