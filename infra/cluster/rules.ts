import { Fault } from "./errors";
import { knownSettings } from "./settings";
import { ClusterSpec, Settings } from "./spec";
import { MIB, parseSize } from "./units";

/** Settings that Patroni, TLS, the plan of the cluster or the safety of data decide. */
const RESERVED: Record<string, string> = {
  ...Object.fromEntries(
    ["listen_addresses", "port", "unix_socket_directories", "cluster_name", "hot_standby", "data_directory", "hba_file", "ident_file",
      "config_file", "external_pid_file", "primary_conninfo", "primary_slot_name", "restore_command", "recovery_target",
      "recovery_target_time", "recovery_target_lsn", "recovery_target_timeline", "recovery_target_action"].map((name) => [name, "Patroni sets it"]),
  ),
  ...Object.fromEntries(
    ["ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file", "password_encryption"].map((name) => [name, "connections are always encrypted and passwords SCRAM"]),
  ),
  synchronous_standby_names: "replication.mode and replication.synchronousStandbys decide it",
  fsync: "turning it off loses data in a crash",
  full_page_writes: "turning it off loses data in a crash",
  data_checksums: "checksums are always on",
};

type Rule = (spec: ClusterSpec, overrides: Settings) => Fault[];

/** Everything that is well formed but cannot work, or would break a promise. Each rule returns its faults. */
const rules: Rule[] = [database, synchronousStandbys, strictNeedsASpare, ports, pools, slots, parameters, memory, durability];

export function findFaults(spec: ClusterSpec, overrides: Settings): Fault[] {
  return rules.flatMap((rule) => rule(spec, overrides));
}

function database({ database: name }: ClusterSpec): Fault[] {
  const taken = ["postgres", "template0", "template1", "pgbouncer", "pooler_admin", "replicator", "rewind", "monitoring", "public"];
  if (!taken.includes(name) && !name.startsWith("pg_")) return [];
  return [fault("database.name", `"${name}" is taken by a database or role of the cluster's own`, "choose another name")];
}

function synchronousStandbys({ replication, members }: ClusterSpec): Fault[] {
  const standbys = members.length - 1;
  if (replication.mode === "asynchronous" || replication.synchronousStandbys <= standbys) return [];
  return [fault("replication.synchronousStandbys", `${replication.synchronousStandbys} synchronous standbys are asked for, but there are ${standbys}`,
    `lower it, or raise standbys to ${replication.synchronousStandbys}`)];
}

function strictNeedsASpare({ replication, members }: ClusterSpec): Fault[] {
  if (replication.mode !== "strict" || replication.synchronousStandbys < members.length - 1) return [];
  return [fault("replication.mode", "strict without a spare standby stops all writes when one standby is down",
    `raise standbys to ${replication.synchronousStandbys + 1}, or use quorum`)];
}

function ports(spec: ClusterSpec): Fault[] {
  const uses = [
    ...spec.poolers.map(({ name, port }) => ({ key: "ports.pgbouncer", name, port })),
    ...spec.proxies.flatMap(({ name, writePort, readPort, statsPort }) => [
      { key: "ports.write", name: `${name} (write)`, port: writePort },
      { key: "ports.read", name: `${name} (read)`, port: readPort },
      { key: "ports.stats", name: `${name} (stats)`, port: statsPort },
    ]),
    ...spec.members.map(({ name, patroniPort }) => ({ key: "ports.patroni", name: `${name} (patroni)`, port: patroniPort })),
  ];
  const faults = uses.flatMap(({ key, name, port }, index) => {
    const other = uses.slice(0, index).find((use) => use.port === port);
    if (other) return [fault(key, `${name} and ${other.name} would both listen on port ${port}`, "move one of them (instance n adds 10 × (n − 1))")];
    if (port > 65535) return [fault(key, `${name} would listen on port ${port}`, "stay below 65536, ports.offset included")];
    return [];
  });
  return faults.filter(({ key }, index) => faults.findIndex((first) => first.key === key) === index);
}

function pools({ pool, poolers, settings }: ClusterSpec): Fault[] {
  const faults: Fault[] = [];
  const perDatabase = pool.poolSize + pool.reservePoolSize;
  if (perDatabase > pool.maxDatabaseConnections)
    faults.push(fault("pgbouncer.poolSize", `${poolers.length} poolers × 2 databases × (${pool.poolSize} + ${pool.reservePoolSize} reserve) exceed what max_connections ${settings.max_connections} leaves`,
      `keep poolSize + reservePoolSize ≤ ${pool.maxDatabaseConnections}, or raise postgres.parameters.max_connections`));
  if (pool.minPoolSize > pool.poolSize)
    faults.push(fault("pgbouncer.minPoolSize", `${pool.minPoolSize} is above poolSize ${pool.poolSize}`, "lower it"));
  return faults;
}

