import { counted } from "../../../tools/words";
import { formatBytes } from "../../format";
import { Answer, Context, Found, Judgement, SqlCheck, tooYoung } from "../check";
import { RELATIONS, SMALL } from "../relations";
import { FREE } from "./indexes";

/** Counts of one relation on one server. */
interface Row {
  name: string;
  table: string;
  size: number;
  scans: number;
  /** Rows of the table, and those that its scans have read. */
  tuples: number;
  read: number;
  indexScans: number;
}

interface Merged {
  name: string;
  database: string;
  rows: Row[];
}

/** Judges each relation by the sum of what all servers have counted; says that it cannot tell where one is missing or has counted for less than `days`. */
function merged(days: number, judge: (one: Merged) => Omit<Found, "where"> | undefined) {
  return (answers: Answer[], { cluster }: Context): Judgement => {
    const judgement: Judgement & { unknown: { where: string; why: string }[] } = { found: [], unknown: [] };
    for (const database of new Set(answers.map((answer) => answer.database))) {
      const where = `database ${database}`;
      const here = answers.filter((answer) => answer.database === database);
      const found = group(here, database).flatMap((one) => judge(one) ?? []).map((one) => ({ where, ...one }));
      const young = here.filter(({ statisticsDays }) => statisticsDays < days);
      const silent = cluster.postgres.filter(({ name }) => !here.some(({ server }) => server === name));
      const whys = [...young.map((answer) => tooYoung(answer, days)), ...silent.map(({ name }) => `${name} was not asked`)];
      if (found.length && whys.length) judgement.unknown.push({ where, why: whys.join("; ") });
      else judgement.found.push(...found);
    }
    return judgement;
  };
}

function group(answers: Answer[], database: string): Merged[] {
  const rows = answers.flatMap((answer) => answer.rows as Row[]);
  return [...new Set(rows.map(({ name }) => name))].map((name) => ({ name, database, rows: rows.filter((row) => row.name === name) }));
}

const sum = (rows: Row[], key: "scans" | "read" | "indexScans") => rows.reduce((total, row) => total + row[key], 0);

export const usage: SqlCheck[] = [
  {
    id: "unused-indexes",
    title: "Indexes that no server uses",
    needs: "everywhere",
    severity: "note",
    cause: "No query on any server has read it since they count: each write keeps it for nothing. Reports once a quarter or a year may still need it.",
    mend: "DROP INDEX CONCURRENTLY …;",
    risk: "A rare query may become slow: keep its definition (pg_get_indexdef).",
    sql: `SELECT c.name, t.name AS table, pg_relation_size(c.oid)::float8 AS size, s.idx_scan::float8 AS scans, 0::float8 AS tuples, 0::float8 AS read, 0::float8 AS "indexScans"
      FROM pg_index i JOIN ${RELATIONS} c ON c.oid = i.indexrelid JOIN ${RELATIONS} t ON t.oid = i.indrelid JOIN pg_stat_all_indexes s ON s.indexrelid = c.oid
      WHERE c.relkind = 'i' AND i.indisvalid AND ${FREE} AND pg_relation_size(c.oid) > ${SMALL} ORDER BY 3 DESC LIMIT 500`,
    judge: merged(7, ({ name, rows }) =>
      sum(rows, "scans") > 0 ? undefined : { evidence: `${name} (${formatBytes(rows[0].size)}) of ${rows[0].table}`, mend: `DROP INDEX CONCURRENTLY ${name};` }),
  },
  {
    id: "missing-indexes",
    title: "Large tables that are read in full again and again",
    needs: "everywhere",
    severity: "warning",
    cause: "Queries with a condition that no index serves.",
    mend: "SELECT query, calls, mean_exec_time FROM pg_stat_statements WHERE query ~* 'table' ORDER BY total_exec_time DESC LIMIT 5; -- then CREATE INDEX CONCURRENTLY for its condition",
    risk: "Each write keeps one index more.",
    sql: `SELECT c.name, c.name AS table, pg_relation_size(c.oid)::float8 AS size, s.seq_scan::float8 AS scans, greatest(c.tuples, 0)::float8 AS tuples, s.seq_tup_read::float8 AS read,
        coalesce(s.idx_scan, 0)::float8 AS "indexScans" FROM ${RELATIONS} c JOIN pg_stat_all_tables s ON s.relid = c.oid
      WHERE c.relkind IN ('r', 'm') AND c.tuples > 50000 AND s.seq_scan > 0 ORDER BY s.seq_tup_read DESC LIMIT 500`,
    judge: merged(1, ({ name, rows }) => {
      const [scans, read] = [sum(rows, "scans"), sum(rows, "read")];
      if (scans < 100 || read / scans < 10_000 || sum(rows, "indexScans") > 10 * scans) return undefined;
      return { evidence: `${name} (${formatBytes(rows[0].size)}): ${counted(scans, "scan")} read ${Math.round(read / scans)} rows each` };
    }),
  },
];
