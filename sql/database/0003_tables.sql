SET LOCAL ROLE :"owner";

CREATE SCHEMA IF NOT EXISTS app;

-- Small and updated often: room for HOT updates on the page, and vacuum long before a fifth of it is dead.
CREATE TABLE IF NOT EXISTS app.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  balance numeric(18, 2) NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (
  fillfactor = 85,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 200,
  autovacuum_analyze_scale_factor = 0.02
);

-- Only ever appended to; its months are made by app.create_month_partitions. No DEFAULT partition: one would forbid DETACH CONCURRENTLY.
CREATE TABLE IF NOT EXISTS app.events (
  id bigint GENERATED ALWAYS AS IDENTITY,
  account_id bigint REFERENCES app.accounts ON DELETE SET NULL,
  kind text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE INDEX IF NOT EXISTS events_account_created ON app.events (account_id, created_at DESC);
