import { counted } from "../../../tools/words";
import { formatSeconds } from "../../format";
import { byRow } from "../check";

interface Session {
  pid: number;
  who: string;
  seconds: number;
}

/** Who a session is; its statement may hold data and is not shown. */
const WHO = "concat_ws(' ', a.usename, 'in', a.datname, nullif('(' || a.application_name || ')', '()'))";

export const sessions = [
  byRow<{ used: number; most: number }>({
    id: "connections",
    title: "Connections near their limit",
    needs: "servers",
    severity: "warning",
    cause: "Applications that connect past the poolers, or pools that are larger together than max_connections; the next connection is refused.",
    mend: "SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC; -- then connect these through the poolers, or set pgha:cluster.postgres.parameters.max_connections",
    risk: "More connections take more memory; the change restarts the servers, one after the other.",
    sql: `SELECT count(*) FILTER (WHERE backend_type = 'client backend')::float8 AS used, (current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int - current_setting('reserved_connections')::int)::float8 AS most FROM pg_stat_activity`,
    found({ used, most }) {
      if (used < 0.8 * most) return undefined;
      return { severity: used >= 0.9 * most ? "critical" : "warning", evidence: `${used} of ${most} connections are taken` };
    },
  }),
  byRow<{ who: string; used: number; most: number }>({
    id: "connection-limits",
    title: "Roles or databases near their connection limit",
    needs: "primary",
    severity: "warning",
    cause: "CONNECTION LIMIT of a role or a database; its next connection is refused while others still get theirs.",
    mend: "roles[].connectionLimit in the stack's configuration, then npm run up",
    risk: "None beyond the memory of more connections.",
    sql: `SELECT 'role ' || quote_ident(r.rolname) AS who, count(a.pid)::float8 AS used, r.rolconnlimit::float8 AS most
        FROM pg_roles r JOIN pg_stat_activity a ON a.usesysid = r.oid WHERE r.rolconnlimit > 0 AND NOT r.rolsuper GROUP BY r.rolname, r.rolconnlimit
      UNION ALL SELECT 'database ' || quote_ident(d.datname), count(a.pid)::float8, d.datconnlimit::float8
        FROM pg_database d JOIN pg_stat_activity a ON a.datid = d.oid AND a.backend_type = 'client backend' WHERE d.datconnlimit > 0 GROUP BY d.datname, d.datconnlimit`,
    found: ({ who, used, most }) => (used < 0.8 * most ? undefined : { evidence: `${who} has ${used} of ${most} connections` }),
  }),
  byRow<Session>({
    id: "idle-in-transaction",
    title: "Sessions idle in a transaction",
    needs: "servers",
    severity: "warning",
    cause: "An application that began a transaction and waits for something else. Its locks stay, and nothing that was deleted since can be cleaned up.",
    mend: "SELECT pg_terminate_backend(pid);",
    risk: "That transaction is rolled back, and its client sees an error.",
    sql: `SELECT a.pid::float8 AS pid, ${WHO} AS who, extract(epoch FROM now() - a.state_change)::float8 AS seconds
      FROM pg_stat_activity a WHERE a.state LIKE 'idle in transaction%' ORDER BY 3 DESC LIMIT 20`,
    found({ pid, who, seconds }) {
      if (seconds < 300) return undefined;
      return { severity: seconds > 3600 ? "critical" : "warning", evidence: `${who} has been idle in a transaction for ${formatSeconds(seconds)}`, mend: `SELECT pg_terminate_backend(${pid});` };
    },
  }),
  byRow<Session>({
    id: "long-statements",
    title: "Statements that run for hours",
    needs: "servers",
    severity: "note",
    cause: "A report, an export or a statement without an index. As long as it runs, VACUUM cleans up nothing that was deleted since.",
    mend: "SELECT pg_cancel_backend(pid);",
    risk: "The statement fails for its client; a long change then takes as long to clean up after.",
    sql: `SELECT a.pid::float8 AS pid, ${WHO} AS who, extract(epoch FROM now() - a.xact_start)::float8 AS seconds
      FROM pg_stat_activity a WHERE a.state = 'active' AND a.backend_type = 'client backend' ORDER BY a.xact_start LIMIT 20`,
    found({ pid, who, seconds }) {
      if (!(seconds > 3600)) return undefined;
      return { severity: seconds > 6 * 3600 ? "warning" : "note", evidence: `${who} has been in one transaction for ${formatSeconds(seconds)}`, mend: `SELECT pg_cancel_backend(${pid});` };
    },
  }),
  byRow<Session & { waiting: number }>({
    id: "lock-waits",
    title: "Sessions that hold others up",
    needs: "servers",
    severity: "warning",
    cause: "A transaction that keeps a lock that others wait for, and they hold up others again: often DDL behind a long statement.",
    mend: "SELECT pg_terminate_backend(pid);",
    risk: "The transaction at the root is rolled back, and its client sees an error.",
    sql: `WITH RECURSIVE waits AS MATERIALIZED (SELECT DISTINCT ON (pid) pid, waitstart FROM pg_locks WHERE NOT granted AND waitstart < now() - interval '1 second' ORDER BY pid, waitstart),
      edges AS MATERIALIZED (SELECT pid, waitstart, unnest(pg_blocking_pids(pid)) AS blocker FROM waits),
      tree AS (SELECT blocker AS root, pid, waitstart FROM edges WHERE blocker NOT IN (SELECT pid FROM waits)
        UNION SELECT tree.root, edges.pid, edges.waitstart FROM tree JOIN edges ON edges.blocker = tree.pid)
      SELECT root::float8 AS pid, coalesce(${WHO.replace("concat_ws(' ', ", "concat_ws(' ', a.state, ")}, 'a prepared transaction') AS who,
        count(DISTINCT tree.pid)::float8 AS waiting, extract(epoch FROM now() - min(tree.waitstart))::float8 AS seconds
      FROM tree LEFT JOIN pg_stat_activity a ON a.pid = root GROUP BY root, a.state, a.usename, a.datname, a.application_name ORDER BY 3 DESC LIMIT 10`,
    found({ pid, who, waiting, seconds }) {
      if (seconds < 10) return undefined;
      return {
        severity: seconds > 60 ? "critical" : "warning",
        evidence: `${counted(waiting, "session")} ${waiting === 1 ? "waits" : "wait"}, the first for ${formatSeconds(seconds)}, for process ${pid}: ${who}`,
        mend: pid > 0 ? `SELECT pg_terminate_backend(${pid});` : "ROLLBACK PREPARED, see npx pgha doctor --only prepared-transactions",
      };
    },
  }),
  byRow<{ gid: string; who: string; seconds: number }>({
    id: "prepared-transactions",
    title: "Prepared transactions that nobody ends",
    needs: "primary",
    severity: "warning",
    cause: "A transaction manager that died between PREPARE TRANSACTION and its end. The locks stay, over restarts and failovers.",
    mend: "ROLLBACK PREPARED 'gid';",
    risk: "What was prepared is lost: ask the transaction manager first whether it was to be committed.",
    sql: `SELECT quote_literal(gid) AS gid, concat_ws(' ', owner, 'in', quote_ident(database)) AS who, extract(epoch FROM now() - prepared)::float8 AS seconds FROM pg_prepared_xacts ORDER BY prepared LIMIT 20`,
    found({ gid, who, seconds }) {
      if (seconds < 300) return undefined;
      return { severity: seconds > 3600 ? "critical" : "warning", evidence: `${gid} of ${who} was prepared ${formatSeconds(seconds)} ago`, mend: `ROLLBACK PREPARED ${gid};` };
    },
  }),
  byRow<{ waiting: number; seconds: number }>({
    id: "commits-waiting",
    title: "Commits that wait for a standby",
    needs: "primary",
    severity: "critical",
    cause: "No synchronous standby acknowledges: it is down, cut off, or its disk hangs. These clients wait; what they wrote is on the primary only.",
    mend: "npx pgha status",
    risk: "None: it only looks.",
    sql: `SELECT count(*)::float8 AS waiting, coalesce(max(extract(epoch FROM now() - query_start)), 0)::float8 AS seconds FROM pg_stat_activity WHERE wait_event = 'SyncRep'`,
    found: ({ waiting, seconds }) => (seconds < 5 ? undefined : { evidence: `${counted(waiting, "commit")} ${waiting === 1 ? "waits" : "wait"}, the first for ${formatSeconds(seconds)}` }),
  }),
];
