import { needsSecret } from "../cluster/monitoring";
import type { ClusterSpec, PrometheusServer } from "../cluster/spec";
import { alertmanagerFile } from "../render/alertmanager";
import { monitoringFiles, programsFile, prometheusFile, Target, wantedFile } from "../render/prometheus";
import type { Scrape } from "../render/scrapes";
import type { Service } from "./service";

const own: Scrape[] = [
  { job: "prometheus", by: "https", port: 9090, interval: 15, password: true, keep: ["up", "process_.+", "prometheus_(rule_evaluation_failures_total|tsdb_.+_failed_total|tsdb_head_series|notifications_(dropped|errors)_total)"] },
  { job: "alertmanager", by: "https", port: 9093, interval: 15, password: true, keep: ["process_.+", "alertmanager_notifications_(total|failed_total)", "alertmanager_config_last_reload_successful"] },
  { job: "node", by: "local", port: 9100, interval: 15 },
  { job: "certificates", by: "tls", port: 9090, interval: 120 },
];

/** Watches all others and tells of what is wrong; its loss stops nothing but that. On Docker alone yet. */
export const prometheus = (others: Service[]): Service<PrometheusServer> => ({
  kind: "prometheus",
  servers: (spec) => spec.monitoring?.servers ?? [],
  // Nobody's on a machine yet
  ports: [
    { name: "prometheus", number: 9090, from: [], published: { key: "ports.prometheus", endpoint: "prometheus", at: ({ prometheusPort }) => prometheusPort } },
    { name: "alertmanager", number: 9093, from: [], published: { key: "ports.alertmanager", endpoint: "alertmanager", at: ({ alertmanagerPort }) => alertmanagerPort } },
  ],
  files: (spec) => (spec.monitoring ? [
    prometheusFile(spec, targets([...others, { servers: ({ monitoring }) => monitoring?.servers ?? [], scrapes: own }], spec)),
    programsFile(spec),
    wantedFile(spec),
    alertmanagerFile(spec),
    ...monitoringFiles(),
  ] : []),
  secrets: ({ monitoring }) => (monitoring ? [
    { name: "web", text: WEB },
    { name: "stats_password", text: "{{stats}}" },
    { name: "netrc", text: "machine localhost login admin password {{stats}}" },
    { name: "pgpass", text: "*:6432:pgbouncer:monitoring:{{monitoring}}" },
    { name: "postgres_exporter", text: LOGIN },
    ...monitoring.receivers.filter(needsSecret).map(({ name }) => ({ name: `receiver_${name}`, text: `{{receiver:${name}}}` })),
  ] : []),
  scrapes: own,
  needs: [],
  // It sees what their replacement does
  waitsFor: ["postgres"],
  container: {
    volume: "/var/lib/prometheus",
    memory: ({ monitoring }) => monitoring?.memory ?? 0,
    stopSeconds: () => 20,
    healthInterval: 10,
    waitSeconds: 0,
  },
  machine: { role: "postgres", user: "prometheus", packages: () => [], programs: {}, units: () => [] },
});

/** Every scrape of every service, with its servers. */
function targets(services: Pick<Service, "scrapes" | "servers">[], spec: ClusterSpec): Target[] {
  return services.flatMap(({ scrapes = [], servers }) => scrapes.map((scrape) => ({ scrape, servers: servers(spec) })));
}

/** Of both its pages: the operators' name and password, as for HAProxy's statistics. */
const WEB = `tls_server_config:
  cert_file: /etc/pgha/tls.crt
  key_file: /run/secrets/tls_key
basic_auth_users:
  admin: {{stats:hash}}`;

const LOGIN = `auth_modules:
  monitoring:
    type: userpass
    userpass:
      username: monitoring
      password: {{monitoring}}
    options:
      sslmode: verify-full
      sslrootcert: /etc/pgha/ca.crt
      connect_timeout: "5"
      search_path: pg_catalog
      application_name: prometheus`;
