-- Patroni makes postgres, replicator and rewind; the login roles below get their passwords from the stack.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['pgbouncer', 'monitoring'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I', name);
    END IF;
  END LOOP;
END
$$;

-- Looks up verifiers for the poolers (database/R__pooler_authentication.sql), nothing else.
ALTER ROLE pgbouncer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT;

-- The limits keep a hanging dashboard from hurting the server that it watches.
ALTER ROLE monitoring LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT CONNECTION LIMIT 10;
ALTER ROLE monitoring SET statement_timeout = '5s';
ALTER ROLE monitoring SET default_transaction_read_only = on;
GRANT pg_monitor TO monitoring;

-- replicator: the slot synchronisation of standbys; rewind: pg_rewind and Patroni's checks.
REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO monitoring, replicator, rewind;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;
