-- A schema belongs to whoever made it first, and who owns it may replace what is in it
DO $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = 'partman') THEN
    RAISE EXCEPTION 'schema partman of database % does not belong to a superuser', current_database() USING HINT = 'Rename it, ALTER SCHEMA partman RENAME TO ..., and run again.';
  END IF;
END
$$;

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

-- Runs SQL as a role that cannot get back to being superuser, which SET ROLE does not keep it from: what a table's owner hung on it (index
-- expressions, constraints, triggers) is run by DDL as well. REFRESH is what Postgres has for that: no SET ROLE, deferred trigger or held cursor in it.
CREATE OR REPLACE FUNCTION pgha.run_as(role regrole, statements text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
  stand text := format('pgha.run_as_%s', pg_backend_pid());
BEGIN
  EXECUTE format('CREATE MATERIALIZED VIEW %s AS SELECT pgha.run(%L) WITH NO DATA', stand, statements);
  EXECUTE format('ALTER MATERIALIZED VIEW %s OWNER TO %s', stand, role);
  EXECUTE format('REFRESH MATERIALIZED VIEW %s', stand);
  EXECUTE format('DROP MATERIALIZED VIEW %s', stand);
END
$$;
CREATE OR REPLACE FUNCTION pgha.run(statements text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN EXECUTE statements; RETURN true; END $$;

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

-- Makes a partition for rows from `lower` to before `upper`, by the name that pg_partman would give it. Nobody has rights on it: they are its parent's.
CREATE OR REPLACE FUNCTION pgha.make_partition(parent regclass, lower timestamptz, upper timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
  top record;
  partition text;
  granted record;
BEGIN
  SELECT nspname, relname, relowner::regrole AS owner, spcname, atttypid = 'bigint'::regtype AS counts INTO top
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_partitioned_table ON partrelid = c.oid
  JOIN pg_attribute ON attrelid = c.oid AND attnum = partattrs[0] LEFT JOIN pg_tablespace s ON s.oid = reltablespace WHERE c.oid = $1;
  partition := format('%I.%I', top.nspname, partman.check_name_length(top.relname::text, to_char($2, 'YYYYMMDD'), true));
  IF to_regclass(partition) IS NOT NULL THEN
    RAISE EXCEPTION 'no partition of % from % can be made', $1, $2 USING HINT = format('Another relation has its name, %s.', partition);
  END IF;
  PERFORM pgha.run_as(top.owner, concat(
    format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)', partition, $1), ' TABLESPACE ' || quote_ident(top.spcname),
    format('; ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', $1, partition,
      CASE WHEN top.counts THEN (extract(epoch FROM $2) * 1000)::bigint::text ELSE $2::text END,
      CASE WHEN top.counts THEN (extract(epoch FROM $3) * 1000)::bigint::text ELSE $3::text END)));
  FOR granted IN
    SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role FROM pg_class, aclexplode(relacl)
    WHERE oid = to_regclass(partition) AND grantee <> relowner
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', partition, granted.role);
  END LOOP;
  PERFORM partman.inherit_replica_identity(top.nspname, top.relname, (SELECT relname FROM pg_class WHERE oid = to_regclass(partition)));
END
$$;

-- The same unless any partition has some of that time already; says whether it did.
CREATE OR REPLACE FUNCTION pgha.create_partition_if_not_exists(parent regclass, lower timestamptz, upper timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM pgha.partitions($1) AS there WHERE there.lower < $3 AND there.upper > $2) THEN RETURN false; END IF;
  PERFORM pgha.make_partition($1, $2, $3);
  PERFORM pgha.align_partitions($1);
  RETURN true;
END
$$;

-- A table as pg_partman names it in its configuration: without quotes, whatever is in it.
CREATE OR REPLACE FUNCTION pgha.known_as(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = relation
$$;

-- By what name its configuration is known: a table that was renamed takes it along, and another one of its name does not get it.
ALTER TABLE pgha.partitioned ADD COLUMN IF NOT EXISTS known_as text;
UPDATE pgha.partitioned SET known_as = pgha.known_as(parent) WHERE known_as IS NULL;

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
  named text := pgha.known_as($1);
  child record;
BEGIN
  IF EXISTS (SELECT FROM pgha.partitioned WHERE parent = $1 AND every <> told) THEN
    RAISE EXCEPTION '% is partitioned by another interval than %', named, told USING HINT = 'The interval of a table that is there cannot be changed.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0] WHERE partrelid = $1 AND partstrat = 'r' AND partnatts = 1 AND attname = $2) THEN
    RAISE EXCEPTION '% is not partitioned by range of %', named, $2 USING HINT = format('CREATE TABLE ... PARTITION BY RANGE (%I)', $2);
  END IF;
  INSERT INTO pgha.partitioned (parent, every, storage, newest, known_as) VALUES ($1, told, $7, $8, named)
  ON CONFLICT (parent) DO UPDATE SET storage = excluded.storage, newest = excluded.newest;
  PERFORM pgha.forget_tables();
  IF NOT EXISTS (SELECT FROM partman.part_config WHERE parent_table = named) THEN
    -- Partitions that are there already get the names by which pg_partman knows them
    FOR child IN
      SELECT partition, relname, partman.check_name_length((SELECT relname::text FROM pg_class WHERE oid = $1), to_char(lower, 'YYYYMMDD'), true) AS wanted
      FROM pgha.partitions($1) JOIN pg_class ON oid = partition WHERE upper = lower + step
    LOOP
      CONTINUE WHEN child.relname = child.wanted;
      EXECUTE format('ALTER TABLE %s RENAME TO %I', child.partition, child.wanted);
    END LOOP;
    INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, epoch, datetime_string, template_table)
    VALUES (named, $2, step::text, 'range', (SELECT CASE atttypid WHEN 'bigint'::regtype THEN 'milliseconds' ELSE 'none' END FROM pg_attribute WHERE attrelid = $1 AND attname = $2),
      'YYYYMMDD', 'pgha.template');
    FOR child IN
      SELECT each FROM generate_series(date_trunc(told, least($5, now())), now(), step) AS each
      WHERE NOT EXISTS (SELECT FROM pgha.partitions($1) WHERE lower < each + step AND upper > each)
    LOOP
      PERFORM pgha.make_partition($1, child.each, child.each + step);
    END LOOP;
  END IF;
  UPDATE partman.part_config SET premake = $4, retention = $6::text, retention_keep_table = false, infinite_time_partitions = true
  WHERE parent_table = named AND (premake, retention, retention_keep_table, infinite_time_partitions) IS DISTINCT FROM ($4, $6::text, false, true);
  PERFORM pgha.maintain_partitions($1);
END
$$;

REVOKE ALL ON FUNCTION pgha.partitions, pgha.run_as, pgha.align_partitions, pgha.make_partition, pgha.create_partition_if_not_exists, pgha.known_as,
  pgha.partition_by_time FROM PUBLIC;
