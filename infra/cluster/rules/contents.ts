import type { Grant } from "../../config/databases";
import { Fault, fault } from "../../config/errors";
import { ClusterSpec } from "../spec";

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

export type Rule = (spec: ClusterSpec) => Fault[];

/** What single databases are declared to hold and cannot. */
export const contentRules: Rule[] = [grantsFit, tables, publications, subscriptions];

/** `databases.1` counts as in the configuration, where the application database need not stand first, or at all. */
export const keyOf = (spec: ClusterSpec, name: string) => `databases.${spec.declaredDatabases.indexOf(name)}`;

/** A fault for each name that stood there before. */
export const twice = (names: string[], key: (index: number) => string) =>
  names.flatMap((name, index) => (names.indexOf(name) < index ? [fault(key(index), `"${name}" is declared twice`, "choose another name, or join the two")] : []));

/** The kind of object that a grant is on: "all tables in schema app" → table. */
export function kindOf(on: string): string {
  return on.startsWith("all ") ? on.split(" ")[1].replace(/s$/, "") : on.split(" ")[0].replace(/s$/, "");
}

function grantsFit(spec: ClusterSpec): Fault[] {
  const check = (key: string, { on, privileges }: Pick<Grant, "privileges"> & { on: string }) =>
    privileges.flatMap((privilege, n) => {
      const possible = PRIVILEGES[kindOf(on)];
      if (privilege === "all" && privileges.length > 1) return [fault(`${key}.privileges.${n}`, "all stands alone", "remove the others, or it")];
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
      ...declared.flatMap(({ name, partition }, index) => (database === spec.database && name === "app.app_logs" && partition
        ? [fault(`${key}.${index}.partition`, "the log system makes its partitions, and archives them before they go", "remove it; see logs.partition and logs.hotDays")] : [])),
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
