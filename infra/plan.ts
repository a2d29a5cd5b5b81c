import type { ClusterConfig, Tags } from "./config";
import { ec2Resources, placeOnEc2 } from "./cluster/ec2/place";
import { findEc2Faults } from "./cluster/ec2/rules";
import type { DatabaseDeclaration } from "./config/databases";
import { ConfigurationError } from "./config/errors";
import { profiles } from "./cluster/profiles";
import { planPool } from "./cluster/pools";
import { monitoringFaults, planMonitoring } from "./cluster/monitoring";
import { planRoles, withStandardRights } from "./cluster/roles";
import { findFaults } from "./cluster/rules";
import { servers } from "./cluster/servers";
import { ClusterSpec, DatabaseSpec, Resources, Settings } from "./cluster/spec";
import { tagFaults } from "./cluster/rules/tags";
import { planTimers } from "./cluster/timers";
import { tune } from "./cluster/tuning";
import { portFaults } from "./services/ports";
import { clampTo, GIB, MIB } from "./config/units";

/** Decides every name, port and setting of a cluster; throws a ConfigurationError with all that cannot work. */
export function planCluster(config: ClusterConfig): ClusterSpec {
  const { name, postgres, ports, profile } = config;
  const mode = config.replication.mode ?? profiles[profile].mode;
  const resources = planResources(config);
  const settings = planSettings(config, resources);
  // Machines of their own have the ports that the services know; containers share those of one machine
  const at = (port: number, index: number) => (config.target === "aws" ? port : port + ports.offset + 10 * index);

  const owned = planDatabases(config);
  const roles = planRoles(config, owned);
  const databases = owned.map((each) => withStandardRights(each, roles));

  const proxies = servers(name, "haproxy", config.haproxy.instances).map((server, index) => ({
    ...server,
    writePort: at(ports.write, index),
    readPort: at(ports.read, index),
    statsPort: at(ports.stats, index),
  }));
  const proxyHosts = proxies.map(({ host }) => host);

  const planned: ClusterSpec = {
    name,
    target: config.target,
    version: postgres.version,
    profile,
    database: config.database.name,
    databases,
    declaredDatabases: config.databases.map(({ name }) => name),
    roles,
    drift: config.drift,
    examples: config.examples,
    replication: { mode, synchronousStandbys: config.replication.synchronousStandbys },
    images: { ...config.images, renewed: config.renewed },
    packages: [...new Set(postgres.packages)].sort(),
    resources,
    timers: planTimers(mode, config.availability),
    maxWriteOutage: config.availability.maxWriteOutage,
    settings,
    pool: planPool(config, settings, databases),
    proxyMaxConnections: config.haproxy.maxConnections,
    maxReadLag: config.haproxy.maxReadLag,
    slots: config.slots.map((slot) => ({ ...slot, database: slot.database ?? config.database.name })),
    logs: config.logs,
    etcd: servers(name, "etcd", config.etcd.members).map((server) => ({ ...server, volume: `${server.host}-data` })),
    // A client that comes through a proxy checks the name of the proxy against the server's certificate.
    members: servers(name, "postgres", config.standbys + 1, [...proxyHosts, ...config.tls.names]).map((server, index) => ({
      ...server,
      volume: `${server.host}-data`,
      patroniPort: at(ports.patroni, index),
      tags: planTags(postgres.tags[server.name]),
    })),
    proxies,
    poolers: servers(name, "pgbouncer", config.pgbouncer.instances, config.tls.names).map((server, index) => ({
      ...server,
      port: at(ports.pgbouncer, index),
      proxies: rotate(proxyHosts, index),
    })),
    networks: ["samenet"],
  };
  const monitoring = planMonitoring(config, at);
  if (monitoring) planned.monitoring = monitoring;
  const spec = config.target === "aws" && config.aws ? placeOnEc2(planned, config.aws) : planned;
  const faults = [...findFaults(spec, postgres.parameters), ...portFaults(spec), ...tagFaults(spec, Object.keys(postgres.tags)), ...findEc2Faults(config, spec),
    ...monitoringFaults(config)];
  if (faults.length) throw new ConfigurationError(faults);
  return spec;
}

/** Who never becomes the primary must not be the only one that has a commit. */
function planTags(tags: Tags = {}): Tags {
  return tags.nofailover ? { ...tags, nosync: true } : tags;
}

const NOTHING = { extensions: [], schemas: [], grants: [], defaultPrivileges: [], tables: [], publications: [], subscriptions: [] };

/** The application database first, whether anything is declared for it or not. */
function planDatabases({ database, databases }: ClusterConfig): DatabaseSpec[] {
  const own: DatabaseDeclaration = databases.find(({ name }) => name === database.name) ?? { name: database.name, ...NOTHING };
  const others = databases.filter((each) => each !== own);
  return [own, ...others].map((each) => ({ ...each, owner: each.owner ?? `${each.name}_owner` }));
}

function planResources(config: ClusterConfig): Resources {
  if (config.target === "aws") return ec2Resources(config);
  const { postgres, machine } = config;
  return {
    memory: postgres.memory ?? clampTo(256 * MIB, machine.memory / 12, 512 * MIB, 4 * GIB),
    cores: postgres.cores ?? machine.cores,
    disk: postgres.disk,
  };
}

function planSettings({ profile, postgres, slots, database }: ClusterConfig, resources: Resources): Settings {
  const forSlots: Settings = slots.some(({ type }) => type === "logical") ? { wal_level: "logical", sync_replication_slots: "on" } : {};
  // Over connections of its own making pg_cron would want to log in at localhost without a password
  const forJobs: Settings = { "cron.database_name": database.name, "cron.use_background_workers": "on", "cron.timezone": "UTC" };
  const tuned = tune(profile, resources);
  const libraries = [tuned, postgres.parameters].flatMap(({ shared_preload_libraries: list = "" }) => String(list).split(","));
  const preloaded = [...new Set(libraries.map((name) => name.trim()).filter(Boolean))].join(",");
  return { ...tuned, ...forSlots, ...postgres.parameters, ...forJobs, shared_preload_libraries: preloaded };
}

function rotate<T>(list: T[], by: number): T[] {
  return list.map((_, index) => list[(index + by) % list.length]);
}
