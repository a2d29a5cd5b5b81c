SET LOCAL ROLE :"owner";

-- Deletes tokens that have expired, and keys that were claimed a week ago. Says how many of each.
CREATE OR REPLACE FUNCTION messaging.cleanup_expired_tokens() RETURNS TABLE (kind text, deleted bigint)
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH access AS (
    DELETE FROM messaging.access_tokens WHERE expires_ts < messaging.now_ms() RETURNING 1
  ), refresh AS (
    -- Deleting one deletes its access tokens; those of this run are deleted already
    DELETE FROM messaging.refresh_tokens WHERE expires_ts < messaging.now_ms()
      AND NOT EXISTS (SELECT FROM messaging.access_tokens WHERE refresh_token_hash = refresh_tokens.token_hash AND expires_ts >= messaging.now_ms()) RETURNING 1
  ), claimed AS (
    DELETE FROM messaging.one_time_keys WHERE claimed_ts < messaging.now_ms() - 7 * 86400000::bigint RETURNING 1
  )
  SELECT 'access tokens', count(*) FROM access
  UNION ALL SELECT 'refresh tokens', count(*) FROM refresh
  UNION ALL SELECT 'claimed one-time keys', count(*) FROM claimed
$$;

-- Deletes what nobody can reach any more: rooms that all have left, sessions without users, requests long answered, and what has been
-- marked as deleted for `older_than`. A room goes with its events, a user without: they stay, unsigned. Says how many of each.
CREATE OR REPLACE FUNCTION messaging.cleanup_orphaned_records(older_than interval DEFAULT '30 days') RETURNS TABLE (kind text, deleted bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before bigint := messaging.now_ms() - (extract(epoch FROM older_than) * 1000)::bigint;
BEGIN
  RETURN QUERY WITH gone AS (DELETE FROM messaging.rooms WHERE created_ts < before AND (deleted_at < before
      OR NOT EXISTS (SELECT FROM messaging.room_memberships WHERE room_id = rooms.room_id AND (membership IN ('invite', 'join', 'knock') OR updated_ts >= before))) RETURNING 1)
    SELECT 'rooms that all have left', count(*) FROM gone;
  RETURN QUERY WITH gone AS (DELETE FROM messaging.users WHERE deleted_at < before RETURNING 1)
    SELECT 'users marked as deleted', count(*) FROM gone;
  RETURN QUERY WITH gone AS (DELETE FROM messaging.private_sessions WHERE deleted_at < before OR user_a IS NULL AND user_b IS NULL RETURNING 1)
    SELECT 'private sessions without users', count(*) FROM gone;
  RETURN QUERY WITH gone AS (DELETE FROM messaging.private_messages WHERE deleted_at < before RETURNING 1)
    SELECT 'private messages marked as deleted', count(*) FROM gone;
  RETURN QUERY WITH gone AS (DELETE FROM messaging.friend_requests WHERE answered_ts < before RETURNING 1)
    SELECT 'answered friend requests', count(*) FROM gone;
END
$$;

GRANT EXECUTE ON FUNCTION messaging.cleanup_expired_tokens(), messaging.cleanup_orphaned_records(interval) TO :"database";
