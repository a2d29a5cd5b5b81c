import type { ClusterConfig } from "../config";
import type { DatabaseDeclaration } from "../config/databases";
import type { ClusterSpec, DatabaseSpec, RoleSpec } from "./spec";

type Named = Pick<DatabaseDeclaration, "name" | "owner" | "roles">;

/** Whether the cluster makes <name>, <name>_readonly and <name>_migrator for it, beside the owner. */
export function hasStandardRoles({ owner, roles = owner ? "none" : "standard" }: Named): boolean {
  return roles === "standard";
}

/** The declared roles, then those that the cluster makes; one that is declared under such a name stays as it is declared. */
export function planRoles({ roles, database, databases }: ClusterConfig, planned: DatabaseSpec[]): RoleSpec[] {
  const declared = roles.map((role) => ({ ...role, database: role.database ?? database.name }));
  const standard = planned.filter(({ name }) => hasStandardRoles(databases.find((each) => each.name === name) ?? { name }))
    .flatMap(({ name, owner }) => [...(name === database.name ? [] : users(name)), migrator(name, owner)]);
  return [...declared, ...standard.filter(({ name }) => !roles.some((role) => role.name === name))];
}

/** Roles that come in through the poolers beside the application's own: a replication role streams past them. */
export const pooledRoles = ({ roles }: Pick<ClusterSpec, "roles">): RoleSpec[] => roles.filter(({ login, replication }) => login && !replication);

/** Roles of the application database are made by sql/. */
const users = (name: string): RoleSpec[] => [made(name, name, {}), made(`${name}_readonly`, name, { default_transaction_read_only: "on", search_path: path(name) })];

/** Acts as the owner, so that what it makes is the owner's and the others have their default privileges on it. */
const migrator = (name: string, owner: string): RoleSpec => ({ ...made(`${name}_migrator`, name, { role: owner, search_path: path(name) }), memberOf: [owner] });

/** What role <name> has by "$user", which is another one for the roles beside it. */
const path = (name: string) => `${name}, public`;

function made(name: string, database: string, settings: RoleSpec["settings"]): RoleSpec {
  return { name, database, settings, login: true, memberOf: [], replication: false, made: true };
}

/** Rights of the standard roles on what the owner makes, as sql/ gives them in the application database; added to what is declared. */
export function withStandardRights(database: DatabaseSpec, roles: RoleSpec[]): DatabaseSpec {
  const { name, owner, schemas } = database;
  const [writer, reader] = [name, `${name}_readonly`].map((role) => (roles.some((each) => each.made && each.name === role) ? role : undefined));
  const both = [writer, reader].filter((role) => role !== undefined);
  const own = schemas.filter((schema) => (schema.owner ?? owner) === owner);
  return {
    ...database,
    grants: [
      ...database.grants,
      ...(writer ? [{ role: writer, privileges: ["temporary" as const], on: "database" }] : []),
      ...own.flatMap((schema) => both.map((role) => ({ role, privileges: ["usage" as const], on: `schema ${schema.name}` }))),
    ],
    defaultPrivileges: [
      ...database.defaultPrivileges,
      ...both.map((role) => ({ role, privileges: ["usage" as const], on: "schemas" as const })),
      ...(writer ? [
        { role: writer, privileges: ["select" as const, "insert" as const, "update" as const, "delete" as const], on: "tables" as const },
        { role: writer, privileges: ["usage" as const, "select" as const], on: "sequences" as const },
      ] : []),
      ...(reader ? (["tables", "sequences"] as const).map((on) => ({ role: reader, privileges: ["select" as const], on })) : []),
    ],
  };
}
