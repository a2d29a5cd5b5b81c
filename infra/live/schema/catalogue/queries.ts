import { createHash } from "node:crypto";
import { CLUSTER } from "./clusterQueries";
import { acl, type CatalogueQuery, notOfExtension, own, owner, RELATIONS, rights, table, TABLES } from "./query";

/** What belongs to one database. */
export const DATABASE: CatalogueQuery[] = [
  {
    kind: "schema",
    sql: `SELECT nspname AS name, jsonb_build_object('owner', ${owner("nspowner")}, 'rights', ${acl("nspacl", "n", "nspowner")}) AS definition
      FROM pg_namespace WHERE ${own("nspname")} AND ${notOfExtension("pg_namespace", "pg_namespace.oid")}`,
  },
  {
    kind: "extension",
    sql: `SELECT extname AS name, jsonb_build_object('version', extversion, 'schema', nspname::text, 'owner', ${owner("extowner")}) AS definition
      FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace`,
  },
  {
    kind: "table",
    sql: `${TABLES} SELECT named AS name, jsonb_build_object('owner', ${owner("relowner")}, 'rights', ${acl("relacl", "r", "relowner")},
        'storage parameters', coalesce((SELECT string_agg(each, ', ' ORDER BY each) FROM unnest(reloptions) AS each), 'none'),
        'persistence', CASE relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END, 'partitioned by', coalesce(pg_get_partkeydef(tables.oid), 'nothing'),
        'row security', CASE WHEN relforcerowsecurity THEN 'forced' WHEN relrowsecurity THEN 'on' ELSE 'off' END,
        'replica identity', CASE relreplident WHEN 'd' THEN 'default' WHEN 'f' THEN 'full' WHEN 'n' THEN 'nothing' ELSE 'index' END) AS definition
      FROM tables`,
  },
  {
    kind: "view",
    sql: `WITH ${RELATIONS} SELECT named AS name, jsonb_build_object('definition', pg_get_viewdef(oid), 'owner', ${owner("relowner")},
        'rights', ${acl("relacl", "r", "relowner")}, 'materialized', (relkind = 'm')::text) AS definition
      FROM relations WHERE relkind IN ('v', 'm')`,
  },
  {
    kind: "column",
    sql: `${TABLES} SELECT format('%s.%I', named, attname) AS name, jsonb_build_object('table', named, 'type', format_type(atttypid, atttypmod), 'not null', attnotnull::text,
        'default', coalesce(CASE WHEN attgenerated = '' THEN pg_get_expr(adbin, adrelid) END, 'none'),
        'generated', coalesce(CASE WHEN attgenerated <> '' THEN pg_get_expr(adbin, adrelid) END, CASE attidentity WHEN 'a' THEN 'always as identity' WHEN 'd' THEN 'by default as identity' END, 'no'),
        'collation', coalesce(nullif(collname::text, 'default'), 'default'), 'compression', CASE attcompression WHEN 'l' THEN 'lz4' WHEN 'p' THEN 'pglz' ELSE 'default' END,
        'storage', attstorage::text, 'rights', ${rights("attacl", "relowner")}) AS definition
      FROM tables JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum LEFT JOIN pg_collation co ON co.oid = attcollation`,
  },
  {
    kind: "index",
    sql: `${TABLES} SELECT ${table("i", "n")} AS name, jsonb_build_object('table', named, 'definition', pg_get_indexdef(i.oid), 'valid', indisvalid::text, 'clustered', indisclustered::text) AS definition
      FROM tables JOIN pg_index ON indrelid = tables.oid JOIN pg_class i ON i.oid = indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace
      WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND conrelid = tables.oid)`,
  },
  {
    kind: "constraint",
    sql: `${TABLES} SELECT format('%I on %s', conname, named) AS name, jsonb_build_object('table', named, 'definition', pg_get_constraintdef(pg_constraint.oid)) AS definition
      FROM tables JOIN pg_constraint ON conrelid = tables.oid WHERE contype <> 'n'`,
  },
  {
    kind: "trigger",
    sql: `${TABLES} SELECT format('%I on %s', tgname, named) AS name, jsonb_build_object('table', named, 'definition', pg_get_triggerdef(pg_trigger.oid),
        'enabled', CASE tgenabled WHEN 'D' THEN 'no' WHEN 'O' THEN 'yes' WHEN 'A' THEN 'always' ELSE 'on replicas' END) AS definition
      FROM tables JOIN pg_trigger ON tgrelid = tables.oid WHERE NOT tgisinternal`,
  },
  {
    kind: "policy",
    sql: `${TABLES} SELECT format('%I on %s', polname, named) AS name, jsonb_build_object('table', named, 'command', polcmd::text, 'permissive', polpermissive::text,
        'roles', (SELECT coalesce(string_agg(CASE each WHEN 0 THEN 'public' ELSE each::regrole::text END, ', ' ORDER BY each::regrole::text), '') FROM unnest(polroles) AS each),
        'using', coalesce(pg_get_expr(polqual, polrelid), 'none'), 'with check', coalesce(pg_get_expr(polwithcheck, polrelid), 'none')) AS definition
      FROM tables JOIN pg_policy ON polrelid = tables.oid`,
  },
  {
    kind: "rule",
    sql: `${TABLES} SELECT format('%I on %s', rulename, named) AS name, jsonb_build_object('table', named, 'definition', pg_get_ruledef(pg_rewrite.oid), 'enabled', ev_enabled::text) AS definition
      FROM tables JOIN pg_rewrite ON ev_class = tables.oid`,
  },
  {
    kind: "statistics",
    sql: `${TABLES} SELECT format('%I.%I', n.nspname, stxname) AS name, jsonb_build_object('table', named, 'definition', pg_get_statisticsobjdef(pg_statistic_ext.oid)) AS definition
      FROM tables JOIN pg_statistic_ext ON stxrelid = tables.oid JOIN pg_namespace n ON n.oid = stxnamespace`,
  },
  {
    kind: "function",
    sql: `SELECT format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) AS name,
        jsonb_build_object('definition', CASE prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END, 'owner', ${owner("proowner")}, 'rights', ${acl("proacl", "f", "proowner")}) AS definition
      FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE ${own("nspname")} AND ${notOfExtension("pg_proc", "p.oid")}`,
  },
  {
    kind: "sequence",
    sql: `WITH ${RELATIONS} SELECT named AS name, jsonb_build_object('type', format_type(seqtypid, NULL), 'start', seqstart::text, 'increment', seqincrement::text,
        'min', seqmin::text, 'max', seqmax::text, 'cache', seqcache::text, 'cycle', seqcycle::text, 'owner', ${owner("relowner")}, 'rights', ${acl("relacl", "s", "relowner")}) AS definition
      FROM relations JOIN pg_sequence ON seqrelid = relations.oid
      WHERE NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid WHERE d.classid = 'pg_class'::regclass AND d.objid = relations.oid AND d.deptype = 'i' AND t.relispartition)`,
  },
  {
    kind: "type",
    sql: `SELECT format('%I.%I', nspname, typname) AS name, jsonb_build_object('owner', ${owner("typowner")}, 'rights', ${acl("typacl", "T", "typowner")}, 'definition', CASE typtype
          WHEN 'e' THEN 'enum (' || (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) || ')'
          WHEN 'd' THEN concat_ws(' ', 'domain', format_type(typbasetype, typtypmod), 'default ' || typdefault, CASE WHEN typnotnull THEN 'not null' END,
            (SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname) FROM pg_constraint WHERE contypid = t.oid AND contype <> 'n'))
          WHEN 'c' THEN 'composite (' || (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = typrelid AND NOT attisdropped) || ')'
          ELSE 'range' END) AS definition
      FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
      WHERE ${own("nspname")} AND (typtype IN ('e', 'd', 'r') OR typtype = 'c' AND (SELECT relkind FROM pg_class WHERE oid = typrelid) = 'c') AND ${notOfExtension("pg_type", "t.oid")}`,
  },
  {
    kind: "default privileges",
    sql: `SELECT format('of %I%s on %s', defaclrole::regrole, ' in ' || nullif(defaclnamespace, 0)::regnamespace, CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
          WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END) AS name,
        jsonb_build_object('owner', ${owner("defaclrole")}, 'rights', ${rights("defaclacl", "defaclrole")}) AS definition
      FROM pg_default_acl`,
  },
  {
    kind: "publication",
    sql: `SELECT pubname AS name, jsonb_build_object('owner', ${owner("pubowner")}, 'via root', pubviaroot::text,
        'operations', concat_ws(', ', CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END, CASE WHEN pubtruncate THEN 'truncate' END),
        'tables', CASE WHEN puballtables THEN 'all' ELSE coalesce((SELECT string_agg(concat_ws(' ', prrelid::regclass::text,
            '(' || (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)) || ')',
            'where ' || pg_get_expr(prqual, prrelid)), ', ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel WHERE prpubid = p.oid), 'none') END,
        'schemas', coalesce((SELECT string_agg(pnnspid::regnamespace::text, ', ' ORDER BY pnnspid::regnamespace::text) FROM pg_publication_namespace WHERE pnpubid = p.oid), 'none')) AS definition
      FROM pg_publication p`,
  },
  {
    kind: "subscription",
    sql: `SELECT subname AS name, jsonb_build_object('connection', regexp_replace(subconninfo, ' password=.*$', ''), 'slot', coalesce(subslotname::text, 'none'), 'enabled', subenabled::text,
        'password', 'fingerprint ' || left(encode(sha256(subconninfo::bytea), 'hex'), 12),
        'publications', (SELECT string_agg(each, ', ' ORDER BY each) FROM unnest(subpublications) AS each)) AS definition
      FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  },
  {
    kind: "event trigger",
    sql: `SELECT evtname AS name, jsonb_build_object('event', evtevent::text, 'function', evtfoid::regprocedure::text, 'enabled', evtenabled::text) AS definition
      FROM pg_event_trigger WHERE ${notOfExtension("pg_event_trigger", "pg_event_trigger.oid")}`,
  },
  {
    kind: "partitions",
    needs: "partman.part_config",
    sql: `SELECT 'of ' || parent_table AS name, jsonb_build_object('key', control, 'interval', partition_interval, 'premake', premake::text,
        'retention', coalesce(retention, 'none'), 'keep', retention_keep_table::text, 'maintenance', automatic_maintenance) AS definition
      FROM partman.part_config`,
  },
  {
    kind: "job",
    needs: "cron.job",
    sql: `SELECT coalesce(jobname, command) AS name, jsonb_build_object('schedule', schedule, 'command', command, 'database', database, 'active', active::text) AS definition FROM cron.job`,
  },
];

/** What is recorded by other queries, or by another major version of PostgreSQL, cannot be compared. */
export const FORMAT = createHash("sha256").update(JSON.stringify([CLUSTER, DATABASE])).digest("hex").slice(0, 12);
