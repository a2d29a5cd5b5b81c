import { LISTS, settingValue } from "../settingValue";
import { grantee, identifier, literal, qualified } from "./item";

/**
 * Queries for what somebody else, a migration for example, gave before it was declared: statements that give it again, a row each, so
 * that the end of a declaration takes no more than the declaration gave. None for what is not given and taken.
 */
export function beforeOf(key: string, database: string): string[] {
  const grant = key.match(/^grant of ([\w, ]+?) on (.+) to (\w+)$/);
  if (grant) return rights(grant[3], grant[1].split(", "), grant[2], database);
  const connection = key.match(/^connection of (\w+) to (\w+)$/);
  if (connection) return rights(connection[1], ["connect"], "database", connection[2]);
  const byDefault = key.match(/^default privilege of ([\w, ]+?) on (\w+) of (\w+)(?: in (\w+))? to (\w+)$/);
  if (byDefault) return defaults(byDefault[5], byDefault[1].split(", "), byDefault[2], byDefault[3], byDefault[4]);
  const membership = key.match(/^membership of (\w+) in (\w+)$/);
  if (membership) return memberships(membership[2], membership[1]);
  const setting = key.match(/^setting ([\w.]+) of (\w+)$/);
  if (setting) return settings(setting[2], setting[1]);
  const storage = key.match(/^storage parameter ([\w.]+) of ([\w.]+)$/);
  return storage ? storages(storage[2], storage[1]) : [];
}

/** The statement that one row of theirs is. */
export function statementOf({ sql, list, value }: { sql: string; list?: string; value?: string }): string {
  return list === undefined ? sql : sql + settingValue(list, value ?? "");
}

const roleNumber = (role: string) => (role === "public" ? "0" : `(SELECT oid FROM pg_roles WHERE rolname = ${literal(role)})`);
const chosen = (privileges: string[]) => (privileges.includes("all") ? "true" : `lower(privilege_type) IN (${privileges.map(literal).join(", ")})`);
const option = "CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END";

/** Objects of a grant as (target, acl, owner, kind). */
function objects(on: string, database: string): string {
  const [, what, name, parameters = ""] = on === "database" ? ["", "database", database] : on.match(/^(.*?) ([\w.]+)(\(.*\))?$/)!;
  const relations = (kinds: string, keyword: string) =>
    `SELECT '${keyword} ' || oid::regclass AS target, relacl AS acl, relowner AS owner, '${keyword === "TABLE" ? "r" : "s"}'::"char" AS kind FROM pg_class WHERE relkind IN (${kinds})`;
  const routines = "SELECT 'ROUTINE ' || oid::regprocedure AS target, proacl AS acl, proowner AS owner, 'f'::\"char\" AS kind FROM pg_proc";
  const [TABLES, SEQUENCES] = ["'r', 'p', 'v', 'm', 'f'", "'S'"];
  const within = (column: string) => `${column} = to_regnamespace(${literal(identifier(name))})`;
  switch (what) {
    case "database": return `SELECT 'DATABASE ' || quote_ident(datname) AS target, datacl AS acl, datdba AS owner, 'd'::"char" AS kind FROM pg_database WHERE datname = ${literal(name)}`;
    case "schema": return `SELECT 'SCHEMA ' || oid::regnamespace AS target, nspacl AS acl, nspowner AS owner, 'n'::"char" AS kind FROM pg_namespace WHERE ${within("oid")}`;
    case "table": return `${relations(TABLES, "TABLE")} AND oid = to_regclass(${literal(qualified(name))})`;
    case "sequence": return `${relations(SEQUENCES, "SEQUENCE")} AND oid = to_regclass(${literal(qualified(name))})`;
    case "all tables in schema": return `${relations(TABLES, "TABLE")} AND ${within("relnamespace")}`;
    case "all sequences in schema": return `${relations(SEQUENCES, "SEQUENCE")} AND ${within("relnamespace")}`;
    case "all functions in schema": return `${routines} WHERE ${within("pronamespace")} AND prokind <> 'p'`;
    default: return `${routines} WHERE oid = to_regprocedure(${literal(qualified(name) + parameters)})`;
  }
}

