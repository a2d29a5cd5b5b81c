-- Forgets tables that are gone, and follows those that were renamed.
CREATE OR REPLACE FUNCTION pgha.forget_tables() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM partman.part_config WHERE parent_table IN (SELECT known_as FROM pgha.partitioned WHERE pgha.known_as(parent) IS NULL)
    AND parent_table NOT IN (SELECT known_as FROM pgha.partitioned WHERE pgha.known_as(parent) IS NOT NULL);
  DELETE FROM partman.part_config WHERE NOT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname || '.' || relname = parent_table)
    AND parent_table NOT IN (SELECT known_as FROM pgha.partitioned);
  DELETE FROM pgha.partitioned WHERE pgha.known_as(parent) IS NULL;
  UPDATE partman.part_config SET parent_table = pgha.known_as(parent) FROM pgha.partitioned WHERE parent_table = known_as AND known_as <> pgha.known_as(parent);
  UPDATE pgha.partitioned SET known_as = pgha.known_as(parent) WHERE known_as <> pgha.known_as(parent)
$$;

-- Makes the partitions of one table that are missing and drops those past their retention; throws when it cannot. Makes no writer wait for longer than 0.5 s.
CREATE OR REPLACE FUNCTION pgha.maintain_partitions(of regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
  told record;
  each record;
BEGIN
  SELECT every, ('1 ' || every)::interval AS step, premake, retention, relowner::regrole AS owner INTO told
  FROM pgha.partitioned JOIN partman.part_config ON parent_table = known_as JOIN pg_class ON oid = parent WHERE parent = of;
  FOR each IN
    SELECT due FROM generate_series(0, told.premake) AS n, LATERAL (SELECT date_trunc(told.every, now()) + n * told.step) AS _ (due)
    WHERE NOT EXISTS (SELECT FROM pgha.partitions(of) WHERE lower <= due AND due < upper)
  LOOP
    PERFORM pgha.make_partition(of, each.due, each.due + told.step);
  END LOOP;
  FOR each IN SELECT partition FROM pgha.partitions(of) WHERE upper < now() - told.retention::interval LOOP
    PERFORM pgha.run_as(told.owner, format('DROP TABLE %s', each.partition));
  END LOOP;
  PERFORM pgha.align_partitions(of);
END
$$;

-- What pg_partman was told of without pgha: it maintains those of superusers, as whatever it is run by; an owner's code must not be run so.
CREATE OR REPLACE FUNCTION pgha.maintain_others(named text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_roles r ON r.oid = relowner WHERE nspname || '.' || relname = named) THEN
    RAISE EXCEPTION 'its owner is no superuser' USING HINT = 'Have it partitioned by pgha.partition_by_time.';
  END IF;
  PERFORM partman.run_maintenance(named);
END
$$;

-- The hourly job. A table that cannot be maintained keeps no other from it; the job fails afterwards and names them all. A procedure that
-- commits cannot have a search_path of its own, so it sets the session's first: that of the database is its owner's to choose.
CREATE OR REPLACE PROCEDURE pgha.maintain()
LANGUAGE plpgsql AS $$
DECLARE
  each record;
  failures pg_catalog.text[];
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false);
  PERFORM pgha.forget_tables();
  COMMIT;
  FOR each IN
    SELECT parent_table AS named, parent FROM partman.part_config LEFT JOIN pgha.partitioned ON known_as = parent_table ORDER BY parent_table
  LOOP
    BEGIN
      IF each.parent IS NULL THEN PERFORM pgha.maintain_others(each.named); ELSE PERFORM pgha.maintain_partitions(each.parent); END IF;
    EXCEPTION WHEN OTHERS THEN
      failures := failures || format('%s: %s', each.named, SQLERRM);
    END;
    COMMIT;
  END LOOP;
  IF to_regclass('cron.job_run_details') IS NOT NULL THEN
    DELETE FROM cron.job_run_details WHERE end_time < now() - interval '7 days';
    COMMIT;
  END IF;
  IF failures IS NOT NULL THEN
    RAISE EXCEPTION '%', array_to_string(failures, '; ');
  END IF;
END
$$;

-- The daily job: statistics over whole partitioned tables, which autovacuum never gathers. Postgres does that as their owner.
CREATE OR REPLACE PROCEDURE pgha.analyze_parents()
LANGUAGE plpgsql AS $$
DECLARE
  each record;
BEGIN
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false);
  FOR each IN
    SELECT c.oid::regclass AS named FROM partman.part_config, pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'p' AND nspname || '.' || relname = parent_table ORDER BY parent_table
  LOOP
    EXECUTE format('ANALYZE %s', each.named);
    COMMIT;
  END LOOP;
END
$$;

-- What `pgha status` shows of the clock: each job with its last run and the failures in a row since one that succeeded. Times of runs begin with the job.
CREATE OR REPLACE FUNCTION pgha.jobs() RETURNS TABLE (
  job text, schedule text, active boolean, last_start timestamptz, last_end timestamptz, last_status text, last_message text, failures integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF to_regclass('cron.job') IS NULL THEN RETURN; END IF;
  RETURN QUERY
    SELECT coalesce(each.jobname::text, 'job ' || each.jobid), each.schedule, each.active, last.start_time, last.end_time, last.status, last.return_message,
      (SELECT count(*)::integer FROM cron.job_run_details AS run
       WHERE run.jobid = each.jobid AND run.status = 'failed'
         AND run.runid > coalesce((SELECT max(runid) FROM cron.job_run_details AS well WHERE well.jobid = each.jobid AND well.status = 'succeeded'), 0))
    FROM cron.job AS each
    LEFT JOIN LATERAL (SELECT * FROM cron.job_run_details AS run WHERE run.jobid = each.jobid ORDER BY runid DESC LIMIT 1) AS last ON true
    ORDER BY 1;
END
$$;

-- What `pgha status` shows of tables by time.
CREATE OR REPLACE FUNCTION pgha.partitioned_tables() RETURNS TABLE (parent text, every text, partitions integer, oldest timestamptz, ahead_until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT told.parent::text, told.every, count(partition)::integer, min(lower), max(upper)
  FROM pgha.partitioned AS told LEFT JOIN LATERAL pgha.partitions(told.parent) ON true
  WHERE EXISTS (SELECT FROM pg_class WHERE oid = told.parent)
  GROUP BY told.parent, told.every ORDER BY 1
$$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA pgha FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgha.jobs(), pgha.partitioned_tables() TO monitoring;
GRANT EXECUTE ON FUNCTION pgha.run(text) TO PUBLIC;

DO $$
BEGIN
  IF to_regclass('cron.job') IS NULL THEN RETURN; END IF;
  PERFORM cron.schedule('pgha-maintenance', '17 * * * *', 'CALL pgha.maintain()');
  PERFORM cron.schedule('pgha-analyze', '40 2 * * *', 'CALL pgha.analyze_parents()');
END
$$;
