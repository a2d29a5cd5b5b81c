import type { DatabaseSpec, RoleSpec } from "../../../cluster/spec";
import type { DefaultPrivilege, Grant } from "../../../config/databases";
import { grantee, identifier, Items, literal, qualified } from "./item";

/** Who owns a further database and who may connect; the application database has this from sql/. */
export function databaseItems({ name, owner }: DatabaseSpec): Items {
  const database = `DATABASE ${identifier(name)}`;
  return {
    [`database ${name}`]: {
      sql: [
        `ALTER ${database} OWNER TO ${identifier(owner)};`,
        `REVOKE ALL ON ${database} FROM PUBLIC;`,
        `GRANT CONNECT ON ${database} TO pgbouncer, monitoring;`,
      ].join("\n"),
      exists: `SELECT FROM pg_database WHERE datname = ${literal(name)}`,
      drop: `DROP ${database};`,
    },
  };
}

/** Roles that log in may connect to their database. */
export function connectItems(roles: RoleSpec[]): Items {
  return Object.fromEntries(roles.filter(({ login }) => login).map(({ name, database }) => [
    `connection of ${name} to ${database}`,
    grantAndRevoke(`CONNECT ON DATABASE ${identifier(database)}`, name),
  ]));
}

export function schemaItems({ schemas, extensions, owner }: DatabaseSpec): Items {
  return {
    ...Object.fromEntries(schemas.map((schema) => [
      `schema ${schema.name}`,
      {
        sql: `CREATE SCHEMA IF NOT EXISTS ${identifier(schema.name)};\nALTER SCHEMA ${identifier(schema.name)} OWNER TO ${identifier(schema.owner ?? owner)};`,
        exists: `SELECT FROM pg_namespace WHERE nspname = ${literal(schema.name)}`,
        drop: `DROP SCHEMA ${identifier(schema.name)};`,
      },
    ])),
    ...Object.fromEntries(extensions.map(({ name, schema }) => [
      `extension ${name}`,
      {
        sql: `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)};\nCREATE EXTENSION IF NOT EXISTS ${identifier(name)} WITH SCHEMA ${identifier(schema)};`,
        exists: `SELECT FROM pg_extension WHERE extname = ${literal(name)}`,
        drop: `DROP EXTENSION ${identifier(name)};`,
      },
    ])),
  };
}

export function grantItems({ name: database, grants }: DatabaseSpec): Items {
  return Object.fromEntries(grants.map(({ role, privileges, on }) => [
    `grant of ${privileges.join(", ")} on ${on} to ${role}`,
    grantAndRevoke(`${privileges.join(", ").toUpperCase()} ON ${target(on, database)}`, role),
  ]));
}

export function defaultPrivilegeItems({ owner: standard, defaultPrivileges }: DatabaseSpec): Items {
  return Object.fromEntries(defaultPrivileges.map((each) => [
    `default privilege of ${each.privileges.join(", ")} on ${each.on} of ${each.owner ?? standard}${each.schema ? ` in ${each.schema}` : ""} to ${each.role}`,
    defaultPrivilege(each, each.owner ?? standard),
  ]));
}

function defaultPrivilege({ role, schema, on, privileges }: DefaultPrivilege, owner: string): Items[string] {
  const whose = `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(owner)}${schema ? ` IN SCHEMA ${identifier(schema)}` : ""}`;
  const what = `${privileges.join(", ").toUpperCase()} ON ${on.toUpperCase()}`;
  return { sql: `${whose} GRANT ${what} TO ${grantee(role)};`, undo: `${whose} REVOKE ${what} FROM ${grantee(role)};` };
}

function grantAndRevoke(what: string, role: string): Items[string] {
  return { sql: `GRANT ${what} TO ${grantee(role)};`, undo: `REVOKE ${what} FROM ${grantee(role)};` };
}

/** "all tables in schema app" → ALL TABLES IN SCHEMA "app". */
function target(on: Grant["on"], database: string): string {
  if (on === "database") return `DATABASE ${identifier(database)}`;
  const [, kind, name, parameters = ""] = on.match(/^(.*?) ([\w.]+)(\(.*\))?$/)!;
  return `${kind.toUpperCase()} ${qualified(name)}${parameters}`;
}
