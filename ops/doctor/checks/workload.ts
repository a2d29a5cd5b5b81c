import { formatBytes } from "../../format";
import { byRow } from "../check";

interface Counted {
  database: string;
  count: number;
  of: number;
}

const HOUR = 1 / 24;
const perDay = (count: number, days: number) => count / Math.max(days, HOUR);
const OF_DATABASES = "FROM pg_stat_database WHERE datname IS NOT NULL";

export const workload = [
  byRow<Counted>({
    id: "deadlocks",
    title: "Deadlocks",
    needs: "servers",
    severity: "warning",
    cause: "Transactions that lock the same rows in different orders; Postgres ends one of them with an error.",
    mend: "Lock rows in one order everywhere (SELECT … ORDER BY id FOR UPDATE), and repeat a transaction that fails with 40P01; the server's log names both statements.",
    risk: "None.",
    sql: `SELECT quote_ident(datname) AS database, deadlocks::float8 AS count, 0::float8 AS of ${OF_DATABASES} AND deadlocks > 0`,
    found({ database, count }, { statisticsDays }) {
      const daily = perDay(count, statisticsDays);
      return count < 3 || daily < 1 ? undefined : { severity: daily > 100 ? "critical" : "warning", evidence: `${count} deadlocks in database ${database}, ${Math.round(daily)} a day` };
    },
  }),
  byRow<Counted>({
    id: "temporary-files",
    title: "Much written to temporary files",
    needs: "servers",
    severity: "note",
    needsDays: HOUR,
    cause: "Sorts and hashes that do not fit into work_mem go to the disk.",
    mend: "ALTER ROLE … SET work_mem = '64MB'; -- for the role of the reports alone",
    risk: "Each sort of each session may take as much: too much for all roles takes the server's memory.",
    sql: `SELECT quote_ident(datname) AS database, temp_bytes::float8 AS count, temp_files::float8 AS of ${OF_DATABASES} AND temp_bytes > 0`,
    found({ database, count, of }, { statisticsDays }) {
      const daily = perDay(count, statisticsDays);
      if (count < 2 ** 30 || daily < 10 * 2 ** 30) return undefined;
      return { evidence: `${formatBytes(daily)} a day in ${of} temporary files of database ${database}` };
    },
  }),
  byRow<Counted>({
    id: "rollbacks",
    title: "Many transactions roll back",
    needs: "servers",
    severity: "note",
    cause: "Errors that an application meets and hides, or a pool that rolls back as a habit.",
    mend: "Look into the server's log for the errors of that database.",
    risk: "None.",
    sql: `SELECT quote_ident(datname) AS database, xact_rollback::float8 AS count, (xact_commit + xact_rollback)::float8 AS of ${OF_DATABASES}`,
    found: ({ database, count, of }) =>
      count < 10_000 || count < 0.2 * of ? undefined : { evidence: `${Math.round((100 * count) / of)} % of ${of} transactions in database ${database} were rolled back` },
  }),
  byRow<Counted>({
    id: "lost-sessions",
    title: "Many sessions end badly",
    needs: "servers",
    severity: "note",
    cause: "Clients that vanish without a word, are terminated or meet a fatal error: crashes, firewalls that forget connections, time-outs.",
    mend: "SELECT datname, sessions_abandoned, sessions_fatal, sessions_killed FROM pg_stat_database; -- abandoned: look at the clients and at what is between",
    risk: "None.",
    sql: `SELECT quote_ident(datname) AS database, (sessions_abandoned + sessions_fatal + sessions_killed)::float8 AS count, sessions::float8 AS of ${OF_DATABASES}`,
    found: ({ database, count, of }) => (count < 1000 || count < 0.2 * of ? undefined : { evidence: `${count} of ${of} sessions of database ${database}` }),
  }),
  byRow<Counted>({
    id: "recovery-conflicts",
    title: "Queries that replay cancels",
    needs: "servers",
    severity: "warning",
    cause: "A standby's queries that are in the way of what it replays for longer than max_standby_streaming_delay.",
    mend: "Send long reports to a standby of their own, or raise pgha:cluster.postgres.parameters.max_standby_streaming_delay",
    risk: "A longer delay lets that standby fall further behind.",
    sql: `SELECT quote_ident(datname) AS database, (confl_tablespace + confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock)::float8 AS count, 0::float8 AS of
      FROM pg_stat_database_conflicts`,
    found({ database, count }, { statisticsDays }) {
      const daily = perDay(count, statisticsDays);
      return count < 10 || daily < 10 ? undefined : { evidence: `${count} queries of database ${database} were cancelled, ${Math.round(daily)} a day` };
    },
  }),
  byRow<{ text: string; calls: number; mean: number; hours: number }>({
    id: "slow-queries",
    title: "Slow queries",
    needs: "servers",
    severity: "warning",
    without: "pg_stat_statements is not in database postgres",
    cause: "A missing index, old statistics, or more rows than anybody needs.",
    mend: "EXPLAIN (ANALYZE, BUFFERS) … of it, with real values",
    risk: "ANALYZE runs the statement: a change belongs into a transaction that is rolled back.",
    // Only statements of which constants are left out, and none that could hold a password
    sql: `SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 160) AS text, calls::float8 AS calls, mean_exec_time::float8 AS mean, (total_exec_time / 3600000)::float8 AS hours
      FROM public.pg_stat_statements WHERE toplevel AND calls >= 10 AND mean_exec_time >= 100 AND userid <> 10 AND query ~* '^\\s*(select|insert|update|delete|merge|with)\\M'
      ORDER BY total_exec_time DESC LIMIT 5`,
    found({ text, calls, mean, hours }) {
      if (mean < 500) return undefined;
      return { severity: mean >= 5000 ? "critical" : "warning", evidence: `${Math.round(mean)} ms on average, ${calls} calls, ${hours.toFixed(1)} h in all: ${text}` };
    },
  }),
  byRow<{ count: number }>({
    id: "statements-evicted",
    title: "Statistics of statements that are thrown away",
    needs: "servers",
    severity: "note",
    needsDays: HOUR,
    without: "pg_stat_statements is not in database postgres",
    cause: "More different statements than pg_stat_statements.max, often lists of constants of every length: the slow ones may be missing.",
    mend: "pgha:cluster.postgres.parameters: { pg_stat_statements.max: 20000 }",
    risk: "Some memory; the change restarts the servers, one after the other.",
    sql: "SELECT dealloc::float8 AS count FROM public.pg_stat_statements_info",
    found: ({ count }, { statisticsDays }) =>
      count < 100 || perDay(count, statisticsDays) < 100 ? undefined : { evidence: `entries were thrown away ${count} times, ${Math.round(perDay(count, statisticsDays))} times a day` },
  }),
];
