-- A messaging service. Its times are BIGINT milliseconds since 1970, as that domain has them; deleted_at marks what is deleted but kept.
SET LOCAL ROLE :"owner";

CREATE SCHEMA IF NOT EXISTS messaging;

CREATE OR REPLACE FUNCTION messaging.now_ms() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$ SELECT (extract(epoch FROM now()) * 1000)::bigint $$;
GRANT EXECUTE ON FUNCTION messaging.now_ms() TO :"database", :"readonly";

CREATE TABLE IF NOT EXISTS messaging.users (
  user_id text PRIMARY KEY,
  display_name text,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  deleted_at bigint
);

CREATE TABLE IF NOT EXISTS messaging.devices (
  user_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  device_id text NOT NULL,
  display_name text,
  last_seen_ts bigint,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  PRIMARY KEY (user_id, device_id)
);

-- Tokens are kept as SHA-256 only.
CREATE TABLE IF NOT EXISTS messaging.refresh_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  user_id text NOT NULL,
  device_id text NOT NULL,
  expires_ts bigint NOT NULL,
  used_ts bigint,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  FOREIGN KEY (user_id, device_id) REFERENCES messaging.devices ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS messaging.access_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  user_id text NOT NULL,
  device_id text NOT NULL,
  refresh_token_hash bytea REFERENCES messaging.refresh_tokens ON DELETE CASCADE,
  expires_ts bigint NOT NULL,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  FOREIGN KEY (user_id, device_id) REFERENCES messaging.devices ON DELETE CASCADE
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX IF NOT EXISTS refresh_tokens_expires ON messaging.refresh_tokens (expires_ts);
CREATE INDEX IF NOT EXISTS refresh_tokens_device ON messaging.refresh_tokens (user_id, device_id);
CREATE INDEX IF NOT EXISTS access_tokens_expires ON messaging.access_tokens (expires_ts);
CREATE INDEX IF NOT EXISTS access_tokens_device ON messaging.access_tokens (user_id, device_id);
CREATE INDEX IF NOT EXISTS access_tokens_refresh ON messaging.access_tokens (refresh_token_hash);

CREATE TABLE IF NOT EXISTS messaging.rooms (
  room_id text PRIMARY KEY,
  creator text REFERENCES messaging.users ON DELETE SET NULL,
  name text,
  is_public boolean NOT NULL DEFAULT false,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  deleted_at bigint
);
CREATE INDEX IF NOT EXISTS rooms_creator ON messaging.rooms (creator);

CREATE TABLE IF NOT EXISTS messaging.room_aliases (
  alias text PRIMARY KEY,
  room_id text NOT NULL REFERENCES messaging.rooms ON DELETE CASCADE,
  creator text REFERENCES messaging.users ON DELETE SET NULL,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms()
);
CREATE INDEX IF NOT EXISTS room_aliases_room ON messaging.room_aliases (room_id);

CREATE TABLE IF NOT EXISTS messaging.room_memberships (
  room_id text NOT NULL REFERENCES messaging.rooms ON DELETE CASCADE,
  user_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  membership text NOT NULL CHECK (membership IN ('invite', 'join', 'leave', 'ban', 'knock')),
  invited_by text REFERENCES messaging.users ON DELETE SET NULL,
  joined_ts bigint,
  updated_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  PRIMARY KEY (room_id, user_id)
) WITH (fillfactor = 90);
CREATE INDEX IF NOT EXISTS room_memberships_room_joined ON messaging.room_memberships (room_id, membership, joined_ts DESC);
CREATE INDEX IF NOT EXISTS room_memberships_user ON messaging.room_memberships (user_id, membership);

