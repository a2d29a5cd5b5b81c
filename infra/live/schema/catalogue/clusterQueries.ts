import { acl, type CatalogueQuery, owner } from "./query";

/** What belongs to all databases of a cluster. Slots of servers and of table synchronisation come and go; physical ones are Patroni's. */
export const CLUSTER: CatalogueQuery[] = [
  {
    kind: "role",
    sql: `SELECT rolname AS name, jsonb_build_object('superuser', rolsuper::text, 'inherit', rolinherit::text, 'createrole', rolcreaterole::text,
        'createdb', rolcreatedb::text, 'login', rolcanlogin::text, 'replication', rolreplication::text, 'bypassrls', rolbypassrls::text,
        'connection limit', rolconnlimit::text, 'valid until', coalesce((rolvaliduntil AT TIME ZONE 'UTC')::text, 'infinity'),
        'password', coalesce('fingerprint ' || left(encode(sha256(rolpassword::bytea), 'hex'), 12), 'none')) AS definition
      FROM pg_authid WHERE rolname !~ '^pg_'`,
  },
  {
    kind: "membership",
    sql: `SELECT format('of %I in %I', member::regrole, roleid::regrole) AS name,
        jsonb_build_object('admin', bool_or(admin_option)::text, 'inherit', bool_or(inherit_option)::text, 'set', bool_or(set_option)::text) AS definition
      FROM pg_auth_members GROUP BY member, roleid`,
  },
  {
    kind: "setting",
    sql: `SELECT format('%s of %s', split_part(each, '=', 1), concat_ws(' in ', 'role ' || nullif(setrole, 0)::regrole::text, 'database ' || datname)) AS name,
        jsonb_build_object('value', substr(each, strpos(each, '=') + 1)) AS definition
      FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) AS each`,
  },
  {
    kind: "database",
    sql: `SELECT datname AS name, jsonb_build_object('owner', ${owner("datdba")}, 'rights', ${acl("datacl", "d", "datdba")},
        'connection limit', datconnlimit::text, 'connections allowed', datallowconn::text, 'encoding', pg_encoding_to_char(encoding)::text) AS definition
      FROM pg_database WHERE NOT datistemplate`,
  },
  {
    kind: "tablespace",
    sql: `SELECT spcname AS name, jsonb_build_object('owner', ${owner("spcowner")}, 'location', pg_tablespace_location(oid)) AS definition
      FROM pg_tablespace WHERE spcname !~ '^pg_'`,
  },
  {
    kind: "logical slot",
    sql: `SELECT slot_name AS name, jsonb_build_object('plugin', plugin::text, 'database', database::text, 'failover', failover::text, 'two-phase', two_phase::text,
        'state', CASE WHEN wal_status = 'lost' OR invalidation_reason IS NOT NULL THEN 'lost, ' || coalesce(invalidation_reason, 'wal_removed') ELSE 'sound' END) AS definition
      FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary AND slot_name !~ '^pg_\\d+_sync_'`,
  },
];
