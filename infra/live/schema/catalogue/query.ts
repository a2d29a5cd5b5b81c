/** Selects name and definition (an object of texts) of every object of one kind. */
export interface CatalogueQuery {
  kind: string;
  sql: string;
  /** Runs only where this relation exists: it belongs to an extension. */
  needs?: string;
}

/** Rights in words and in one order, "owner=SELECT,UPDATE app=SELECT"; spelled out where a catalogue has NULL for the usual ones. */
export const rights = (acl: string, owner: string) =>
  `(SELECT coalesce(string_agg(who || '=' || what, ' ' ORDER BY who <> 'owner', who), 'none') FROM (
     SELECT CASE grantee WHEN 0 THEN 'PUBLIC' WHEN ${owner} THEN 'owner' ELSE quote_ident(pg_get_userbyid(grantee)) END AS who,
       string_agg(DISTINCT privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ',') AS what
     FROM aclexplode(${acl}) GROUP BY 1) AS each)`;
export const acl = (column: string, kind: string, owner: string) => rights(`coalesce(${column}, acldefault('${kind}', ${owner}))`, owner);
export const owner = (column: string) => `pg_get_userbyid(${column})::text`;
/** Neither the system's nor that of drills, which make and drop it by themselves (ops/drill/tables.ts). */
export const own = (column: string) => `${column} !~ '^pg_' AND ${column} NOT IN ('information_schema', 'pgha_drill')`;
export const notOfExtension = (catalogue: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalogue}'::regclass AND objid = ${oid} AND deptype = 'e')`;
export const table = (relation: string, schema: string) => `format('%I.%I', ${schema}.nspname, ${relation}.relname)`;

/**
 * Relations that count: maintenance makes, detaches and drops partitions by itself, and pg_partman keeps models of them.
 * A detached partition is known by its name.
 */
export const RELATIONS = `relations AS (
  SELECT c.*, n.nspname, ${table("c", "n")} AS named FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${own("n.nspname")} AND NOT c.relispartition AND ${notOfExtension("pg_class", "c.oid")}
    AND NOT (n.nspname = 'partman' AND c.relname ~ '^template_')
    AND NOT EXISTS (SELECT FROM pg_class parent WHERE parent.relnamespace = c.relnamespace AND parent.relkind = 'p'
      AND starts_with(c.relname, parent.relname || '_') AND substr(c.relname, length(parent.relname) + 2) ~ '^(p\\d{6,8}(_\\d{6})?|\\d{4}_\\d{2})$')
)`;
export const TABLES = `WITH ${RELATIONS}, tables AS (SELECT * FROM relations WHERE relkind IN ('r', 'p', 'f'))`;
