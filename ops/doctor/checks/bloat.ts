import { formatBytes } from "../../format";
import { byRow } from "../check";
import { RELATIONS } from "../relations";

interface Estimate {
  name: string;
  /** Bytes: what it takes, and what its rows would take if they were written anew. */
  size: number;
  needed: number;
}

const LEAST = 32 * 2 ** 20;
const share = ({ size, needed }: Estimate) => `${Math.round((100 * (size - needed)) / size)} % of ${formatBytes(size)}`;

export const bloat = [
  byRow<Estimate>({
    id: "bloat-tables",
    title: "Tables that are mostly empty room",
    needs: "databases",
    severity: "note",
    cause: "Many rows were deleted or updated at once, or VACUUM was late. Later rows fill that room again; until then every scan reads it. An estimate by the planner's statistics.",
    mend: "VACUUM (FULL, ANALYZE) …;",
    risk: "VACUUM FULL locks the table for reads and writes until it is copied. pg_repack or pg_squeeze do it without, where they are installed.",
    // A row: header and line pointer 28 bytes, some 4 of alignment, the mean width of its columns; 24 bytes of each page are its header
    sql: `SELECT c.name, (c.relpages::float8 * 8192) AS size, (ceil(c.tuples * (32 + w.width) / (8168.0 * coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) / 100)) * 8192)::float8 AS needed
      FROM ${RELATIONS} c CROSS JOIN LATERAL (SELECT sum((1 - s.stanullfrac) * s.stawidth) AS width, count(*) AS columns FROM pg_statistic s WHERE s.starelid = c.oid AND NOT s.stainherit) w
      WHERE c.relkind IN ('r', 'm') AND c.tuples > 0 AND c.relpages > ${LEAST / 8192} AND w.columns = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      ORDER BY 2 DESC LIMIT 50`,
    found(estimate) {
      const { name, size, needed } = estimate;
      if (needed > size / 2) return undefined;
      return { severity: size - needed > 10 * 2 ** 30 ? "warning" : "note", evidence: `${name}: some ${share(estimate)}`, mend: `VACUUM (FULL, ANALYZE) ${name};` };
    },
  }),
  byRow<Estimate>({
    id: "bloat-indexes",
    title: "Indexes that are mostly empty room",
    needs: "databases",
    severity: "note",
    cause: "Entries of deleted rows left pages that are nearly empty, which an index does not merge. An estimate by the planner's statistics.",
    mend: "REINDEX INDEX CONCURRENTLY …;",
    risk: "Takes the room of a second index meanwhile, and waits for transactions that run; when it fails an invalid index is left, which invalid-indexes finds.",
    // An entry: header and line pointer 12 bytes, some 4 of alignment, the mean width of its columns; pages are filled to 90 %
    sql: `SELECT c.name, (c.relpages::float8 * 8192) AS size, (ceil(c.tuples * (16 + w.width) / (8152 * 0.9)) * 8192)::float8 AS needed
      FROM ${RELATIONS} c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
      CROSS JOIN LATERAL (SELECT sum((1 - s.stanullfrac) * s.stawidth) AS width, count(*) AS columns FROM unnest(i.indkey::int2[]) k
        JOIN pg_statistic s ON s.starelid = i.indrelid AND s.staattnum = k AND NOT s.stainherit) w
      WHERE c.relkind = 'i' AND i.indisvalid AND c.tuples > 0 AND c.relpages > ${LEAST / 8192} AND w.columns = i.indnatts ORDER BY 2 DESC LIMIT 50`,
    found(estimate) {
      const { name, size, needed } = estimate;
      return needed > size / 3 ? undefined : { evidence: `${name}: some ${share(estimate)}`, mend: `REINDEX INDEX CONCURRENTLY ${name};` };
    },
  }),
];
