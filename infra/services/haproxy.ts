import type { Proxy } from "../cluster/spec";
import { KIB, MIB } from "../config/units";
import { haproxyFile } from "../render/haproxy";
import { PROGRAMS, Service } from "./service";

/** Leads writes to the primary and reads to the standbys, as Patroni says. */
export const haproxy: Service<Proxy> = {
  kind: "haproxy",
  servers: (spec) => spec.proxies,
  ports: [
    {
      name: "write",
      number: 5432,
      from: [{ who: "pgbouncer", why: "PgBouncer to the other HAProxy, writes" }, { who: "clients", why: "clients" }, { who: "operators", why: "operators" }],
      published: { key: "ports.write", endpoint: "write", at: ({ writePort }) => writePort },
    },
    {
      name: "read",
      number: 5433,
      from: [{ who: "pgbouncer", why: "PgBouncer to the other HAProxy, reads" }, { who: "clients", why: "clients" }],
      published: { key: "ports.read", endpoint: "read", at: ({ readPort }) => readPort },
    },
    {
      name: "stats",
      number: 8404,
      from: [{ who: "operators", why: "operators" }, { who: "balancer", why: "health check of the load balancer" }],
      published: { key: "ports.stats", endpoint: "stats", at: ({ statsPort }) => statsPort },
    },
  ],
  files: (spec, proxy) => [haproxyFile(spec, proxy)],
  secrets: () => [{ name: "tls_pem", text: "{{certificate}}{{key}}", own: true, owner: "root:haproxy", mode: "0640" }],
  environment: { file: "haproxy.env", variables: { STATS_PASSWORD: "{{stats}}" } },
  scrapes: [
    {
      job: "haproxy",
      by: "https",
      port: 8404,
      interval: 15,
      password: true,
      keep: ["haproxy_process_(current_connections|max_connections|start_time_seconds|pool_used_bytes)",
        "haproxy_(frontend|backend)_(current_sessions|sessions_total|bytes_in_total|bytes_out_total|status|connection_errors_total|requests_denied_total)",
        "haproxy_backend_(active_servers|max_connect_time_seconds|client_aborts_total|server_aborts_total)", "haproxy_server_(status|current_sessions|check_failures_total|downtime_seconds_total)"],
    },
    { job: "certificates", by: "tls", port: 8404, interval: 120 },
  ],
  needs: [],
  waitsFor: [],
  gives: "pools",
  container: {
    memory: ({ proxyMaxConnections }) => 128 * MIB + proxyMaxConnections * 40 * KIB,
    stopSeconds: () => 5,
    healthInterval: 2,
    waitSeconds: 60,
  },
  machine: {
    role: "edge",
    user: "haproxy",
    packages: () => ["haproxy"],
    programs: { "haproxy/health": "images/haproxy/health" },
    units: (files) => [
      {
        name: "haproxy",
        restart: ["/run/secrets/haproxy.env"],
        reload: [...files, "/run/secrets/tls_pem", "/etc/pgha/ca.crt"],
        health: `${PROGRAMS}/haproxy/health`,
      },
    ],
  },
};
