import * as pulumi from "@pulumi/pulumi";
import type { Certificate, CertificateAuthority } from "./certificates";
import type { ClusterSpec } from "../cluster/spec";
import type { Control } from "../live/access";
import type { ClusterSecrets } from "../secrets";
import type { Address, Endpoints } from "../cluster/endpoints";
import { pooledRoles } from "../cluster/roles";

export interface ReachInputs {
  region: string;
  instances: pulumi.Input<string>[];
}

/** A cluster, its ways in, and what opens them. */
export interface ControlArgs {
  spec: ClusterSpec;
  endpoints: Endpoints;
  authority: CertificateAuthority;
  operator: Certificate;
  secrets: ClusterSecrets;
}

/** What Patroni is asked by. */
export function accessOf({ endpoints, authority, operator }: Pick<ControlArgs, "endpoints" | "authority" | "operator">) {
  return { patroni: endpoints.patroni, authority: authority.certificate, certificate: operator.certificate, key: operator.key };
}

export type ControlInputs = { [K in keyof Omit<Control, "reach" | "forwarded">]: pulumi.Input<Control[K]> } & { reach?: ReachInputs };

/** What the engine's own resources command a running cluster by. Holds passwords and a key. */
export function controlOf({ spec, endpoints, authority, operator, secrets }: ControlArgs): ControlInputs {
  const { poolerAdmin, postgres } = secrets.passwords;
  const url = (user: string, password: pulumi.Output<string>, database: string) => ({ host, port }: Address) =>
    pulumi.interpolate`postgresql://${user}:${password}@${host}:${port}/${database}`;
  return {
    ...accessOf({ endpoints, authority, operator }),
    databases: spec.databases.map(({ name }) => name),
    poolers: pulumi.all(endpoints.poolers.map(url("pooler_admin", poolerAdmin, "pgbouncer"))),
    writers: pulumi.all(endpoints.write.map(url("postgres", postgres, "postgres"))),
  };
}

/** Every pool of the applications, as one of its clients: each role at each pooler. URLs hold passwords. */
export function poolsOf({ spec, endpoints, secrets }: Pick<ControlArgs, "spec" | "endpoints" | "secrets">): pulumi.Output<string[]> {
  const { application, applicationReadonly } = secrets.passwords;
  const { database } = spec;
  const pools: [user: string, password: pulumi.Output<string>, pool: string][] = [
    [database, application, database], [`${database}_readonly`, applicationReadonly, `${database}_ro`],
    ...pooledRoles(spec).flatMap(({ name, database: of }) => [of, `${of}_ro`].map((pool): typeof pools[number] => [name, secrets.roles[name], pool])),
  ];
  return pulumi.all(endpoints.poolers.flatMap(({ host, port }) =>
    pools.map(([user, password, pool]) => pulumi.interpolate`postgresql://${user}:${password}@${host}:${port}/${pool}`)));
}
