-- Partitions are made ahead by pg_partman, and dead weight is dealt with, on pg_cron's clock: see R__maintenance.sql.
CREATE SCHEMA IF NOT EXISTS partman;
CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;

-- The clock ticks in one database of a cluster, the one that cron.database_name names, and on the primary only.
DO $$
BEGIN
  IF current_setting('cron.database_name', true) = current_database() THEN
    CREATE EXTENSION IF NOT EXISTS pg_cron;
  END IF;
END
$$;

REVOKE ALL ON SCHEMA pgha FROM PUBLIC;
GRANT USAGE ON SCHEMA pgha TO monitoring;

-- What pgha.partition_by_time was told. Storage parameters are for each partition: on the parent they are an error.
CREATE TABLE IF NOT EXISTS pgha.partitioned (
  parent regclass PRIMARY KEY,
  every text NOT NULL CHECK (every IN ('month', 'week', 'day')),
  storage jsonb NOT NULL DEFAULT '{}',
  newest jsonb NOT NULL DEFAULT '{}'
);

-- pg_partman wants one for each table, and would make it. What it is for, pgha.align_partitions does.
CREATE TABLE IF NOT EXISTS pgha.template ();
