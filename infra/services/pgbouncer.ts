import { pooledRoles } from "../cluster/roles";
import type { ClusterSpec, Pooler } from "../cluster/spec";
import { KIB, MIB } from "../config/units";
import { pgbouncerFile } from "../render/pgbouncer";
import { CERTIFICATES, PROGRAMS, Service } from "./service";

/** Pools the sessions of clients, and holds them back while the primary changes. */
export const pgbouncer: Service<Pooler> = {
  kind: "pgbouncer",
  servers: (spec) => spec.poolers,
  ports: [
    {
      name: "pgbouncer",
      number: 6432,
      from: [{ who: "clients", why: "clients" }, { who: "operators", why: "operators" }],
      published: { key: "ports.pgbouncer", endpoint: "poolers", at: ({ port }) => port },
    },
  ],
  files: (spec, pooler) => [pgbouncerFile(spec, pooler)],
  secrets: (spec) => [
    { name: "userlist", text: userList(spec) },
    { name: "pgpass", text: "localhost:6432:pgbouncer:pooler_admin:{{poolerAdmin}}" },
  ],
  scrapes: [{ job: "pgbouncer", by: "pgbouncer", port: 6432, interval: 15 }],
  needs: [],
  waitsFor: [],
  container: {
    memory: ({ pool }) => 128 * MIB + pool.maxClientConnections * 50 * KIB,
    stopSeconds: () => 5,
    healthInterval: 2,
    waitSeconds: 60,
  },
  machine: {
    role: "edge",
    user: "postgres",
    packages: () => ["pgbouncer", "postgresql-client-common", "postgresql-client", "python3-psycopg2"],
    programs: { "pgbouncer/health": "images/pgbouncer/health", "pgbouncer/keeper.py": "images/pgbouncer/keeper.py", "pgbouncer/keep.py": "machine/keep.py" },
    units: (files) => {
      const reads = [...files, "/run/secrets/userlist"];
      return [
        { name: "pgbouncer", restart: [], reload: [...reads, ...CERTIFICATES], health: `${PROGRAMS}/pgbouncer/health` },
        {
          name: "keeper",
          restart: [...reads, "/run/secrets/pgpass", ...CERTIFICATES, `${PROGRAMS}/pgbouncer/keeper.py`, `${PROGRAMS}/pgbouncer/keep.py`],
        },
      ];
    },
  },
};

/**
 * Everybody that the stack knows is in it, because a login that is looked up needs a server: it would fail while the
 * poolers are paused, and without a primary.
 */
function userList(spec: ClusterSpec): string {
  const users = [
    ["pgbouncer", "pgbouncer"], ["pooler_admin", "poolerAdmin"], ["monitoring", "monitoring"],
    [spec.database, "application"], [`${spec.database}_readonly`, "applicationReadonly"],
    ...pooledRoles(spec).map(({ name }) => [name, `role:${name}`]),
  ];
  return users.map(([name, password]) => `"${name}" "{{${password}}}"`).join("\n");
}
