import { formatSeconds } from "../../format";
import { byRow, Severity } from "../check";
import { RELATIONS } from "../relations";

/** Of 2^31, after which Postgres takes no more writes: autovacuum has failed to keep it down long before. */
const OLD: [transactions: number, severity: Severity][] = [[1.2e9, "critical"], [500e6, "warning"]];

interface Age {
  database: string;
  age: number;
}

const oldEnough = (age: number) => OLD.find(([transactions]) => age >= transactions)?.[1];
const percent = (age: number) => `${Math.round((100 * age) / 2 ** 31)} %`;
const FREEZE = "VACUUM (FREEZE, VERBOSE); -- in that database, as superuser, at a quiet time";
const FREEZE_RISK = "Reads and writes every table once; needs no lock that holds up reads or writes.";

interface Behind {
  name: string;
  rows: number;
  limit: number;
  /** Since it was last done; null: never since the server counts. */
  seconds: number | null;
  /** Autovacuum leaves it out. */
  off: boolean;
}

const OFF = "('off', 'false', '0', 'no')";
/** A table for which it has never been done may be new: autovacuum comes by once a minute at least. */
const isLate = ({ rows, limit, seconds, off }: Behind, patience: number) =>
  rows >= 3 * limit + 10_000 && (seconds === null ? off || rows > 1e7 : seconds > patience);

/** Autovacuum's own sum for a table: its threshold and share, as the table or the server has them. */
const threshold = (kind: "vacuum" | "analyze") => `(coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_${kind}_threshold'), current_setting('autovacuum_${kind}_threshold')::float8)
  + coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_${kind}_scale_factor'), current_setting('autovacuum_${kind}_scale_factor')::float8) * greatest(c.reltuples, 0))`;
const since = (kind: "vacuum" | "analyze") => `extract(epoch FROM now() - greatest(s.last_auto${kind}, s.last_${kind}))::float8 AS seconds,
  EXISTS (SELECT FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_enabled' AND option_value IN ${OFF}) AS off`;
const ago = (seconds: number | null) => (seconds === null ? "never, as far as the server knows" : `${formatSeconds(seconds)} ago`);