function slots({ slots: declared, members, settings }: ClusterSpec): Fault[] {
  const faults: Fault[] = [];
  const memberSlots = members.map(({ name }) => name.replace(/-/g, "_"));
  declared.forEach(({ name, type }, index) => {
    const key = `slots.${index}.name`;
    if (memberSlots.includes(name)) faults.push(fault(key, `"${name}" is the slot of a member of the cluster`, "choose another name"));
    if (declared.findIndex((slot) => slot.name === name) < index) faults.push(fault(key, `"${name}" is declared twice`, "choose another name"));
    if (type === "logical" && settings.wal_level !== "logical")
      faults.push(fault("postgres.parameters.wal_level", `"${settings.wal_level}" cannot feed the logical slot "${name}"`, "remove the override"));
  });
  const needed = declared.length + members.length;
  if (Number(settings.max_replication_slots) < needed)
    faults.push(fault("postgres.parameters.max_replication_slots", `${settings.max_replication_slots} slots are too few for ${needed} members and consumers`, `raise it to at least ${needed}`));
  if (Number(settings.max_wal_senders) < needed + 1)
    faults.push(fault("postgres.parameters.max_wal_senders", `${settings.max_wal_senders} senders are too few for ${needed} members and consumers and a copy`, `raise it to at least ${needed + 1}`));
  return faults;
}

function parameters({ version }: ClusterSpec, overrides: Settings): Fault[] {
  const known = knownSettings(version);
  return Object.entries(overrides).flatMap(([name, value]) => {
    const key = `postgres.parameters.${name}`;
    if (name in RESERVED) return [fault(key, "cannot be overridden", `remove it: ${RESERVED[name]}`)];
    if (!(name in known)) {
      if (/^[a-z_]+\.[a-z_]+$/i.test(name)) return [];
      return [fault(key, `is not a setting of PostgreSQL ${version}`, "correct its spelling or remove it")];
    }
    return isValue(known[name].type, value) ? [] : [fault(key, `${JSON.stringify(value)} is not a value of type ${known[name].type}`, "correct it")];
  });
}

function isValue(type: string, value: string | number | boolean): boolean {
  const text = String(value);
  if (type === "boolean") return /^(on|off|true|false|yes|no|1|0)$/i.test(text);
  if (type === "integer" || type === "real") return /^-?\d+(\.\d+)?\s*(B|kB|MB|GB|TB|us|ms|s|min|h|d)?$/.test(text);
  return typeof value !== "boolean" || type === "enum";
}

function memory({ settings, resources }: ClusterSpec): Fault[] {
  const limit = `${Math.round(resources.memory / MIB)} MiB`;
  if (resources.memory < 256 * MIB) return [fault("postgres.memory", `${limit} are too little for Postgres and Patroni`, "give it at least 256MiB")];
  const buffers = bytes(settings.shared_buffers) ?? 0;
  if (buffers <= resources.memory * 0.6) return [];
  return [fault("postgres.parameters.shared_buffers", `${settings.shared_buffers} is more than 60 % of the server's ${limit}`, "lower it, or raise postgres.memory")];
}

function durability({ profile, replication, settings }: ClusterSpec, overrides: Settings): Fault[] {
  const faults: Fault[] = [];
  const commit = String(settings.synchronous_commit ?? "on");
  if (["off", "false", "0", "no"].includes(commit) && profile !== "bulk")
    faults.push(fault("postgres.parameters.synchronous_commit", "off loses acknowledged commits in a crash", "use profile bulk, or set it per role or transaction"));
  if (["off", "local"].includes(commit) && replication.mode !== "asynchronous")
    faults.push(fault("postgres.parameters.synchronous_commit", `${commit} does not wait for the standbys that replication.mode ${replication.mode} promises`, "use mode asynchronous, or remove it"));
  const level = overrides.wal_level;
  if (level !== undefined && level !== "replica" && level !== "logical")
    faults.push(fault("postgres.parameters.wal_level", `${level} cannot feed standbys`, "use replica or logical"));
  return faults;
}

/** Bytes of a Postgres memory setting whose bare numbers count 8 kB blocks; undefined where the type rule complains already. */
function bytes(value: string | number | boolean): number | undefined {
  return typeof value === "number" || /^\d+$/.test(String(value)) ? Number(value) * 8192 : parseSize(String(value));
}

function fault(key: string, problem: string, remedy: string): Fault {
  return { key: `pgha:cluster.${key}`, problem, remedy };
}
