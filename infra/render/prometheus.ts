import * as fs from "fs";
import * as path from "path";
import { ClusterSpec, Server } from "../cluster/spec";
import { MIB } from "../config/units";
import type { Scrape } from "./scrapes";
import { render, RenderedFile } from "./template";

export interface Target {
  scrape: Scrape;
  servers: Server[];
}

/** Ports of the exporters beside Prometheus, which listen there alone. Each pooler has one of its own, from `pgbouncer` on. */
const EXPORTERS = { postgres: 9187, certificates: 9115, pgbouncer: 9127 };

/** Series that one server may have, lest one part fills the memory of all. */
const SERIES = { each: 3000, label: 200 };

interface Job {
  job: string;
  interval: number;
  timeout: number;
  path: string;
  /** Empty, or with one element each: sections of the template. */
  tls: object[];
  password: object[];
  params: { name: string; value: string }[];
  targets: { address: string; server: string; asked: string[] }[];
  keep: string[];
}

/** What is scraped, from where and how. */
export function prometheusFile(spec: ClusterSpec, targets: Target[]): RenderedFile {
  const jobs = [...new Set(targets.map(({ scrape }) => scrape.job))].map((job) => jobOf(job, spec, targets.filter(({ scrape }) => scrape.job === job)));
  const view = { cluster: spec.name, series: SERIES, jobs };
  return { path: "/etc/pgha/prometheus.yml", content: render("prometheus.yml", view) };
}

function jobOf(job: string, spec: ClusterSpec, targets: Target[]): Job {
  const [{ scrape: { by, interval, password, keep = [] } }] = targets;
  const isDirect = by === "https";
  return {
    job,
    interval,
    timeout: Math.min(interval - 1, 10),
    path: by === "postgres" || by === "tls" ? "/probe" : "/metrics",
    tls: isDirect ? [{}] : [],
    password: password ? [{}] : [],
    params: by === "postgres" ? [{ name: "auth_module", value: "monitoring" }] : by === "tls" ? [{ name: "module", value: "tls" }] : [],
    targets: targets.flatMap(({ scrape, servers }) => servers.map((server, index) => ({ server: server.name, ...addressOf(scrape, spec, server, index) }))),
    keep: keep.length ? [keep.join("|")] : [],
  };
}

/** Where Prometheus asks, and what the exporter there is asked of. */
function addressOf({ by, port }: Scrape, { database }: ClusterSpec, { address }: Server, index: number): { address: string; asked: string[] } {
  switch (by) {
    case "https":
      return { address: `${address}:${port}`, asked: [] };
    case "local":
      return { address: `127.0.0.1:${port}`, asked: [] };
    case "postgres":
      return { address: `127.0.0.1:${EXPORTERS.postgres}`, asked: [`${address}:${port}/${database}`] };
    case "tls":
      return { address: `127.0.0.1:${EXPORTERS.certificates}`, asked: [`${address}:${port}`] };
    case "pgbouncer":
      return { address: `127.0.0.1:${EXPORTERS.pgbouncer + index}`, asked: [] };
  }
}

/** The programs of the container, a command line each. */
export function programsFile({ name, monitoring, poolers }: ClusterSpec): RenderedFile {
  const { retentionDays, disk } = monitoring!;
  const view = {
    cluster: name,
    retentionDays,
    disk: `${Math.floor(disk / MIB)}MB`,
    ports: EXPORTERS,
    poolers: poolers.map(({ address }, index) => ({ address, port: EXPORTERS.pgbouncer + index })),
  };
  return { path: "/etc/pgha/programs", content: render("programs", view) };
}

/** What this cluster is meant to have, for rules to compare with. */
export function wantedFile({ name, replication: { mode, synchronousStandbys } }: ClusterSpec): RenderedFile {
  const view = { cluster: name, synchronous: mode === "asynchronous" ? 0 : synchronousStandbys };
  return { path: "/etc/pgha/rules/wanted.yml", content: render("wanted.yml", view) };
}

const FOLDER = path.join(__dirname, "../../monitoring");

/** What is the same of every cluster: rules, the exporter's queries, how certificates are looked at. */
export function monitoringFiles(): RenderedFile[] {
  const files = fs.readdirSync(path.join(FOLDER, "rules")).sort().map((file) => `rules/${file}`);
  return [...files, "queries.yml", "certificates.yml"].map((file) => ({ path: `/etc/pgha/${file}`, content: fs.readFileSync(path.join(FOLDER, file), "utf8") }));
}