function rights(role: string, privileges: string[], on: string, database: string): string[] {
  return [`SELECT format('GRANT %s ON %s TO %s%s', privilege_type, target, ${literal(grantee(role))}, ${option}) AS sql
    FROM (${objects(on, database)}) AS object, aclexplode(coalesce(acl, acldefault(kind, owner))) WHERE grantee = ${roleNumber(role)} AND ${chosen(privileges)}`];
}

function defaults(role: string, privileges: string[], on: string, owner: string, schema?: string): string[] {
  const whose = `ALTER DEFAULT PRIVILEGES FOR ROLE ${identifier(owner)}${schema ? ` IN SCHEMA ${identifier(schema)}` : ""}`;
  const kind = { tables: "r", sequences: "S", functions: "f", types: "T", schemas: "n" }[on];
  const space = schema ? `to_regnamespace(${literal(identifier(schema))})` : "0";
  // Without a row of its own only the built-in defaults hold, in no single schema
  const builtIn = schema ? "NULL" : `acldefault('${kind === "S" ? "s" : kind}', ${roleNumber(owner)})`;
  return [`SELECT format('%s GRANT %s ON ${on.toUpperCase()} TO %s%s', ${literal(whose)}, privilege_type, ${literal(grantee(role))}, ${option}) AS sql
    FROM aclexplode(coalesce((SELECT defaclacl FROM pg_default_acl WHERE defaclrole = ${roleNumber(owner)} AND defaclnamespace = ${space} AND defaclobjtype = '${kind}'), ${builtIn}))
    WHERE grantee = ${roleNumber(role)} AND ${chosen(privileges)}`];
}

function memberships(group: string, member: string): string[] {
  return [`SELECT format('GRANT %I TO %I WITH ADMIN %s, INHERIT %s, SET %s', ${literal(group)}, ${literal(member)}, admin_option::text, inherit_option::text, set_option::text) AS sql
    FROM pg_auth_members WHERE roleid = ${roleNumber(group)} AND member = ${roleNumber(member)}`];
}

function settings(role: string, setting: string): string[] {
  const change = `ALTER ROLE ${identifier(role)} SET ${setting.split(".").map(identifier).join(".")}`;
  const value = "substr(config, strpos(config, '=') + 1)";
  // A role may have stored any text as its list: it is taken apart by statementOf
  const found = LISTS.includes(setting) ? `${literal(`${change} = `)} AS sql, ${literal(setting)} AS list, ${value} AS value` : `${literal(`${change} = `)} || quote_literal(${value}) AS sql`;
  return [`SELECT ${found}
    FROM pg_db_role_setting, unnest(setconfig) AS config WHERE setrole = ${roleNumber(role)} AND setdatabase = 0 AND starts_with(lower(config), ${literal(`${setting.toLowerCase()}=`)})`];
}

/** Of a table, or of each partition and of those that are still to be made. */
function storages(table: string, parameter: string): string[] {
  const parent = `to_regclass(${literal(qualified(table))})`;
  const name = parameter.replace(/^toast\./, "");
  const holder = name === parameter ? "leaf" : "toast";
  return [
    `SELECT format('ALTER TABLE %s SET (${parameter === name ? "" : "toast."}%s)', leaf.oid::regclass, value) AS sql
     FROM pg_class AS leaf LEFT JOIN pg_class AS toast ON toast.oid = leaf.reltoastrelid, unnest(${holder}.reloptions) AS value
     WHERE leaf.relkind = 'r' AND (leaf.oid = ${parent} OR leaf.oid IN (SELECT relid FROM pg_partition_tree(${parent}))) AND starts_with(value, ${literal(`${name}=`)})`,
    `SELECT format('UPDATE pgha.partitioned SET storage = storage || %L WHERE parent = %L::regclass', jsonb_build_object(${literal(parameter)}, storage -> ${literal(parameter)}), parent::regclass) AS sql
     FROM pgha.partitioned WHERE parent = ${parent} AND storage ? ${literal(parameter)}`,
  ];
}
