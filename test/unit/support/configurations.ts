/** A cluster in which everything is at its default, and one in which as much as possible is not. */
export const configurations: Record<"default" | "large", unknown> = {
  default: {},
  large: {
    backup: { enabled: true },
    name: "shop",
    profile: "finance",
    standbys: 4,
    replication: { synchronousStandbys: 2 },
    postgres: { version: 17, memory: "8GiB", cores: 4, disk: "200GiB", parameters: { work_mem: "32MB" }, tags: { "postgres-1": { clonefrom: true, failover_priority: 2 } } },
    etcd: { members: 5 },
    haproxy: { instances: 3 },
    pgbouncer: { instances: 3, maxClientConnections: 5000 },
    database: { name: "shop" },
    slots: [{ name: "warehouse", type: "logical" }, { name: "archive", type: "physical" }],
    ports: { offset: 1000 },
    tls: { names: ["db.example.com"] },
  },
};
