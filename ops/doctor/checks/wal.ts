import { formatBytes, formatSeconds } from "../../format";
import { byRow } from "../check";

const BYTES = (name: string) => `pg_size_bytes(current_setting('${name}'))::float8`;

/** Names what keeps WAL, the largest first. */
interface Pile {
  size: number;
  most: number;
  keep: number;
  slot: string | null;
  retained: number;
  unarchived: number;
}

export const wal = [
  byRow<Pile>({
    id: "wal-size",
    title: "WAL takes more room than it should",
    needs: "servers",
    severity: "warning",
    cause: "A slot without a consumer, an archive that does not take it, wal_keep_size, or writes faster than checkpoints; a full disk ends Postgres.",
    mend: "See the finding for what keeps it.",
    risk: "Never delete files in pg_wal by hand: the server does not come back.",
    sql: `SELECT (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir())::float8 AS size, ${BYTES("max_wal_size")} AS most, ${BYTES("wal_keep_size")} AS keep,
        s.slot_name::text AS slot, coalesce(s.retained, 0)::float8 AS retained,
        CASE WHEN current_setting('archive_mode') = 'off' THEN 0 ELSE (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name ~ '\\.ready$') END::float8 * ${BYTES("wal_segment_size")} AS unarchived
      FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT slot_name, pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn) AS retained
        FROM pg_replication_slots WHERE restart_lsn IS NOT NULL ORDER BY restart_lsn LIMIT 1) s ON true`,
    found({ size, most, keep, slot, retained, unarchived }) {
      if (size < 1.5 * (most + keep)) return undefined;
      const [why, mend] = unarchived > size / 2 ? [`${formatBytes(unarchived)} wait for the archive`, "npx pgha doctor --only archiving"]
        : retained > size / 2 ? [`the slot ${slot} holds ${formatBytes(retained)}`, "npx pgha doctor --only slots-inactive"]
          : ["checkpoints do not keep up with the writes", "CHECKPOINT;"];
      return { severity: size > 4 * (most + keep) ? "critical" : "warning", evidence: `${formatBytes(size)} of WAL where max_wal_size is ${formatBytes(most)}: ${why}`, mend };
    },
  }),
  byRow<{ mode: string; failed: number; ready: number; seconds: number }>({
    id: "archiving",
    title: "WAL that the archive does not take",
    needs: "primary",
    severity: "critical",
    cause: "The archive command fails or is missing: no restore to a time after the last archived file, and pg_wal fills up.",
    mend: "SELECT last_failed_wal, last_failed_time FROM pg_stat_archiver; -- the server's log has the command's own words",
    risk: "None: it only looks.",
    sql: `SELECT current_setting('archive_mode') AS mode, coalesce((SELECT failed_count FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')), 0)::float8 AS failed,
        count(l.name)::float8 AS ready, coalesce(extract(epoch FROM now() - min(l.modification)), 0)::float8 AS seconds
      FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT name, modification FROM pg_ls_archive_statusdir() WHERE name ~ '\\.ready$') l ON current_setting('archive_mode') <> 'off'`,
    found({ mode, failed, ready, seconds }) {
      if (mode === "off" || (failed === 0 && seconds < 300)) return undefined;
      return { evidence: `${ready} files wait${ready ? `, the oldest for ${formatSeconds(seconds)}` : ""}${failed ? `; the command failed ${failed} times, and last` : ""}` };
    },
  }),
  byRow<{ timed: number; requested: number }>({
    id: "checkpoints",
    title: "Checkpoints come too often",
    needs: "primary",
    severity: "warning",
    needsDays: 1 / 24,
    cause: "max_wal_size is reached before checkpoint_timeout is over. After each checkpoint whole pages go into the WAL again: more of it, and slower writes.",
    mend: "pgha:cluster.postgres.parameters: { max_wal_size: … }, as much as is written in checkpoint_timeout, times three",
    risk: "As much more disk, and a longer replay after a crash. The change takes no restart.",
    sql: "SELECT num_timed::float8 AS timed, num_requested::float8 AS requested FROM pg_stat_checkpointer",
    found({ timed, requested }, { statisticsDays }) {
      const hourly = requested / (statisticsDays * 24);
      return requested < 10 || requested <= timed || hourly < 4 ? undefined : { evidence: `${requested} of ${timed + requested} checkpoints were forced, ${hourly.toFixed(1)} an hour` };
    },
  }),
  byRow<{ name: string; state: string; bytes: number; seconds: number }>({
    id: "replication-lag",
    title: "Standbys that lag",
    needs: "primary",
    severity: "warning",
    cause: "A slow disk or network, a query that replay waits for, or one standby that replays more than one process can. It serves old rows, and a takeover waits until it has replayed.",
    mend: "npx pgha doctor --only long-statements,replay-paused,memory-pressure",
    risk: "None: it only looks.",
    sql: `SELECT application_name AS name, state, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::float8 AS bytes, coalesce(extract(epoch FROM replay_lag), 0)::float8 AS seconds
      FROM pg_stat_replication WHERE state <> 'backup'`,
    found({ name, state, bytes, seconds }) {
      if (bytes < 64 * 2 ** 20 && seconds < 10) return undefined;
      return { severity: bytes > 2 ** 30 || seconds > 60 ? "critical" : "warning", evidence: `${name} (${state}) is ${formatBytes(bytes)} and ${formatSeconds(seconds)} behind` };
    },
  }),
  byRow<{ state: string | null }>({
    id: "replay-paused",
    title: "Replay is paused",
    needs: "servers",
    severity: "critical",
    cause: "Somebody called pg_wal_replay_pause(), or a setting on the primary was raised above the standby's: it falls behind until it can follow no more.",
    mend: "SELECT pg_wal_replay_resume();",
    risk: "None. Where a setting is the cause, restart that server instead: npx pgha restart.",
    sql: "SELECT CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END AS state",
    found: ({ state }) => (state === null || state === "not paused" ? undefined : { evidence: `replay is ${state}` }),
  }),
];
