import type { Client } from "pg";
import { RELATIONS } from "../doctor/relations";

/** Rows of one table that are to have a row of another one. Names are quoted for SQL. */
export interface Relation {
  child: string;
  column: string;
  parent: string;
  key: string;
  /** A foreign key that is not enforced, or never was checked; or a column whose name and type say so. */
  by: "foreign key" | "name";
}

/** Types that Postgres itself compares: no function that somebody made is called. */
const TYPES = "{int2,int4,int8,uuid,text,varchar,bpchar}";

/** Foreign keys of one column that may have let orphans in: not validated, or with triggers switched off. */
const KEYS = `SELECT c.name AS child, quote_ident(a.attname) AS column, p.name AS parent, quote_ident(b.attname) AS key, 'foreign key' AS by
  FROM pg_constraint f JOIN ${RELATIONS} c ON c.oid = f.conrelid JOIN ${RELATIONS} p ON p.oid = f.confrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1] JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = f.confkey[1]
  WHERE f.contype = 'f' AND f.conparentid = 0 AND cardinality(f.conkey) = 1 AND a.atttypid = b.atttypid AND a.atttypid::regtype::text = ANY (SELECT t::regtype::text FROM unnest('${TYPES}'::text[]) t)
    AND (NOT f.convalidated OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = f.oid AND t.tgenabled = 'D'))`;

/** order_id, beside a table order or orders in the same schema with a primary key of one column of the same type, and no foreign key. */
const NAMES = `SELECT c.name AS child, quote_ident(a.attname) AS column, p.name AS parent, quote_ident(b.attname) AS key, 'name' AS by
  FROM ${RELATIONS} c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname ~ '._id$'
  JOIN ${RELATIONS} p ON p.relnamespace = c.relnamespace AND p.relname = ANY (ARRAY[left(a.attname, -3), left(a.attname, -3) || 's', left(a.attname, -3) || 'es', regexp_replace(left(a.attname, -3), 'y$', 'ies')])
  JOIN pg_index i ON i.indrelid = p.oid AND i.indisprimary AND i.indnkeyatts = 1
  JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = i.indkey[0] AND b.atttypid = a.atttypid
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND p.relkind IN ('r', 'p') AND (c.oid, a.attnum) <> (p.oid, b.attnum)
    AND a.atttypid::regtype::text = ANY (SELECT t::regtype::text FROM unnest('${TYPES}'::text[]) t)
    AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey))`;

/** What can have orphans in a database, as its catalogue tells it. */
export async function detectRelations(client: Client): Promise<Relation[]> {
  return (await client.query<Relation>(`${KEYS} UNION ALL ${NAMES} ORDER BY 1, 2`)).rows;
}

/** Those rows; a NULL refers to nothing. */
export function orphansOf({ child, column, parent, key }: Relation): string {
  return `FROM ${child} c WHERE c.${column} IS NOT NULL AND NOT EXISTS (SELECT FROM ${parent} p WHERE p.${key} OPERATOR(pg_catalog.=) c.${column})`;
}
