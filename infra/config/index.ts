import { z } from "zod";
import { awsSchema } from "./aws";
import { ConfigurationError, Fault } from "./errors";
import { declarations, identifier } from "./databases";
import { logsSchema } from "./logs";
import { monitoringSchema } from "./monitoring";
import { size } from "./size";

/** AWS and DNS take it, with the name of any part behind it. */
const CLUSTER_NAME = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/;
const NAME_REMEDY = "use 1–30 lower-case letters, digits and hyphens, a letter first and no hyphen last";
const count = (min: number, max: number) => z.int().min(min).max(max);
const port = count(1, 65535);

/** What Patroni does not use a server for. Source: Patroni's manual, YAML configuration, "Tags". */
const tags = z.strictObject({
  nofailover: z.boolean().optional().describe("never becomes the primary, and no commit is acknowledged by its word"),
  nosync: z.boolean().optional().describe("no commit is acknowledged by its word"),
  noloadbalance: z.boolean().optional().describe("gets no reads"),
  clonefrom: z.boolean().optional().describe("copied from, when a server is made anew"),
  failover_priority: count(1, 100).optional().describe("the highest among those fit takes over (1)"),
});
export type Tags = z.output<typeof tags>;

/** The object under `pgha:cluster`: every key optional, none unknown. The table of docs/configuration.md is made from these descriptions. */
export const schema = z.strictObject({
  name: z
    .string()
    .regex(CLUSTER_NAME, NAME_REMEDY)
    .optional()
    .describe("name of the cluster; prefixes everything it makes (pgha-<stack>)"),
  target: z.enum(["docker", "aws"]).default("docker").describe("where it runs: containers on this machine, or EC2"),
  profile: z
    .enum(["oltp", "finance", "ecommerce", "logs", "bulk", "warehouse", "logical"])
    .default("oltp")
    .describe("workload that memory, WAL, checkpoint and autovacuum settings are computed for"),
  postgres: z
    .strictObject({
      version: z.union([z.literal(17), z.literal(18)]).default(18).describe("major version"),
      memory: size.optional().describe("memory limit of one server, 384 MiB at least; its connections and buffers follow from it; default: a twelfth of what Docker's machine had at the first update, 512 MiB to 4 GiB"),
      cores: count(1, 512).optional().describe("processors a server is tuned for; default: those Docker's machine had then"),
      disk: size.prefault("20GiB").describe("disk a server is tuned for; bounds retained WAL"),
      parameters: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .default({})
        .describe("single Postgres settings that override the profile's"),
      packages: z
        .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9][A-Za-z0-9+.:~-]*)?$/, "use the name of a Debian package, postgresql-18-pgvector for example, with =version where it is to stay at one"))
        .default([])
        .describe("Debian packages beside Postgres on each server, for extensions: `postgresql-18-pgvector`, with `=version` to stay at one; servers are replaced one at a time"),
      tags: z.record(z.string(), tags).default({}).describe("Patroni's tags of single servers, by name, `postgres-3` for example: `nofailover`, `nosync`, `noloadbalance`, `clonefrom`, `failover_priority`"),
    })
    .prefault({}),
  standbys: count(1, 7).default(2).describe("standbys beside the primary"),
  replication: z
    .strictObject({
      mode: z.enum(["asynchronous", "priority", "quorum", "strict"]).optional().describe("how commits are replicated; default: the profile's, quorum for oltp"),
      synchronousStandbys: count(1, 7).default(1).describe("standbys that must have a commit before it is acknowledged; fewer where fewer are left, in strict at least one"),
    })
    .prefault({}),
  availability: z
    .strictObject({
      preset: z
        .enum(["fast", "patient", "common"])
        .optional()
        .describe("timers: a lost host costs some 10 s, or some 22 s and a machine may stand still for longer, or what most clusters run with, to compare; default: fast, in asynchronous mode patient, or what maxWriteOutage allows"),
      maxWriteOutage: count(1, 3600)
        .optional()
        .describe("seconds that no single failure may stop writes for; timers are as patient as that allows, or it is refused"),
      ttl: count(1, 3600).optional().describe("seconds until a silent primary is replaced (8; patient: 20)"),
      loopWait: count(1, 3600).optional().describe("seconds between two looks of Patroni (1; from a ttl of 20 on 2)"),
      retryTimeout: count(1, 3600).optional().describe("seconds an operation on etcd or Postgres is retried before the primary steps down (half of what ttl leaves)"),
    })
    .prefault({}),
  etcd: z
    .strictObject({ members: z.union([z.literal(1), z.literal(3), z.literal(5)]).default(3).describe("members that elect") })
    .prefault({}),
  haproxy: z
    .strictObject({
      instances: count(1, 9).default(2).describe("number of proxies"),
      maxConnections: count(100, 100_000).default(4096).describe("connections a proxy holds"),
      maxReadLag: size.prefault("16MiB").describe("lag behind which a standby gets no reads"),
    })
    .prefault({}),
  pgbouncer: z
    .strictObject({
      instances: count(1, 9).default(2).describe("number of poolers"),
      poolSize: count(1, 1000).optional().describe("server connections per user and database (25, or what max_connections allows)"),
      minPoolSize: count(0, 1000).optional().describe("server connections kept open (10)"),
      reservePoolSize: count(0, 1000).optional().describe("further ones after 5 s of waiting (10)"),
      maxClientConnections: count(10, 100_000).default(2000).describe("client connections a pooler holds"),
    })
    .prefault({}),
  database: z.strictObject({ name: identifier.default("app").describe("application database") }).prefault({}),
  logs: logsSchema.prefault({}),
  monitoring: monitoringSchema.prefault({}),
  ...declarations,
  policies: z
    .record(
      z.string(),
      z.strictObject({
        level: z.enum(["advisory", "disabled"]).describe("a warning, or nothing at all"),
        reason: z.string().min(10, "say in a few words why it does not hold here").describe("why the rule does not hold here"),
      }),
    )
    .default({})
    .describe("rules of policy/ that are not mandatory here, by name; each with `level` (advisory, disabled) and `reason`"),
  slots: z
    .array(
      z.strictObject({
        name: identifier.describe("name of the slot"),
        type: z.enum(["physical", "logical"]).describe("what is sent; logical slots survive a failover"),
        plugin: z.string().regex(/^[a-z_0-9]+$/).default("pgoutput").describe("output plugin of a logical slot"),
        database: identifier.optional().describe("database of a logical slot (the application database)"),
      }),
    )
    .default([])
    .describe("replication slots, one for each declared consumer"),
  ports: z
    .strictObject({
      pgbouncer: port.default(6432).describe("first pooler; instance n adds 10 × (n − 1), as all ports do"),
      write: port.default(5432).describe("first proxy's way to the primary"),
      read: port.default(5433).describe("first proxy's way to the standbys"),
      stats: port.default(8404).describe("first proxy's statistics page"),
      patroni: port.default(8008).describe("first server's Patroni API"),
      prometheus: port.default(9090).describe("Prometheus, where monitoring is enabled"),
      alertmanager: port.default(9093).describe("Alertmanager"),
      offset: count(0, 50_000).default(0).describe("added to all ports: for a second cluster beside the first"),
    })
    .prefault({}),
  tls: z
    .strictObject({
      names: z
        .array(z.string().regex(/^[A-Za-z0-9.-]+$/, "use host names or IPv4 addresses"))
        .default([])
        .describe("further host names or addresses that clients connect to"),
    })
    .prefault({}),
  images: z
    .strictObject({
      base: z.string().min(1).default("debian:forky-slim").describe("Debian image that the cluster's images are built on"),
    })
    .prefault({}),
  aws: awsSchema.optional().describe("the machines on EC2, where target is aws"),
});

