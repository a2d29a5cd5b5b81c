-- Only ever appended to: vacuum is woken by inserts.
SELECT pgha.partition_by_time('app.events', 'created_at', 'month',
  storage => '{"autovacuum_vacuum_insert_scale_factor": 0.05, "autovacuum_analyze_scale_factor": 0.05}');

DROP FUNCTION IF EXISTS app.create_month_partitions(regclass, integer);
