import type { PostgresMember } from "../cluster/spec";
import { memberBackupFile } from "../render/backup";
import { bootstrapFile } from "../render/dynamic";
import { patroniFile } from "../render/patroni";
import { publisherFiles } from "../render/publishers";
import { CERTIFICATES, PROGRAMS, Service } from "./service";

const patroniPrograms = ["quick-patroni", "binding_votes.py", "vote.py"];
const programs = ["health", "before-stop", "pre-promote", "clear-replay", ...patroniPrograms];

/** Postgres under Patroni, which decides by the lease in etcd who is the primary. */
export const postgres: Service<PostgresMember> = {
  kind: "postgres",
  servers: (spec) => spec.members,
  ports: [
    { name: "sql", number: 5432, from: [{ who: "postgres", why: "replication" }, { who: "haproxy", why: "HAProxy to Postgres" }] },
    {
      name: "patroni",
      number: 8008,
      from: [
        { who: "postgres", why: "Patroni asks its members" },
        { who: "haproxy", why: "HAProxy asks who is the primary" },
        { who: "operators", why: "operators" },
      ],
      published: { key: "ports.patroni", endpoint: "patroni", at: ({ patroniPort }) => patroniPort },
    },
  ],
  files: (spec, member) => [patroniFile(spec, member), ...publisherFiles(spec), ...memberBackupFile(spec)],
  // The settings a cluster was made with are history; changes go to the running cluster
  firstFiles: (spec) => [bootstrapFile(spec)],
  secrets: () => [],
  backedUp: true,
  environment: {
    file: "patroni.env",
    variables: {
      PATRONI_SUPERUSER_PASSWORD: "{{postgres}}",
      PATRONI_REPLICATION_PASSWORD: "{{replicator}}",
      PATRONI_REWIND_PASSWORD: "{{rewind}}",
      // Patroni reads etcd's password from the environment only beside another of its settings
      PATRONI_ETCD3_PROTOCOL: "https",
      PATRONI_ETCD3_USERNAME: "patroni",
      PATRONI_ETCD3_PASSWORD: "{{etcdPatroni}}",
    },
  },
  scrapes: [
    { job: "patroni", by: "https", port: 8008, interval: 5 },
    { job: "postgres", by: "postgres", port: 5432, interval: 10 },
    { job: "certificates", by: "tls", port: 8008, interval: 120 },
  ],
  needs: ["etcd"],
  // A switchover needs all of them
  waitsFor: ["haproxy", "pgbouncer"],
  gives: "leadership",
  container: {
    image: ({ version, packages }) => ({ tag: String(version), args: { POSTGRES: String(version), ...(packages.length && { PACKAGES: packages.join(" ") }) } }),
    volume: "/var/lib/pgha",
    memory: ({ resources }) => resources.memory,
    sharedMemory: ({ resources }) => resources.memory / 4,
    stopSeconds: ({ timers }) => timers.primaryStopTimeout + 20,
    healthInterval: 5,
    waitSeconds: 0,
  },
  machine: {
    role: "postgres",
    user: "postgres",
    // Clients still send Asia/Calcutta and US/Eastern
    packages: ({ version, packages }) => [`postgresql-${version}`, `postgresql-${version}-cron`, `postgresql-${version}-partman`, "patroni", "python3-etcd", "tzdata-legacy", ...packages],
    programs: { ...Object.fromEntries(programs.map((name) => [`postgres/${name}`, `images/postgres/${name}`])), watchdog: "machine/watchdog" },
    units: ([patroni]) => [
      {
        name: "patroni",
        restart: [patroni, "/run/secrets/patroni.env", ...CERTIFICATES, ...patroniPrograms.map((name) => `${PROGRAMS}/postgres/${name}`)],
        health: `${PROGRAMS}/postgres/health`,
        formed: "/var/lib/pgha/data/PG_VERSION",
        leads: true,
      },
      { name: "leave", restart: [] },
    ],
  },
};
