import type { DatabaseSpec, RoleSpec } from "../../../cluster/spec";
import { settingValue } from "../settingValue";
import { createOnce, identifier, Items, literal } from "./item";

/** Owners of databases, then the declared roles with their attributes, then what they are members of and set to. */
export function roleItems(roles: RoleSpec[], databases: DatabaseSpec[], application: string): Items {
  const made = databases.filter(({ name, owner }) => name !== application && owner === `${name}_owner`).map(({ owner }) => owner);
  return {
    ...Object.fromEntries(made.map((owner) => role(owner, "NOLOGIN NOREPLICATION"))),
    ...Object.fromEntries(roles.map((declared) => role(declared.name, attributes(declared)))),
    ...Object.fromEntries([...roles.flatMap(memberships), ...roles.flatMap(settings)]),
  };
}

function role(name: string, attributes: string): [string, Items[string]] {
  const create = createOnce(`CREATE ROLE ${identifier(name)}`);
  const sql = `${create}\nALTER ROLE ${identifier(name)} ${attributes} NOSUPERUSER INHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS;`;
  const drop = `REASSIGN OWNED BY ${identifier(name)} TO postgres; DROP OWNED BY ${identifier(name)}; (both in each database) DROP ROLE ${identifier(name)};`;
  return [`role ${name}`, { sql, exists: `SELECT FROM pg_roles WHERE rolname = ${literal(name)}`, drop }];
}

function attributes({ login, replication, connectionLimit, validUntil }: RoleSpec): string {
  return [
    login ? "LOGIN" : "NOLOGIN",
    replication ? "REPLICATION" : "NOREPLICATION",
    `CONNECTION LIMIT ${connectionLimit ?? -1}`,
    `VALID UNTIL ${literal(validUntil ? `${validUntil} 00:00:00+00` : "infinity")}`,
  ].join(" ");
}

function memberships({ name, memberOf }: RoleSpec): [string, Items[string]][] {
  return memberOf.map((group) => [
    `membership of ${name} in ${group}`,
    { sql: `GRANT ${identifier(group)} TO ${identifier(name)};`, undo: `REVOKE ${identifier(group)} FROM ${identifier(name)};` },
  ]);
}

function settings({ name, settings: declared }: RoleSpec): [string, Items[string]][] {
  return Object.entries(declared).map(([setting, value]) => {
    const text = settingValue(setting, value);
    const parameter = setting.split(".").map(identifier).join(".");
    return [`setting ${setting} of ${name}`, { sql: `ALTER ROLE ${identifier(name)} SET ${parameter} = ${text};`, undo: `ALTER ROLE ${identifier(name)} RESET ${parameter};` }];
  });
}