-- Append only, by months. What a user wrote stays when the user goes.
CREATE TABLE IF NOT EXISTS messaging.room_events (
  event_id text NOT NULL,
  room_id text NOT NULL REFERENCES messaging.rooms ON DELETE CASCADE,
  sender text REFERENCES messaging.users ON DELETE SET NULL,
  type text NOT NULL,
  state_key text,
  content jsonb NOT NULL DEFAULT '{}',
  origin_server_ts bigint NOT NULL,
  deleted_at bigint,
  PRIMARY KEY (event_id, origin_server_ts)
) PARTITION BY RANGE (origin_server_ts);
CREATE INDEX IF NOT EXISTS room_events_room_type ON messaging.room_events (room_id, type, origin_server_ts DESC);
CREATE INDEX IF NOT EXISTS room_events_sender ON messaging.room_events (sender);
CREATE INDEX IF NOT EXISTS room_events_text ON messaging.room_events USING gin (to_tsvector('simple', coalesce(content ->> 'body', '')));

CREATE TABLE IF NOT EXISTS messaging.friends (
  user_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  friend_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  PRIMARY KEY (user_id, friend_id),
  CHECK (user_id <> friend_id)
);
CREATE INDEX IF NOT EXISTS friends_friend ON messaging.friends (friend_id);

CREATE TABLE IF NOT EXISTS messaging.friend_requests (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sender_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  receiver_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'declined')),
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  answered_ts bigint
);
CREATE UNIQUE INDEX IF NOT EXISTS friend_requests_pending ON messaging.friend_requests (sender_id, receiver_id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS friend_requests_receiver ON messaging.friend_requests (receiver_id, status, created_ts DESC);

CREATE TABLE IF NOT EXISTS messaging.private_sessions (
  session_id text PRIMARY KEY,
  user_a text REFERENCES messaging.users ON DELETE SET NULL,
  user_b text REFERENCES messaging.users ON DELETE SET NULL,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  last_message_ts bigint,
  deleted_at bigint
);
CREATE INDEX IF NOT EXISTS private_sessions_a ON messaging.private_sessions (user_a, last_message_ts DESC);
CREATE INDEX IF NOT EXISTS private_sessions_b ON messaging.private_sessions (user_b, last_message_ts DESC);

CREATE TABLE IF NOT EXISTS messaging.private_messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id text NOT NULL REFERENCES messaging.private_sessions ON DELETE CASCADE,
  sender text REFERENCES messaging.users ON DELETE SET NULL,
  content jsonb NOT NULL DEFAULT '{}',
  read_by_receiver boolean NOT NULL DEFAULT false,
  created_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  deleted_at bigint
);
CREATE INDEX IF NOT EXISTS private_messages_session ON messaging.private_messages (session_id, created_ts DESC, read_by_receiver);
CREATE INDEX IF NOT EXISTS private_messages_sender ON messaging.private_messages (sender);

-- End-to-end encryption: public keys only.
CREATE TABLE IF NOT EXISTS messaging.device_keys (
  user_id text NOT NULL,
  device_id text NOT NULL,
  algorithms text[] NOT NULL,
  keys jsonb NOT NULL,
  updated_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  PRIMARY KEY (user_id, device_id),
  FOREIGN KEY (user_id, device_id) REFERENCES messaging.devices ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS messaging.one_time_keys (
  user_id text NOT NULL,
  device_id text NOT NULL,
  key_id text NOT NULL,
  algorithm text NOT NULL,
  key jsonb NOT NULL,
  claimed_ts bigint,
  PRIMARY KEY (user_id, device_id, key_id),
  FOREIGN KEY (user_id, device_id) REFERENCES messaging.devices ON DELETE CASCADE
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE IF NOT EXISTS messaging.cross_signing_keys (
  user_id text NOT NULL REFERENCES messaging.users ON DELETE CASCADE,
  usage text NOT NULL CHECK (usage IN ('master', 'self_signing', 'user_signing')),
  key jsonb NOT NULL,
  updated_ts bigint NOT NULL DEFAULT messaging.now_ms(),
  PRIMARY KEY (user_id, usage)
);

RESET ROLE;
SELECT pgha.partition_by_time('messaging.room_events', 'origin_server_ts', 'month', premake => 3);
