import type { Grant } from "../declarations";
import { Fault, fault } from "./errors";
import { knownSettings } from "./settings";
import { ClusterSpec } from "./spec";

/** Names of databases and roles that the cluster itself has. */
const TAKEN = ["postgres", "template0", "template1", "pgbouncer", "pooler_admin", "replicator", "rewind", "monitoring", "public", "pgha", "none"];

export function isTaken(name: string): boolean {
  return TAKEN.includes(name) || name.startsWith("pg_");
}

/** What may be granted on each kind of object. Source: PostgreSQL's manual, table 5.2. */
const PRIVILEGES: Record<string, string[]> = {
  database: ["create", "connect", "temporary"],
  schema: ["create", "usage"],
  table: ["select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"],
  sequence: ["usage", "select", "update"],
  function: ["execute"],
  type: ["usage"],
};

/** Source: PostgreSQL's manual, CREATE TABLE, "Storage Parameters". */
const STORAGE = new RegExp(
  "^(toast\\.)?(fillfactor|toast_tuple_target|parallel_workers|user_catalog_table|vacuum_index_cleanup|vacuum_truncate|log_autovacuum_min_duration"
    + "|autovacuum_(enabled|vacuum_(threshold|max_threshold|scale_factor|insert_threshold|insert_scale_factor|cost_delay|cost_limit)"
    + "|analyze_(threshold|scale_factor)|(multixact_)?freeze_(min_age|max_age|table_age)|vacuum_cost_(delay|limit)))$",
);

type Rule = (spec: ClusterSpec) => Fault[];

/** What is declared for the databases and cannot work. */
export const declarationRules: Rule[] = [databaseNames, roleNames, roleReferences, databaseReferences, grantsFit, tables, publications, subscriptions, roleSettings];

/** `databases.1` counts as in the configuration, where the application database need not stand first, or at all. */
const keyOf = (spec: ClusterSpec, name: string) => `databases.${spec.declaredDatabases.indexOf(name)}`;

const twice = (names: string[], key: (index: number) => string) =>
  names.flatMap((name, index) => (names.indexOf(name) < index ? [fault(key(index), `"${name}" is declared twice`, "choose another name, or join the two")] : []));

function databaseNames(spec: ClusterSpec): Fault[] {
  const { declaredDatabases: names, database } = spec;
  const pools = new Map([database, ...names].map((name) => [`${name}_ro`, name]));
  return [
    ...twice(names, (index) => `databases.${index}.name`),
    ...names.flatMap((name, index) => {
      const key = `databases.${index}.name`;
      if (name !== database && isTaken(name)) return [fault(key, `"${name}" is taken by a database or role of the cluster's own`, "choose another name")];
      if (pools.has(name)) return [fault(key, `"${name}" is the poolers' name for reading ${pools.get(name)}`, "choose another name")];
      return [];
    }),
  ];
}

function roleNames({ roles, database, databases }: ClusterSpec): Fault[] {
  const owned = [database, `${database}_readonly`, ...databases.map(({ name }) => `${name}_owner`)];
  return [
    ...twice(roles.map(({ name }) => name), (index) => `roles.${index}.name`),
    ...roles.flatMap(({ name }, index) =>
      isTaken(name) || owned.includes(name) ? [fault(`roles.${index}.name`, `"${name}" is a role that the cluster makes by itself`, "choose another name")] : []),
  ];
}

function roleReferences(spec: ClusterSpec): Fault[] {
  const { roles, database, databases } = spec;
  const known = new Set([database, `${database}_readonly`, ...databases.map(({ name }) => `${name}_owner`), ...roles.map(({ name }) => name)]);
  const check = (key: string, role: string | undefined, ...also: string[]) =>
    role === undefined || known.has(role) || also.includes(role) ? [] : [fault(key, `there is no role "${role}"`, "declare it under roles, or correct its spelling")];
  return [
    ...roles.flatMap(({ name, memberOf }, index) =>
      memberOf.flatMap((role, n) => {
        const key = `roles.${index}.memberOf.${n}`;
        if (role === name) return [fault(key, "a role cannot be a member of itself", "remove it")];
        return role.startsWith("pg_") ? [] : check(key, role);
      })),
    ...databases.flatMap((each) => {
      const key = keyOf(spec, each.name);
      const fixed = each.name === database && each.owner !== `${database}_owner`;
      return [
        ...(fixed ? [fault(`${key}.owner`, `the application database belongs to ${database}_owner`, "remove it")] : check(`${key}.owner`, each.owner)),
        ...each.schemas.flatMap(({ owner }, n) => check(`${key}.schemas.${n}.owner`, owner)),
        ...each.grants.flatMap(({ role }, n) => check(`${key}.grants.${n}.role`, role, "public", "monitoring")),
        ...each.defaultPrivileges.flatMap(({ role, owner }, n) =>
          [...check(`${key}.defaultPrivileges.${n}.role`, role, "public", "monitoring"), ...check(`${key}.defaultPrivileges.${n}.owner`, owner)]),
      ];
    }),
  ];
}

