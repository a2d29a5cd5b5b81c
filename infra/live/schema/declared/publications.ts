import type { DatabaseSpec } from "../../../cluster/spec";
import type { Publication } from "../../../config/databases";
import { createOnce, identifier, Items, literal, qualified } from "./item";

export function publicationItems({ publications }: DatabaseSpec): Items {
  return Object.fromEntries(publications.map((publication) => [
    `publication ${publication.name}`,
    {
      sql: [
        createOnce(`CREATE PUBLICATION ${identifier(publication.name)}`),
        `ALTER PUBLICATION ${identifier(publication.name)} SET ${published(publication)};`,
        `ALTER PUBLICATION ${identifier(publication.name)} SET (publish = ${literal(publication.operations.join(", "))}, publish_via_partition_root = ${publication.viaRoot});`,
        ...(publication.operations.some((operation) => operation === "update" || operation === "delete") ? [refuseBreaking(publication.name)] : []),
      ].join("\n"),
      exists: `SELECT FROM pg_publication WHERE pubname = ${literal(publication.name)}`,
      drop: `DROP PUBLICATION ${identifier(publication.name)};`,
    },
  ]));
}

function published({ tables, schemas }: Publication): string {
  return [
    ...tables.map(({ name, columns, where }) =>
      `TABLE ${qualified(name)}${columns.length ? ` (${columns.map(identifier).join(", ")})` : ""}${where ? ` WHERE (${where})` : ""}`),
    ...schemas.map((schema) => `TABLES IN SCHEMA ${identifier(schema)}`),
  ].join(", ");
}

/**
 * Postgres publishes a table whose rows it cannot name and then fails each UPDATE and DELETE of the application. Here that is an
 * error of the declaration. Source: PostgreSQL's manual, 29.1.1, 29.4 and 29.5.
 */
function refuseBreaking(name: string): string {
  return `DO $$
DECLARE
  faults text;
BEGIN
  WITH sent AS (
    SELECT part.oid AS part,
      ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)) AS columns,
      ARRAY(SELECT attname FROM regexp_matches(prqual::text, ':varattno (\\d+)', 'g') AS var JOIN pg_attribute ON attrelid = prrelid AND attnum = var[1]::int) AS filter
    FROM pg_publication JOIN pg_publication_rel ON prpubid = pg_publication.oid JOIN pg_class AS part ON part.oid = prrelid OR part.oid IN (SELECT relid FROM pg_partition_tree(prrelid))
    WHERE pubname = ${literal(name)} AND part.relkind = 'r'
    UNION ALL
    SELECT part.oid, '{}', '{}' FROM pg_publication JOIN pg_publication_namespace ON pnpubid = pg_publication.oid JOIN pg_class AS part ON relnamespace = pnnspid
    WHERE pubname = ${literal(name)} AND part.relkind = 'r' AND relpersistence = 'p'
  ), named AS (
    SELECT sent.*, relreplident = 'f' AS whole, ARRAY(SELECT attname FROM pg_attribute WHERE attrelid = part AND attnum > 0 AND NOT attisdropped AND (relreplident = 'f'
        OR EXISTS (SELECT FROM pg_index WHERE indrelid = part AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1]) AND CASE relreplident WHEN 'd' THEN indisprimary WHEN 'i' THEN indisreplident END))) AS key
    FROM sent JOIN pg_class ON pg_class.oid = part
  )
  SELECT string_agg(part::regclass || ': ' || CASE
      WHEN key = '{}' THEN 'it has no primary key'
      WHEN columns <> '{}' AND NOT key <@ columns THEN CASE WHEN whole THEN 'its replica identity is all columns, and not all are sent' ELSE format('columns leaves out %s of its key', array_to_string(ARRAY(SELECT unnest(key) EXCEPT SELECT unnest(columns)), ', ')) END
      ELSE format('where reads %s, which is not of its key', array_to_string(ARRAY(SELECT unnest(filter) EXCEPT SELECT unnest(key)), ', ')) END, '; ' ORDER BY part)
    INTO faults FROM named WHERE key = '{}' OR columns <> '{}' AND NOT key <@ columns OR NOT filter <@ key;
  IF faults IS NOT NULL THEN
    RAISE EXCEPTION 'each UPDATE and DELETE of these tables would fail: %', faults
      USING HINT = 'Send inserts alone, operations: [insert]; or send and filter by the key; or give the table one, or REPLICA IDENTITY, in a migration.';
  END IF;
END $$;`;
}
