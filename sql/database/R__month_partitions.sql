SET LOCAL ROLE :"owner";

-- Makes the partitions that are missing, from this month (UTC) to `months_ahead` later, and says how many. A month is built aside and
-- attached, so that writers need not wait. Storage parameters belong on each month: on the parent they are an error.
CREATE OR REPLACE FUNCTION app.create_month_partitions(parent regclass, months_ahead integer DEFAULT 3) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  first timestamptz;
  month_schema name;
  month_table name;
  made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('create_month_partitions'), parent::oid::integer);
  FOR first IN SELECT date_trunc('month', now()) + make_interval(months => n) FROM generate_series(0, months_ahead) AS n LOOP
    SELECT nspname, relname || to_char(first, '_YYYY_MM') INTO month_schema, month_table
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = parent;
    CONTINUE WHEN to_regclass(format('%I.%I', month_schema, month_table)) IS NOT NULL;
    EXECUTE format(
      'CREATE TABLE %I.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION)
         WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)', month_schema, month_table, parent);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)',
      parent, month_schema, month_table, first, first + interval '1 month');
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

SELECT app.create_month_partitions('app.events');
