import { byRow } from "../check";

const REINDEX = "REINDEX (CONCURRENTLY) DATABASE …; then ALTER DATABASE … REFRESH COLLATION VERSION;";
const REINDEX_RISK = "Reads everything once, and takes the room of the largest index. Until then a text index may miss rows, and a unique one may let duplicates in.";

export const integrity = [
  byRow<{ database: string; failures: number }>({
    id: "checksum-failures",
    title: "Pages with a wrong checksum",
    needs: "servers",
    severity: "critical",
    cause: "The disk, its controller or memory gave back other bytes than were written.",
    mend: "On a standby: npx pgha reinit. On the primary: npx pgha switchover first, where the standbys have none.",
    risk: "reinit copies all data anew. Do not set zero_damaged_pages: it destroys what may still be read.",
    sql: "SELECT coalesce(quote_ident(datname), 'shared tables') AS database, checksum_failures::float8 AS failures FROM pg_stat_database WHERE checksum_failures > 0",
    found: ({ database, failures }) => ({ evidence: `${failures} in ${database}` }),
  }),
  byRow<{ setting: string }>({
    id: "checksums-off",
    title: "Data checksums are off",
    needs: "primary",
    severity: "warning",
    cause: "The cluster was made, or taken over, without: a disk that gives back wrong bytes is not noticed, and a backup keeps them.",
    mend: "pg_checksums --enable on each server while it is stopped, standbys first; then npx pgha switchover",
    risk: "Takes as long as reading all data, with one server less.",
    sql: "SELECT current_setting('data_checksums') AS setting",
    found: ({ setting }) => (setting === "on" ? undefined : { evidence: `data_checksums = ${setting}` }),
  }),
  byRow<{ database: string; recorded: string; actual: string }>({
    id: "collation-databases",
    title: "Databases whose collation has changed",
    needs: "servers",
    severity: "critical",
    cause: "Another version of the C library or ICU sorts otherwise than when the indexes were built; with other images on one server, there only.",
    mend: REINDEX,
    risk: REINDEX_RISK,
    sql: `SELECT quote_ident(datname) AS database, datcollversion AS recorded, pg_database_collation_actual_version(oid) AS actual FROM pg_database
      WHERE datallowconn AND datcollversion <> pg_database_collation_actual_version(oid)`,
    found: ({ database, recorded, actual }) => ({
      evidence: `database ${database} was built with ${recorded}, the server has ${actual}`,
      mend: `REINDEX (CONCURRENTLY) DATABASE ${database}; ALTER DATABASE ${database} REFRESH COLLATION VERSION;`,
    }),
  }),
  byRow<{ name: string; recorded: string; actual: string }>({
    id: "collation-objects",
    title: "Collations in use that have changed",
    needs: "databases",
    severity: "warning",
    cause: "Another version of the C library or ICU sorts otherwise than when the indexes that use this collation were built.",
    mend: "REINDEX INDEX CONCURRENTLY of each index that uses it; then ALTER COLLATION … REFRESH VERSION;",
    risk: REINDEX_RISK,
    sql: `SELECT format('%I.%I', n.nspname, c.collname) AS name, c.collversion AS recorded, pg_collation_actual_version(c.oid) AS actual FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
      WHERE c.collversion <> pg_collation_actual_version(c.oid) AND EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_collation'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_class'::regclass)`,
    found: ({ name, recorded, actual }) => ({ evidence: `${name} was ${recorded}, the server has ${actual}`, mend: `ALTER COLLATION ${name} REFRESH VERSION; -- after REINDEX of the indexes that use it` }),
  }),
  byRow<{ name: string; setting: string }>({
    id: "unsafe-settings",
    title: "Settings that risk data",
    needs: "servers",
    severity: "critical",
    cause: "Set for a load or a repair, and left. A crash, or a damaged page, then costs data without a word.",
    mend: "ALTER SYSTEM RESET …; SELECT pg_reload_conf();",
    risk: "Commits take as long as the disk does.",
    sql: `SELECT name, setting FROM pg_settings WHERE (name, setting) IN (('fsync', 'off'), ('full_page_writes', 'off'), ('zero_damaged_pages', 'on'), ('ignore_checksum_failure', 'on'), ('ignore_invalid_pages', 'on'), ('wal_level', 'minimal'))`,
    found: ({ name, setting }) => ({ evidence: `${name} = ${setting}`, mend: `ALTER SYSTEM RESET ${name}; SELECT pg_reload_conf();` }),
  }),
  byRow<{ who: string; setting: string }>({
    id: "unsafe-role-settings",
    title: "Roles or databases whose commits or triggers are weakened",
    needs: "primary",
    severity: "note",
    cause: "ALTER ROLE or ALTER DATABASE … SET: commits of these sessions can be lost in a failover, or their triggers and foreign keys do nothing.",
    mend: "ALTER ROLE … RESET …;",
    risk: "Commits take as long as the disk and the standby do.",
    sql: `SELECT CASE WHEN setrole = 0 THEN 'all roles' ELSE 'role ' || pg_get_userbyid(setrole) END || coalesce(' in database ' || (SELECT datname FROM pg_database WHERE oid = setdatabase), '') AS who, setting
      FROM pg_db_role_setting, unnest(setconfig) setting WHERE setting ~* '^(synchronous_commit=(off|local)|session_replication_role=replica)$'`,
    found: ({ who, setting }) => ({ evidence: `${who}: ${setting}` }),
  }),
];