export type ClusterConfig = Omit<z.output<typeof schema>, "name"> & {
  name: string;
  machine: Machine;
  /** When the packages in the images were last renewed; see infra/machine.ts. */
  renewed?: string;
};

/** The machine a cluster runs on, where the configuration leaves sizes to it. `memory` in bytes. */
export interface Machine {
  memory: number;
  cores: number;
}

/** The validated configuration of `stack`; throws a ConfigurationError that lists every fault. */
export function parseConfig(raw: unknown, stack: string, machine: Machine): ClusterConfig {
  const result = schema.safeParse(raw ?? {});
  if (!result.success) throw new ConfigurationError(result.error.issues.flatMap(faults));
  const name = result.data.name ?? `pgha-${stack.toLowerCase().replace(/[^a-z0-9-]/g, "-")}`;
  if (!CLUSTER_NAME.test(name))
    throw new ConfigurationError([{ key: "pgha:cluster.name", problem: `would be ${name} by the name of the stack, which is not valid`, remedy: `name the cluster: ${NAME_REMEDY}` }]);
  return { ...result.data, name, machine };
}

function faults(issue: z.core.$ZodIssue): Fault[] {
  const key = ["pgha:cluster", ...issue.path].join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((name) => ({
      key: `${key}.${name}`,
      problem: "is not a known key",
      remedy: `remove it or correct its spelling (known here: ${knownKeys(issue.path).join(", ")})`,
    }));
  const [problem, remedy] = describe(issue);
  return [{ key, problem, remedy }];
}

function describe(issue: z.core.$ZodIssue): [string, string] {
  if (issue.code === "custom" || issue.code === "invalid_format") return ["is not valid", issue.message];
  if (issue.code === "invalid_union") return ["has no possible value", unionRemedy(issue)];
  return ["has no possible value", issue.message.replace(/^Invalid \w+: |^Too (small|big): /, "")];
}

function unionRemedy(issue: z.core.$ZodIssueInvalidUnion): string {
  const values = issue.errors.flat().flatMap((inner) => (inner.code === "invalid_value" ? inner.values : []));
  return values.length ? `use ${values.map(String).join(" or ")}` : "use a string, a number or true/false";
}

function knownKeys(path: PropertyKey[]): string[] {
  let node: z.core.$ZodType = schema;
  for (const step of path) {
    node = unwrap(node);
    if (node instanceof z.ZodArray) node = node.element;
    else if (node instanceof z.ZodRecord) node = node.valueType;
    else if (node instanceof z.ZodObject) node = node.shape[String(step)];
  }
  node = unwrap(node);
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

function unwrap(node: z.core.$ZodType): z.core.$ZodType {
  while (node instanceof z.ZodDefault || node instanceof z.ZodPrefault || node instanceof z.ZodOptional)
    node = node.unwrap() as z.core.$ZodType;
  return node;
}
