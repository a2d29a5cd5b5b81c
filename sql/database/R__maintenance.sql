-- The partitions of a table by time, with the bounds of their keys (UTC); a bigint key counts milliseconds.
CREATE OR REPLACE FUNCTION pgha.partitions(parent regclass) RETURNS TABLE (partition regclass, lower timestamptz, upper timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  WITH bounds AS (
    SELECT inhrelid, regexp_match(pg_get_expr(relpartbound, inhrelid), 'FROM \(''?(.*?)''?\) TO \(''?(.*?)''?\)') AS bound
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = parent AND NOT inhdetachpending
  )
  SELECT inhrelid::regclass,
    CASE WHEN bound[1] ~ '^\d+$' THEN to_timestamp(bound[1]::numeric / 1000) ELSE bound[1]::timestamptz END,
    CASE WHEN bound[2] ~ '^\d+$' THEN to_timestamp(bound[2]::numeric / 1000) ELSE bound[2]::timestamptz END
  FROM bounds WHERE bound[1] <> 'MINVALUE' AND bound[2] <> 'MAXVALUE'
  ORDER BY 2
$$;

-- Gives every partition its parent's owner and its storage parameters; `newest` is for those that are being written, now or later.
CREATE OR REPLACE FUNCTION pgha.align_partitions(of regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted record;
  declared pgha.partitioned;
BEGIN
  SELECT * INTO declared FROM pgha.partitioned WHERE parent = of;
  FOR wanted IN
    SELECT partition, child.relowner <> top.relowner AS foreign_owner, top.relowner::regrole AS owner,
      (SELECT string_agg(format('%I = %s', key, value), ', ') FROM jsonb_each_text(declared.storage || CASE WHEN upper > now() THEN declared.newest ELSE '{}' END)
       WHERE NOT coalesce(child.reloptions @> ARRAY[key || '=' || value], false)) AS differing
    FROM pgha.partitions(of) JOIN pg_class AS child ON child.oid = partition JOIN pg_class AS top ON top.oid = of
  LOOP
    IF wanted.foreign_owner THEN EXECUTE format('ALTER TABLE %s OWNER TO %s', wanted.partition, wanted.owner); END IF;
    IF wanted.differing IS NOT NULL THEN EXECUTE format('ALTER TABLE %s SET (%s)', wanted.partition, wanted.differing); END IF;
  END LOOP;
END
$$;

-- Has the partitions of a table made ahead for ever: by 'month', 'week' or 'day' (UTC), `premake` of them beyond the current one, the
-- first one that of `since`. `retention` drops those that ended that long ago; without it nothing is ever dropped. Called again it
-- changes premake, retention and storage. No DEFAULT partition: one would forbid DETACH CONCURRENTLY.
CREATE OR REPLACE FUNCTION pgha.partition_by_time(
  parent regclass, key name, every text, premake integer DEFAULT 3, since timestamptz DEFAULT now(), retention interval DEFAULT NULL,
  storage jsonb DEFAULT '{}', newest jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
  told ALIAS FOR every;
  step interval := '1 ' || told;
  named text := (SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = $1);
  child record;
BEGIN
  IF EXISTS (SELECT FROM pgha.partitioned WHERE parent = $1 AND every <> told) THEN
    RAISE EXCEPTION '% is partitioned by another interval than %', named, told USING HINT = 'The interval of a table that is there cannot be changed.';
  END IF;
  INSERT INTO pgha.partitioned (parent, every, storage, newest) VALUES ($1, told, $7, $8)
  ON CONFLICT (parent) DO UPDATE SET storage = excluded.storage, newest = excluded.newest;
  IF NOT EXISTS (SELECT FROM partman.part_config WHERE parent_table = named) THEN
    -- Partitions that are there already get the names by which pg_partman knows them
    FOR child IN
      SELECT partition, relname, split_part(named, '.', 2) || to_char(lower, '"_p"YYYYMMDD') AS wanted
      FROM pgha.partitions($1) JOIN pg_class ON oid = partition WHERE upper = lower + step
    LOOP
      CONTINUE WHEN child.relname = child.wanted;
      EXECUTE format('ALTER TABLE %s RENAME TO %I', child.partition, child.wanted);
    END LOOP;
    PERFORM partman.create_parent(
      p_parent_table => named, p_control => $2::text, p_interval => step::text, p_premake => $4, p_default_table => false,
      p_epoch => (SELECT CASE atttypid WHEN 'bigint'::regtype THEN 'milliseconds' ELSE 'none' END FROM pg_attribute WHERE attrelid = $1 AND attname = $2),
      p_start_partition => date_trunc(told, least($5, now()))::text, p_template_table => 'pgha.template');
  END IF;
  UPDATE partman.part_config SET premake = $4, retention = $6::text, retention_keep_table = false, infinite_time_partitions = true
  WHERE parent_table = named;
  PERFORM pgha.maintain_partitions($1);
END
$$;

-- Makes the partitions of one table that are missing; throws when one cannot be made. Makes no writer wait for longer than 0.5 s.
CREATE OR REPLACE FUNCTION pgha.maintain_partitions(of regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
  named text := (SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = of);
  step text := (SELECT every FROM pgha.partitioned WHERE parent = of);
  due timestamptz;
BEGIN
  PERFORM partman.run_maintenance(named);
  -- It turns its errors into warnings, and passes over what somebody dropped
  FOR due IN
    SELECT each FROM generate_series(0, (SELECT premake FROM partman.part_config WHERE parent_table = named)) AS n,
      LATERAL (SELECT date_trunc(step, now()) + n * ('1 ' || step)::interval) AS _ (each)
    WHERE NOT EXISTS (SELECT FROM pgha.partitions(of) WHERE lower <= each AND each < upper)
  LOOP
    IF NOT partman.create_partition_time(named, ARRAY[due]) THEN
      RAISE EXCEPTION 'no partition for the % from % can be made', step, due USING HINT = 'Another relation has the name of the partition.';
    END IF;
  END LOOP;
  PERFORM pgha.align_partitions(of);
END
$$;

-- The hourly job: pg_partman's tables, ours among them. A table that cannot be maintained keeps no other from it; the job fails afterwards and names them all.
CREATE OR REPLACE PROCEDURE pgha.maintain()
LANGUAGE plpgsql AS $$
DECLARE
  named text;
  failures text[] := '{}';
BEGIN
  -- Tables that are gone
  DELETE FROM partman.part_config WHERE to_regclass(parent_table) IS NULL;
  DELETE FROM pgha.partitioned WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = parent);
  COMMIT;
  FOR named IN SELECT parent_table FROM partman.part_config ORDER BY parent_table LOOP
    BEGIN
      PERFORM pgha.maintain_partitions(named::regclass);
    EXCEPTION WHEN OTHERS THEN
      failures := failures || format('%s: %s', named, SQLERRM);
    END;
    COMMIT;
  END LOOP;
  IF to_regclass('cron.job_run_details') IS NOT NULL THEN
    DELETE FROM cron.job_run_details WHERE end_time < now() - interval '7 days';
    COMMIT;
  END IF;
  IF failures <> '{}' THEN
    RAISE EXCEPTION '%', array_to_string(failures, '; ');
  END IF;
END
$$;

-- The daily job: statistics over whole partitioned tables, which autovacuum never gathers.
CREATE OR REPLACE PROCEDURE pgha.analyze_parents()
LANGUAGE plpgsql AS $$
DECLARE
  named text;
BEGIN
  FOR named IN SELECT parent_table FROM partman.part_config ORDER BY parent_table LOOP
    EXECUTE format('ANALYZE %s', named::regclass);
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
    SELECT coalesce(each.jobname::text, each.command), each.schedule, each.active, last.start_time, last.end_time, last.status, last.return_message,
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

DO $$
BEGIN
  IF to_regclass('cron.job') IS NULL THEN RETURN; END IF;
  PERFORM cron.schedule('pgha-maintenance', '17 * * * *', 'CALL pgha.maintain()');
  PERFORM cron.schedule('pgha-analyze', '40 2 * * *', 'CALL pgha.analyze_parents()');
END
$$;
