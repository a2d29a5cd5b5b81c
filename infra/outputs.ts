import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { planAvailability } from "./cluster/forecast/availability";
import { clientConnectTimeout, planBudget, SILENT_HOST } from "./cluster/forecast/budget";
import { monthlyCost } from "./cluster/ec2/cost";
import { Backup, RoleSpec } from "./cluster/spec";
import type { ControlArgs } from "./resources/control";
import { dynamicConfiguration } from "./render/dynamic";
import { accessRules } from "./render/patroni";
import { Address } from "./cluster/endpoints";

/** Below the project, ignored by git, as everything pgha makes for itself. */
const FOLDER = path.resolve(".pgha");

/** What a stack tells people and programs. URLs hold passwords and are secret; several hosts in one are alternatives. */
export function describeCluster({ spec, endpoints, authority, operator, secrets }: ControlArgs) {
  const caFile = path.join(FOLDER, spec.name, "ca.crt");
  const { application, applicationReadonly, monitoring, poolerAdmin, postgres, stats } = secrets.passwords;
  const patience = `connect_timeout=${clientConnectTimeout(spec)}&tcp_user_timeout=${SILENT_HOST * 1000}`;
  const url = (user: string, password: pulumi.Output<string>, addresses: Address[], database: string) =>
    pulumi.interpolate`postgresql://${user}:${password}@${hostList(addresses)}/${database}?sslmode=verify-full&sslrootcert=${pathInUrl(caFile)}&${patience}`;
  const { database } = spec;
  const login = (role: RoleSpec, addresses: Address[], suffix = "") => url(role.name, secrets.roles[role.name], addresses, `${role.database}${suffix}`);
  const urlsOf = (role: RoleSpec) => ({
    write: login(role, endpoints.poolers),
    read: login(role, endpoints.poolers, "_ro"),
    directWrite: login(role, endpoints.write),
    directRead: login(role, endpoints.read),
  });
  const operatorUrls = (addresses: Address[]) => addresses.map((address) => pulumi.interpolate`https://admin:${stats}@${hostList([address])}/`);
  const migrator = spec.roles.find(({ name }) => name === `${database}_migrator`);

  return {
    writeUrl: url(database, application, endpoints.poolers, database),
    readUrl: url(`${database}_readonly`, applicationReadonly, endpoints.poolers, `${database}_ro`),
    haproxyWriteUrl: url(database, application, endpoints.write, database),
    haproxyReadUrl: url(`${database}_readonly`, applicationReadonly, endpoints.read, database),
    ...(endpoints.balancer ? { balancerUrl: url(database, application, [{ host: endpoints.balancer, port: 6432 }], database) } : {}),
    ...(spec.ec2 ? { cost: monthlyCost(spec.ec2) } : {}),
    // Changes the schema: a session of its own, and one host, as most tools take no list
    ...(migrator?.login && { migrateUrl: login(migrator, endpoints.write.slice(0, 1)) }),
    // Of each further role that logs in
    roleUrls: Object.fromEntries(spec.roles.filter(({ login }) => login).map((role) => [role.name, urlsOf(role)])),
    poolerUrls: endpoints.poolers.map((address) => url("monitoring", monitoring, [address], "pgbouncer")),
    // For pgha itself, one host each: pausing poolers, and a checkpoint through a proxy
    poolerAdminUrls: endpoints.poolers.map((address) => url("pooler_admin", poolerAdmin, [address], "pgbouncer")),
    superuserUrls: endpoints.write.map((address) => url("postgres", postgres, [address], "postgres")),
    statsUrls: operatorUrls(endpoints.stats),
    ...(endpoints.prometheus && { prometheusUrls: operatorUrls(endpoints.prometheus) }),
    ...(endpoints.alertmanager && { alertmanagerUrls: operatorUrls(endpoints.alertmanager) }),
    patroniUrls: endpoints.patroni.map((address) => `https://${hostList([address])}`),
    caCertificate: authority.certificate,
    caFile: authority.certificate.apply((pem) => writeFile(caFile, pem)),
    operatorCertificate: operator.certificate,
    operatorKey: operator.key,
    budget: planBudget(spec),
    ...(spec.logs.enabled && { logs: { archive: path.join(FOLDER, "archives"), ...spec.logs } }),
    ...(spec.backup && { backup: describeBackup(spec.backup) }),
    availability: planAvailability(spec),
    // What `pgha drift` compares the servers with
    expected: { configuration: dynamicConfiguration(spec), accessRules: accessRules(spec) },
    cluster: {
      name: spec.name,
      target: spec.target,
      postgresVersion: spec.version,
      database,
      databases: spec.databases.map(({ name }) => name),
      profile: spec.profile,
      drift: spec.drift,
      examples: spec.examples,
      replication: spec.replication,
      etcd: spec.etcd.map(({ name, host }) => ({ name, host })),
      postgres: spec.members.map(({ name, host }) => ({ name, host })),
      haproxy: spec.proxies.map(({ name, host }) => ({ name, host })),
      pgbouncer: spec.poolers.map(({ name, host }) => ({ name, host })),
      ...(spec.monitoring && { prometheus: spec.monitoring.servers.map(({ name, host }) => ({ name, host })) }),
      ...(spec.backup && { backup: spec.backup.servers.map(({ name, host }) => ({ name, host })) }),
    },
  };
}

/** What is promised of backups, without names. */
function describeBackup({ servers: _servers, ...promised }: Backup) {
  return promised;
}

/** Every client reads it alike: libpq and JDBC decode, some take "+" for a space, libpq 17 and newer refuse one. */
export function pathInUrl(file: string): string {
  return file.split(path.sep).map(encodeURIComponent).join("/");
}

function hostList(addresses: Address[]): string {
  return addresses.map(({ host, port }) => `${host}:${port}`).join(",");
}

/** Clients read the certificate from a file, so every update sees to it that the file is there. */
function writeFile(file: string, content: string): string {
  if (!pulumi.runtime.isDryRun()) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  return file;
}
