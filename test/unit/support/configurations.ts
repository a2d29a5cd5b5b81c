/** A cluster in which everything is at its default, one in which as much as possible is not, and one that is watched. */
export const configurations: Record<"default" | "large" | "monitored", unknown> = {
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
  monitored: {
    monitoring: {
      enabled: true,
      receivers: [
        { name: "hook", type: "webhook", url: "http://host.example.com:8080/alerts" },
        { name: "secret_hook", type: "webhook", severity: "critical" },
        { name: "mail", type: "email", to: "dba@example.com", from: "pgha@example.com", smarthost: "smtp.example.com:587", user: "pgha@example.com" },
        { name: "chat", type: "slack", channel: "#databases" },
        { name: "oncall", type: "pagerduty", severity: "critical" },
      ],
    },
  },
};