export const vacuum = [
  byRow<Age>({
    id: "wraparound",
    title: "Transaction ids run out",
    needs: "primary",
    severity: "warning",
    cause: "Old rows are not frozen in time: autovacuum is off, held back (vacuum-horizon) or fails on a damaged table. At 100 % no write is taken any more.",
    mend: FREEZE,
    risk: FREEZE_RISK,
    sql: "SELECT quote_ident(datname) AS database, age(datfrozenxid)::float8 AS age FROM pg_database WHERE datallowconn ORDER BY 2 DESC LIMIT 5",
    found({ database, age }) {
      const severity = oldEnough(age);
      return severity && { severity, evidence: `database ${database} has used ${percent(age)} of them: its oldest is ${Math.round(age / 1e6)} million old` };
    },
  }),
  byRow<Age>({
    id: "multixact-wraparound",
    title: "Multixact ids run out",
    needs: "primary",
    severity: "warning",
    cause: "Many transactions lock the same rows (foreign keys, SELECT … FOR SHARE), and old rows are not frozen in time.",
    mend: FREEZE,
    risk: FREEZE_RISK,
    sql: "SELECT quote_ident(datname) AS database, mxid_age(datminmxid)::float8 AS age FROM pg_database WHERE datallowconn ORDER BY 2 DESC LIMIT 5",
    found({ database, age }) {
      const severity = oldEnough(age);
      return severity && { severity, evidence: `database ${database} has used ${percent(age)} of them` };
    },
  }),
  byRow<{ name: string }>({
    id: "autovacuum-off",
    title: "Autovacuum is off",
    needs: "servers",
    severity: "critical",
    cause: "autovacuum or track_counts was switched off: tables bloat, statistics grow old, transaction ids run out.",
    mend: "Take it out of pgha:cluster.postgres.parameters, or ALTER SYSTEM RESET it; then npm run up",
    risk: "Autovacuum has much to catch up with: some load for a while.",
    sql: "SELECT name FROM pg_settings WHERE name IN ('autovacuum', 'track_counts') AND setting = 'off'",
    found: ({ name }) => ({ evidence: `${name} = off` }),
  }),
  byRow<{ name: string; size: string }>({
    id: "autovacuum-off-table",
    title: "Tables without autovacuum",
    needs: "databases",
    severity: "warning",
    cause: "autovacuum_enabled = off of a table, often left from a load.",
    mend: "ALTER TABLE … RESET (autovacuum_enabled);",
    risk: "None beyond one VACUUM of it.",
    sql: `SELECT c.name, pg_size_pretty(pg_relation_size(c.oid)) AS size FROM ${RELATIONS} c, pg_options_to_table(c.reloptions) o
      WHERE c.relkind IN ('r', 'm') AND o.option_name = 'autovacuum_enabled' AND o.option_value IN ${OFF} AND pg_relation_size(c.oid) > 65536 ORDER BY pg_relation_size(c.oid) DESC LIMIT 20`,
    found: ({ name, size }) => ({ evidence: `${name}, ${size}`, mend: `ALTER TABLE ${name} RESET (autovacuum_enabled);` }),
  }),
  byRow<Behind>({
    id: "vacuum-behind",
    title: "Tables that VACUUM does not keep up with",
    needs: "databases",
    severity: "warning",
    cause: "Too few or too slow workers for so many changes, autovacuum switched off for the table, or something that holds VACUUM back.",
    mend: "VACUUM (VERBOSE, ANALYZE) …;",
    risk: "Reads the table; holds up neither reads nor writes.",
    sql: `SELECT c.name, s.n_dead_tup::float8 AS rows, ${threshold("vacuum")} AS limit, ${since("vacuum")} FROM ${RELATIONS} c JOIN pg_stat_all_tables s ON s.relid = c.oid
      WHERE s.n_dead_tup > 10000 AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum p WHERE p.relid = c.oid) ORDER BY 2 DESC LIMIT 20`,
    found(table) {
      const { name, rows, limit, seconds } = table;
      if (!isLate(table, 600)) return undefined;
      return { evidence: `${name} has ${rows} dead rows, where autovacuum begins at ${Math.round(limit)}; last vacuumed: ${ago(seconds)}`, mend: `VACUUM (VERBOSE, ANALYZE) ${name};` };
    },
  }),
  byRow<Behind>({
    id: "statistics-old",
    title: "Tables whose statistics are old",
    needs: "databases",
    severity: "note",
    cause: "Many changes since the last ANALYZE: the planner reckons with rows that are no more, and takes bad plans.",
    mend: "ANALYZE …;",
    risk: "Reads a sample of the table.",
    sql: `SELECT c.name, s.n_mod_since_analyze::float8 AS rows, ${threshold("analyze")} AS limit, ${since("analyze")} FROM ${RELATIONS} c JOIN pg_stat_all_tables s ON s.relid = c.oid
      WHERE s.n_mod_since_analyze > 10000 AND c.relkind IN ('r', 'm') ORDER BY 2 DESC LIMIT 20`,
    found(table) {
      const { name, rows, limit, seconds } = table;
      if (!isLate(table, 3600)) return undefined;
      return { evidence: `${name} has ${rows} changed rows, where autovacuum begins at ${Math.round(limit)}; last analyzed: ${ago(seconds)}`, mend: `ANALYZE ${name};` };
    },
  }),
  byRow<{ name: string; size: string }>({
    id: "statistics-none",
    title: "Tables without statistics",
    needs: "databases",
    severity: "warning",
    cause: "Nobody has run ANALYZE since the table was filled: after a restore, an upgrade, or with autovacuum off. The planner guesses.",
    mend: "ANALYZE …;",
    risk: "Reads a sample of the table.",
    sql: `SELECT c.name, pg_size_pretty(pg_relation_size(c.oid)) AS size FROM ${RELATIONS} c
      WHERE c.relkind IN ('r', 'm') AND c.relnatts > 0 AND pg_relation_size(c.oid) > 10 * 1024 * 1024 AND NOT EXISTS (SELECT FROM pg_statistic WHERE starelid = c.oid)
      ORDER BY pg_relation_size(c.oid) DESC LIMIT 20`,
    found: ({ name, size }) => ({ evidence: `${name}, ${size}`, mend: `ANALYZE ${name};` }),
  }),
];
