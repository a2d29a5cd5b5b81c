import { longest, planBudget } from "../forecast/budget";
import { declarationRules, isTaken } from "./declarations";
import { Fault, fault } from "../../config/errors";
import { LEAST_MEMORY } from "../memory";
import { poolFaults } from "../pools";
import { knownSettings } from "../settings";
import { findWrong } from "../settings/values";
import { ClusterSpec, Settings } from "../spec";
import { floor, planTimers } from "../timers";
import { isRewritten, lacksSpare, STRICT_LEAST } from "../topology";
import { GIB, MIB, parseSize } from "../../config/units";

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
  restart_after_crash: "Patroni decides what follows a crash, within the bounds of the budget",
  recovery_min_apply_delay: "a standby that replays later takes over later by as much",
  fsync: "turning it off loses data in a crash",
  full_page_writes: "turning it off loses data in a crash",
  data_checksums: "checksums are always on",
  "cron.database_name": "database.name decides it",
  "cron.use_background_workers": "without them jobs would log in at localhost by trust",
};

type Rule = (spec: ClusterSpec, overrides: Settings) => Fault[];

/** Everything that is well formed but cannot work, or would break a promise. Each rule returns its faults. */
const rules: Rule[] = [database, synchronousStandbys, strictNeedsASpare, poolFaults, slots, logs, parameters, memory, disk, durability, replay, timers, writeOutage, ...declarationRules];

export function findFaults(spec: ClusterSpec, overrides: Settings): Fault[] {
  return rules.flatMap((rule) => rule(spec, overrides));
}

function database({ database: name }: ClusterSpec): Fault[] {
  if (!isTaken(name)) return [];
  return [fault("database.name", `"${name}" is taken by a database or role of the cluster's own`, "choose another name")];
}

function synchronousStandbys({ replication, members }: ClusterSpec): Fault[] {
  const standbys = members.length - 1;
  if (replication.mode === "asynchronous" || replication.synchronousStandbys <= standbys) return [];
  return [fault("replication.synchronousStandbys", `${replication.synchronousStandbys} synchronous standbys are asked for, but there are ${standbys}`,
    `lower it, or raise standbys to ${replication.synchronousStandbys}`)];
}