function databaseReferences({ databases, roles, slots }: ClusterSpec): Fault[] {
  const names = databases.map(({ name }) => name);
  const check = (key: string, name: string) => (names.includes(name) ? [] : [fault(key, `there is no database "${name}"`, `declare it under databases (there are ${names.join(", ")})`)]);
  return [
    ...roles.flatMap(({ database }, index) => check(`roles.${index}.database`, database)),
    ...slots.flatMap(({ database }, index) => check(`slots.${index}.database`, database)),
  ];
}

/** The kind of object that a grant is on: "all tables in schema app" → table. */
export function kindOf(on: string): string {
  return on.startsWith("all ") ? on.split(" ")[1].replace(/s$/, "") : on.split(" ")[0].replace(/s$/, "");
}

function grantsFit(spec: ClusterSpec): Fault[] {
  const check = (key: string, { on, privileges }: Pick<Grant, "privileges"> & { on: string }) =>
    privileges.flatMap((privilege, n) => {
      const possible = PRIVILEGES[kindOf(on)];
      return privilege === "all" || possible.includes(privilege) ? [] : [fault(`${key}.privileges.${n}`, `${privilege} cannot be granted on ${on}`, `use ${possible.join(", ")} or all`)];
    });
  return spec.databases.flatMap(({ name, grants, defaultPrivileges }) => [
    ...grants.flatMap((grant, n) => check(`${keyOf(spec, name)}.grants.${n}`, grant)),
    ...defaultPrivileges.flatMap((grant, n) => [
      ...check(`${keyOf(spec, name)}.defaultPrivileges.${n}`, grant),
      ...(grant.on === "schemas" && grant.schema ? [fault(`${keyOf(spec, name)}.defaultPrivileges.${n}.schema`, "schemas are in no schema", "remove it")] : []),
    ]),
  ]);
}

function tables(spec: ClusterSpec): Fault[] {
  return spec.databases.flatMap(({ name: database, tables: declared }) => {
    const key = `${keyOf(spec, database)}.tables`;
    return [
      ...twice(declared.map(({ name }) => name), (index) => `${key}.${index}.name`),
      ...declared.flatMap(({ storage }, index) =>
        Object.keys(storage).filter((parameter) => !STORAGE.test(parameter))
          .map((parameter) => fault(`${key}.${index}.storage.${parameter}`, "is not a storage parameter of a table", "correct its spelling or remove it"))),
    ];
  });
}

function publications(spec: ClusterSpec): Fault[] {
  return spec.databases.flatMap(({ name: database, publications: declared }) => {
    const key = `${keyOf(spec, database)}.publications`;
    return [
      ...twice(declared.map(({ name }) => name), (index) => `${key}.${index}.name`),
      ...declared.flatMap(({ tables: published, schemas }, index) => {
        if (!published.length && !schemas.length) return [fault(`${key}.${index}.tables`, "nothing is published", "name tables or schemas")];
        const columns = published.findIndex((each) => each.columns.length > 0);
        if (schemas.length && columns >= 0) return [fault(`${key}.${index}.tables.${columns}.columns`, "columns cannot be chosen beside whole schemas", "make two publications")];
        return twice(published.map(({ name }) => name), (n) => `${key}.${index}.tables.${n}.name`);
      }),
    ];
  });
}

function subscriptions(spec: ClusterSpec): Fault[] {
  const declared = spec.databases.flatMap(({ name, subscriptions: each }) => each.map((one, n) => ({ ...one, key: `${keyOf(spec, name)}.subscriptions.${n}` })));
  return twice(declared.map(({ name }) => name), (index) => `${declared[index].key}.name`);
}

function roleSettings({ roles, version }: ClusterSpec): Fault[] {
  const known = knownSettings(version);
  return roles.flatMap(({ settings }, index) =>
    Object.keys(settings).filter((name) => !name.includes(".") && !(name in known))
      .map((name) => fault(`roles.${index}.settings.${name}`, `is not a setting of PostgreSQL ${version}`, "correct its spelling or remove it")));
}
