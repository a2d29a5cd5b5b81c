-- The log system (README, "Logs"). pgha.enable_logs makes its tables; the functions are there in any case, and may name what is not.
SET LOCAL check_function_bodies = off;

-- What is in schema app its owner may replace, so nothing there is called by a superuser
DROP FUNCTION IF EXISTS app.create_partition_if_not_exists(regclass, timestamptz, timestamptz), app.archive_old_logs(integer), app.auto_cleanup_logs(integer);

-- What the configuration says, and how far each partition is on its way out: see ops/logs/archive.ts for the states.
CREATE TABLE IF NOT EXISTS pgha.log_settings (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  hot_days integer NOT NULL CHECK (hot_days > 0),
  keep_archives_days integer NOT NULL CHECK (keep_archives_days > 0)
);
CREATE TABLE IF NOT EXISTS pgha.log_archives (
  partition text PRIMARY KEY,
  lower timestamptz NOT NULL,
  upper timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'closed', 'archived', 'dropped', 'expired', 'purged')),
  rows bigint,
  sha256 text,
  location text,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION pgha.schedule_logs() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF to_regclass('cron.job') IS NOT NULL THEN
    PERFORM cron.schedule('pgha-logs-metadata', '30 seconds', 'SELECT pgha.merge_log_metadata()');
    PERFORM cron.schedule('pgha-logs', '27 * * * *', 'SELECT FROM pgha.archive_old_logs(), pgha.auto_cleanup_logs()');
  END IF;
END
$$;

-- Makes app.app_logs with partitions by `every`: 'month', 'week' or 'day' (UTC). Called again it changes the days, never the interval.
CREATE OR REPLACE FUNCTION pgha.enable_logs(every text DEFAULT 'month', hot_days integer DEFAULT 30, keep_archives_days integer DEFAULT 365) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning SET lock_timeout = '500ms' AS $$
DECLARE
  owner name := current_database() || '_owner';
  writer name := current_database();
  reader name := current_database() || '_readonly';
  missing record;
