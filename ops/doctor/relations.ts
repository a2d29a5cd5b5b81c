/** In FROM: what people made, with `name` quoted for SQL; not what is Postgres's, an extension's or pgha's own. */
export const RELATIONS = `(SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS name, c.reltuples::float8 AS tuples
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> ALL ('{information_schema,pgha,partman,cron,pgbouncer}') AND c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))`;

/** Bytes of a table's own rows above which it is worth a word. */
export const SMALL = 2 ** 20;
