-- In each database that poolers serve, so that logins for reads are looked up on a standby even while there is no primary.
CREATE SCHEMA IF NOT EXISTS pgbouncer;
-- A schema belongs to whoever made it first, and who owns it may replace what is in it
DO $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = 'pgbouncer') THEN
    RAISE EXCEPTION 'schema pgbouncer of database % does not belong to a superuser', current_database() USING HINT = 'Rename it, ALTER SCHEMA pgbouncer RENAME TO ..., and run again.';
  END IF;
END
$$;
REVOKE ALL ON SCHEMA pgbouncer FROM PUBLIC;
GRANT USAGE ON SCHEMA pgbouncer TO pgbouncer;

-- The verifier of a role that may come in through a pooler: never a superuser, a replication role, an expired one or the pooler itself.
CREATE OR REPLACE FUNCTION pgbouncer.get_auth(login text) RETURNS TABLE (usename text, passwd text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT rolname::text, rolpassword
  FROM pg_catalog.pg_authid
  WHERE rolname = login AND rolcanlogin AND NOT rolsuper AND NOT rolreplication AND rolname <> 'pgbouncer'
    AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
$$;
REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pgbouncer;