function strictNeedsASpare({ replication, members }: ClusterSpec): Fault[] {
  if (!lacksSpare(replication.mode, members.length - 1)) return [];
  return [fault("replication.mode", "strict without a spare standby stops all writes when one standby is down",
    `raise standbys to ${STRICT_LEAST + 1}, or use quorum`)];
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

function logs({ logs: { archive, endpoint, region } }: ClusterSpec): Fault[] {
  if (archive?.startsWith("s3://")) return [];
  return Object.entries({ endpoint, region }).filter(([, value]) => value !== undefined)
    .map(([key]) => fault(`logs.${key}`, "is of no use without an archive in S3", "set logs.archive to s3://bucket/prefix, or remove it"));
}

function parameters({ version }: ClusterSpec, overrides: Settings): Fault[] {
  const known = knownSettings(version);
  return Object.entries(overrides).flatMap(([name, value]) => {
    const key = `postgres.parameters.${name}`;
    const spelling = Object.keys(known).find((setting) => setting.toLowerCase() === name.toLowerCase() && setting !== name);
    if (spelling) return [fault(key, "is written otherwise", `write ${spelling}`)];
    if (name in RESERVED) return [fault(key, "cannot be overridden", `remove it: ${RESERVED[name]}`)];
    if (!(name in known)) {
      if (/^[a-z_]+\.[a-z_]+$/i.test(name)) return [];
      return [fault(key, `is not a setting of PostgreSQL ${version}`, "correct its spelling or remove it")];
    }
    const wrong = findWrong(known[name], value);
    return wrong ? [fault(key, wrong.problem, wrong.remedy)] : [];
  });
}

function disk({ resources }: ClusterSpec): Fault[] {
  if (resources.disk >= 5 * GIB) return [];
  return [fault("postgres.disk", `${Math.round(resources.disk / MIB)} MiB leave no room for WAL beside the data`, "give it at least 5GiB")];
}

function memory({ settings, resources }: ClusterSpec): Fault[] {
  const limit = `${Math.round(resources.memory / MIB)} MiB`;
  if (resources.memory < LEAST_MEMORY)
    return [fault("postgres.memory", `${limit} are too little for Postgres and Patroni`, `give it at least ${LEAST_MEMORY / MIB}MiB`)];
  const buffers = bytes(settings.shared_buffers) ?? 0;
  if (buffers <= resources.memory * 0.6) return [];
  return [fault("postgres.parameters.shared_buffers", `${settings.shared_buffers} is more than 60 % of the server's ${limit}`, "lower it, or raise postgres.memory")];
}

function durability({ profile, replication, settings }: ClusterSpec, overrides: Settings): Fault[] {
  const faults: Fault[] = [];
  const commit = String(settings.synchronous_commit ?? "on").toLowerCase().replace(/^(false|no|0)$/, "off");
  const key = "postgres.parameters.synchronous_commit";
  if (commit === "off" && profile !== "bulk") {
    faults.push(fault(key, "off loses acknowledged commits in a crash", "use profile bulk, or set it per role or transaction"));
  } else if (["off", "local", "remote_write"].includes(commit) && replication.mode !== "asynchronous") {
    const problem = `${commit} does not wait until the standbys that mode ${replication.mode} promises have a commit on disk`;
    faults.push("synchronous_commit" in overrides
      ? fault(key, problem, "remove it, or use replication.mode asynchronous")
      : fault("replication.mode", `in profile ${profile}, synchronous_commit ${problem}`, "use asynchronous, or another profile"));
  }
  const level = overrides.wal_level;
  if (level !== undefined && level !== "replica" && level !== "logical")
    faults.push(fault("postgres.parameters.wal_level", `${level} cannot feed standbys`, "use replica or logical"));
  return faults;
}

/** -1: one forgotten transaction of a reader would hold a standby back for ever, out of reads and of the race. */
function replay(_spec: ClusterSpec, overrides: Settings): Fault[] {
  return ["max_standby_streaming_delay", "max_standby_archive_delay"].filter((name) => String(overrides[name]).startsWith("-"))
    .map((name) => fault(`postgres.parameters.${name}`, "without an end one reader holds a standby back for good", "give it a time, 30s for example"));
}

/** What Patroni would rewrite, with no more than a warning in its log, and a ttl by which healthy primaries are lost. */
function timers({ timers: { ttl, loopWait, retryTimeout } }: ClusterSpec): Fault[] {
  const low = Object.entries({ ttl, loopWait, retryTimeout })
    .filter(([name, seconds]) => seconds < floor[name as keyof typeof floor])
    .map(([name, seconds]) => fault(`availability.${name}`, name === "ttl" ? `${seconds} s lose healthy primaries` : `Patroni rewrites ${seconds} s`,
      `use at least ${floor[name as keyof typeof floor]}`));
  if (low.length || !isRewritten({ ttl, loopWait, retryTimeout })) return low;
  const needed = loopWait + 2 * retryTimeout;
  const most = Math.floor((ttl - loopWait) / 2);
  const [key, limit] = most >= floor.retryTimeout ? ["retryTimeout", most] : ["loopWait", ttl - 2 * floor.retryTimeout];
  return [fault(`availability.${key}`, `Patroni rewrites timers with loopWait + 2 × retryTimeout above ttl (${loopWait} + 2 × ${retryTimeout} > ${ttl})`,
    `keep ${key} ≤ ${limit}, or raise ttl to ${needed}`)];
}

function writeOutage(spec: ClusterSpec): Fault[] {
  const { maxWriteOutage: promised } = spec;
  if (promised === undefined) return [];
  const { failures } = planBudget(spec);
  const more: Record<string, [string, number]> = {
    "host-loss-with-etcd-leader": ["etcd.members", 3], "proxy-loss": ["haproxy.instances", 2], "pooler-loss": ["pgbouncer.instances", 2],
  };
  const endless = failures.filter(({ worst }) => worst === null).map(({ failure, title, until }) => {
    const [key, count] = more[failure];
    return fault(key, `availability.maxWriteOutage ${promised} s cannot be kept: when ${title}, writes stop until ${until}`, `raise it to ${count}`);
  });
  const { title, worst } = longest(failures.filter((failure) => failure.worst !== null));
  if (worst === null || worst <= promised) return endless;
  const fastest = planBudget({ ...spec, timers: planTimers(spec.replication.mode, { maxWriteOutage: promised }) }).failures;
  const byHand = fastest.every((failure) => failure.worst === null || failure.worst <= promised);
  return [...endless, fault("availability.maxWriteOutage", `${promised} s cannot be kept: when ${title}, writes stop for up to ${worst} s`,
    `promise at least ${Math.ceil(worst)}${byHand ? ", or leave preset, ttl, loopWait and retryTimeout out" : ""}`)];
}

/** Bytes of a Postgres memory setting whose bare numbers count 8 kB blocks; undefined where the type rule complains already. */
function bytes(value: string | number | boolean): number | undefined {
  return typeof value === "number" || /^\d+$/.test(String(value)) ? Number(value) * 8192 : parseSize(String(value));
}
