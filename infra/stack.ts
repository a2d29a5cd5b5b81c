import * as pulumi from "@pulumi/pulumi";
import { Certificate, CertificateAuthority } from "./resources/certificates";
import { planCluster } from "./plan";
import { poolWarnings } from "./cluster/pools";
import { describeFault } from "./config/errors";
import type { Logs } from "./cluster/spec";
import type { ClusterConfig } from "./config";
import { Database } from "./resources/database";
import { describeCluster } from "./outputs";
import { underPolicies } from "./policies";
import { dynamicConfiguration } from "./render/dynamic";
import { accessRules } from "./render/patroni";
import { ClusterSecrets, readReceiverSecrets, readSubscriptionPasswords } from "./secrets";
import { ClusterReady } from "./resources/clusterReady";
import { DynamicSettings } from "./resources/dynamicSettings";
import { targets } from "./targets";

/** Declares one cluster, from configuration to connection strings, under the policies. Safe to call again, as the tests do. */
export function createStack(config: ClusterConfig) {
  return underPolicies(config.policies, () => declareCluster(config));
}

function declareCluster(config: ClusterConfig) {
  const spec = planCluster(config);
  for (const warning of poolWarnings(spec)) void pulumi.log.warn(describeFault(warning));
  const secrets = new ClusterSecrets(spec.name, spec.roles.filter(({ login }) => login).map(({ name }) => name), readReceiverSecrets(spec));
  const authority = new CertificateAuthority(`${spec.name}-ca`, spec.name);
  const operator = new Certificate(`${spec.name}-operator-certificate`, { authority, unit: "operator", names: [] });

  const { endpoints, control, reach, servers, started } = targets[config.target]({ spec, secrets, authority, operator });
  const ready = new ClusterReady(`${spec.name}-ready`, { endpoints, authority, operator, reach, servers }, { dependsOn: started });
  const settings = new DynamicSettings(
    `${spec.name}-settings`,
    { control, configuration: dynamicConfiguration(spec), version: spec.version, accessRules: accessRules(spec) },
    { dependsOn: ready },
  );
  const { postgres, pgbouncer, monitoring, application, applicationReadonly } = secrets.passwords;
  const database = new Database(
    `${spec.name}-database`,
    {
      spec,
      logs: logDays(spec.logs),
      hosts: endpoints.write,
      reach,
      control,
      caCertificate: authority.certificate,
      password: postgres,
      passwords: { pgbouncer, monitoring, readWrite: application, readOnly: applicationReadonly },
      rolePasswords: secrets.roles,
      subscriptionPasswords: readSubscriptionPasswords(spec),
      triggers: servers,
    },
    { dependsOn: settings },
  );
  return { ...describeCluster({ spec, endpoints, authority, operator, secrets }), schemaVersion: database.version, ...(config.target === "docker" && noted(config)) };
}

/** What the next update goes on with: infra/machine.ts. */
function noted({ machine, renewed }: ClusterConfig) {
  return { machine, ...(renewed && { renewed }) };
}

function logDays({ enabled, partition, hotDays, keepArchivesDays }: Logs) {
  return enabled ? { partition, hotDays, keepArchivesDays } : undefined;
}
