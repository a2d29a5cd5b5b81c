import type { DatabaseSpec } from "../../../cluster/spec";
import type { Partitioning, TableDeclaration } from "../../../config/databases";
import { Items, literal, qualified } from "./item";

/** Storage parameters and partitions of tables that migrations have made. */
export function tableItems({ tables }: DatabaseSpec): Items {
  return Object.fromEntries(tables.flatMap((table) => [
    ...(table.partition ? [partitions(table, table.partition)] : []),
    ...Object.entries(table.storage).map(([parameter, value]): [string, Items[string]] => [
      `storage parameter ${parameter} of ${table.name}`,
      {
        sql: onLeaves(table.name, `SET (${parameter} = ${value})`, has(parameter, value), `storage || '${JSON.stringify({ [parameter]: value })}'`),
        undo: onLeaves(table.name, `RESET (${parameter})`, "false", `storage - '${parameter}'`),
      },
    ]),
  ]));
}

/** Parameters of a TOAST table are kept apart; to set them again does no harm. */
function has(parameter: string, value: string | number | boolean): string {
  return parameter.startsWith("toast.") ? "false" : `coalesce(reloptions, '{}') @> ARRAY[${literal(`${parameter}=${value}`)}]`;
}

/** On a partitioned parent storage parameters are an error: they belong on each partition, and are noted for further ones. */
function onLeaves(table: string, change: string, done: string, noted: string): string {
  const parent = `${literal(qualified(table))}::regclass`;
  return `DO $$
DECLARE
  leaf regclass;
BEGIN
  IF to_regclass('pgha.partitioned') IS NOT NULL THEN
    UPDATE pgha.partitioned SET storage = ${noted} WHERE parent = ${parent};
  END IF;
  FOR leaf IN SELECT oid FROM pg_class WHERE relkind = 'r' AND NOT ${done} AND (oid = ${parent} OR oid IN (SELECT relid FROM pg_partition_tree(${parent}))) LOOP
    EXECUTE format('ALTER TABLE %s ${change}', leaf);
  END LOOP;
END $$;`;
}

/** By the function that the migrations have for it, sql/database/R__by_time.sql. */
function partitions({ name, storage }: TableDeclaration, { key, interval, premake, retention }: Partitioning): [string, Items[string]] {
  const told = [
    `${literal(qualified(name))}, ${literal(key)}, ${literal(interval)}`,
    `premake => ${premake}`,
    ...(retention ? [`retention => ${literal(retention)}`] : []),
    `storage => ${literal(JSON.stringify(storage))}`,
  ];
  return [
    `partitions of ${name}`,
    {
      sql: `SELECT pgha.partition_by_time(${told.join(", ")});`,
      // Rows are deleted only as long as that is declared
      undo: `UPDATE partman.part_config SET retention = NULL WHERE parent_table = ${literal(name)};`,
      exists: `SELECT FROM partman.part_config WHERE parent_table = ${literal(name)}`,
      drop: `DELETE FROM partman.part_config WHERE parent_table = ${literal(name)}; (no further partitions are made then)`,
    },
  ];
}
