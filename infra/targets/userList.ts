import * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec, RoleSpec } from "../cluster/spec";
import type { ClusterSecrets } from "../secrets";

/** Roles that come in through the poolers beside the application's own: a replication role streams past them. */
export const pooledRoles = ({ roles }: ClusterSpec): RoleSpec[] => roles.filter(({ login, replication }) => login && !replication);

/**
 * The poolers' user list, a secret. Everybody that the stack knows is in it, because a login that is looked up needs a server:
 * it would fail while the poolers are paused, and without a primary.
 */
export function userList(spec: ClusterSpec, { passwords, roles }: ClusterSecrets): pulumi.Output<string> {
  const { pgbouncer, poolerAdmin, monitoring, application, applicationReadonly } = passwords;
  const users: [string, pulumi.Output<string>][] = [
    ["pgbouncer", pgbouncer], ["pooler_admin", poolerAdmin], ["monitoring", monitoring],
    [spec.database, application], [`${spec.database}_readonly`, applicationReadonly],
    ...pooledRoles(spec).map(({ name }): [string, pulumi.Output<string>] => [name, roles[name]]),
  ];
  return pulumi.all(users.map(([name, password]) => pulumi.interpolate`"${name}" "${password}"`)).apply((lines) => lines.join("\n"));
}