BEGIN
  CREATE TABLE IF NOT EXISTS app.app_logs (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 100),
    app_name varchar(100) NOT NULL,
    level varchar(20) NOT NULL,
    message text COMPRESSION lz4 NOT NULL,
    metadata jsonb COMPRESSION lz4,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, created_at)
  ) PARTITION BY RANGE (created_at);
  -- Each only where it is missing: even IF NOT EXISTS makes every writer wait
  FOR missing IN SELECT name, text FROM (VALUES
    ('app_logs_app_created', '(app_name, created_at DESC)'), ('app_logs_level_created', '(level, created_at)'), ('app_logs_created', '(created_at)'),
    ('app_logs_metadata', 'USING gin (metadata jsonb_path_ops) WITH (gin_pending_list_limit = 65536)')) AS _ (name, text)
    WHERE to_regclass('app.' || name) IS NULL
  LOOP
    EXECUTE format('CREATE INDEX %I ON app.app_logs %s', missing.name, missing.text);
  END LOOP;

  -- The last batch of each source, written in the batch's own transaction: what makes a batch be there once.
  CREATE TABLE IF NOT EXISTS app.log_sources (
    source text PRIMARY KEY CHECK (length(source) BETWEEN 1 AND 200),
    holder bigint NOT NULL DEFAULT 0,
    batch bigint NOT NULL DEFAULT 0,
    reached jsonb,
    rows bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

  -- Only ever appended to, by whoever may write at all
  FOR missing IN SELECT oid::regclass AS name FROM pg_class WHERE oid IN ('app.app_logs'::regclass, 'app.log_sources'::regclass) AND relowner <> owner::regrole LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO %I', missing.name, owner);
  END LOOP;
  EXECUTE format('GRANT SELECT, INSERT ON app.app_logs TO %I', writer);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON app.log_sources TO %I', writer);
  EXECUTE format('GRANT SELECT ON app.app_logs, app.log_sources TO %I', reader);

  INSERT INTO pgha.log_settings VALUES (true, hot_days, keep_archives_days)
  ON CONFLICT (only_row) DO UPDATE SET hot_days = excluded.hot_days, keep_archives_days = excluded.keep_archives_days;
  PERFORM pgha.partition_by_time('app.app_logs', 'created_at', every, since => now() - ('1 ' || every)::interval,
    storage => '{"fillfactor": 100, "autovacuum_vacuum_scale_factor": 0.2, "autovacuum_vacuum_insert_scale_factor": 0.2, "autovacuum_analyze_scale_factor": 0.1}',
    newest => '{"autovacuum_analyze_scale_factor": 0.05}');
  PERFORM pgha.schedule_logs();
END
$$;

-- Moves what the indexes of metadata have put aside into their trees: at the default of 4 MB the writer whose row fills the list does that, and
-- its batch waits for half a second. Returns pages moved.
CREATE OR REPLACE FUNCTION pgha.merge_log_metadata() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT sum(gin_clean_pending_list(indexrelid)) FROM pgha.partitions(to_regclass('app.app_logs'))
  JOIN pg_index ON indrelid = partition JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam AND amname = 'gin'
$$;

-- Marks the partitions that are past their hot days as a whole, for `pgha logs archive` to take out, and returns all that wait for it.
CREATE OR REPLACE FUNCTION pgha.archive_old_logs(hot_days integer DEFAULT NULL) RETURNS SETOF pgha.log_archives
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before timestamptz := now() - make_interval(days => coalesce($1, (SELECT told.hot_days FROM pgha.log_settings AS told)));
BEGIN
  -- Tables that somebody dropped, and days that were made more
  UPDATE pgha.log_archives SET state = 'dropped', changed_at = now() WHERE state = 'archived' AND to_regclass(partition) IS NULL;
  DELETE FROM pgha.log_archives WHERE state = 'due' AND upper > before OR state IN ('due', 'closed') AND to_regclass(partition) IS NULL;
  INSERT INTO pgha.log_archives AS known (partition, lower, upper)
  SELECT there.partition::text, there.lower, there.upper FROM pgha.partitions(to_regclass('app.app_logs')) AS there WHERE there.upper <= before
  ON CONFLICT ON CONSTRAINT log_archives_pkey DO UPDATE SET state = 'due', changed_at = now() WHERE known.state IN ('dropped', 'expired', 'purged');
  RETURN QUERY SELECT * FROM pgha.log_archives WHERE state IN ('due', 'closed', 'archived') ORDER BY lower;
END
$$;

-- Marks the archives that were kept long enough, for `pgha logs purge` to delete, and forgets sources that wrote nothing for three years: what one
-- of them wrote is written again then. Returns how many archives.
CREATE OR REPLACE FUNCTION pgha.auto_cleanup_logs(keep_days integer DEFAULT NULL, OUT expired integer)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before timestamptz := now() - make_interval(days => coalesce(keep_days, (SELECT keep_archives_days FROM pgha.log_settings)));
  owner regrole := (SELECT relowner FROM pg_class WHERE oid = to_regclass('app.log_sources'));
BEGIN
  UPDATE pgha.log_archives SET state = 'expired' WHERE state = 'dropped' AND changed_at < before;
  GET DIAGNOSTICS expired = ROW_COUNT;
  IF owner IS NOT NULL THEN
    PERFORM pgha.run_as(owner, 'DELETE FROM app.log_sources WHERE updated_at < now() - interval ''3 years''');
  END IF;
END
$$;

-- Begins to write as `source`, after whoever did so before: an older holder's next batch is refused. `reached` is what came with the last batch.
-- oldest and newest bound what has a partition; a partition that is being archived takes no more rows.
CREATE OR REPLACE FUNCTION app.open_log_source(source text, OUT holder bigint, OUT batch bigint, OUT reached jsonb, OUT rows bigint, OUT oldest timestamptz, OUT newest timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO app.log_sources AS known (source, holder) VALUES ($1, 1)
  ON CONFLICT (source) DO UPDATE SET holder = known.holder + 1
  RETURNING holder, batch, reached, rows INTO $2, $3, $4, $5;
  SELECT bounds.oldest, bounds.newest INTO $6, $7 FROM app.log_bounds() AS bounds;
END
$$;

-- How far a source is, by a commit of its own: what it says has reached the standbys. Nothing when another holds it.
CREATE OR REPLACE FUNCTION app.settle_log_source(source text, holder bigint, OUT batch bigint, OUT oldest timestamptz, OUT newest timestamptz) RETURNS SETOF record
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE app.log_sources SET updated_at = clock_timestamp() WHERE source = $1 AND holder = $2
  RETURNING batch, (SELECT oldest FROM app.log_bounds()), (SELECT newest FROM app.log_bounds())
$$;

-- Time from and before which rows have a partition that takes them.
CREATE OR REPLACE FUNCTION app.log_bounds(OUT oldest timestamptz, OUT newest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT min(lower), max(upper) FROM pgha.partitions(to_regclass('app.app_logs'))
  WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = partition AND conname = 'closed_for_archive')
$$;

-- The first statement in the transaction of a batch. Fails with PGL01 when this batch or a later one is there, with PGL02 when another holds the source.
CREATE OR REPLACE PROCEDURE app.begin_log_batch(source text, holder bigint, batch bigint, rows bigint, reached jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known record;
BEGIN
  UPDATE app.log_sources AS s SET batch = $3, rows = s.rows + $4, reached = $5, updated_at = clock_timestamp()
  WHERE s.source = $1 AND s.holder = $2 AND s.batch = $3 - 1;
  IF FOUND THEN RETURN; END IF;
  SELECT * INTO known FROM app.log_sources AS s WHERE s.source = $1;
  IF known.holder = $2 AND known.batch >= $3 THEN
    RAISE EXCEPTION 'batch % of "%" is there already', $3, $1 USING ERRCODE = 'PGL01';
  END IF;
  RAISE EXCEPTION 'another writer has taken over "%"', $1 USING ERRCODE = 'PGL02';
END
$$;

-- Rows of a time range, the latest first. Whatever is NULL does not count. It has the form that Postgres puts into the query that calls it, so
-- that only the partitions and the index that are needed are read.
CREATE OR REPLACE FUNCTION app.search_logs(
  since timestamptz, until timestamptz DEFAULT 'infinity', app text DEFAULT NULL, of_level text DEFAULT NULL, words text DEFAULT NULL,
  containing jsonb DEFAULT NULL, at_most integer DEFAULT 100)
RETURNS TABLE (id bigint, app_name varchar, level varchar, message text, metadata jsonb, created_at timestamptz)
LANGUAGE sql STABLE AS $$
  SELECT logs.id, logs.app_name, logs.level, logs.message, logs.metadata, logs.created_at FROM app.app_logs AS logs
  WHERE logs.created_at >= $1 AND logs.created_at < $2 AND ($3 IS NULL OR logs.app_name = $3) AND ($4 IS NULL OR logs.level = $4)
    AND ($5 IS NULL OR position(lower($5) IN lower(logs.message)) > 0) AND ($6 IS NULL OR logs.metadata @> $6)
  ORDER BY logs.created_at DESC LIMIT $7
$$;

REVOKE ALL ON FUNCTION pgha.enable_logs, pgha.schedule_logs, pgha.merge_log_metadata, pgha.archive_old_logs, pgha.auto_cleanup_logs,
  app.open_log_source, app.settle_log_source, app.log_bounds, app.search_logs FROM PUBLIC;
REVOKE ALL ON PROCEDURE app.begin_log_batch FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.open_log_source, app.settle_log_source, app.log_bounds, app.search_logs TO :"database";
GRANT EXECUTE ON PROCEDURE app.begin_log_batch TO :"database";
GRANT EXECUTE ON FUNCTION app.log_bounds, app.search_logs TO :"readonly";

-- Jobs of a former version called what is in schema app, and go on where logs were turned off since
DO $$
BEGIN
  IF to_regclass('cron.job') IS NULL THEN RETURN; END IF;
  IF EXISTS (SELECT FROM cron.job WHERE jobname = 'pgha-logs') THEN PERFORM pgha.schedule_logs(); END IF;
END
$$;
