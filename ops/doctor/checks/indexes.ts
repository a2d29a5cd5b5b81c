import { formatBytes } from "../../format";
import { byRow } from "../check";
import { RELATIONS, SMALL } from "../relations";

/** An index that is only an index: nothing else rests on it. */
const FREE = `NOT i.indisunique AND NOT i.indisprimary AND NOT i.indisexclusion AND NOT i.indisreplident AND NOT i.indisclustered
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)`;

interface Pair {
  name: string;
  other: string;
  size: number;
}

const DROP = "DROP INDEX CONCURRENTLY …;";
const drop = (name: string) => `DROP INDEX CONCURRENTLY ${name};`;

export const indexes = [
  byRow<Pair & { partitioned: boolean }>({
    id: "duplicate-indexes",
    title: "Duplicate indexes",
    needs: "databases",
    severity: "warning",
    cause: "Two indexes of the same columns, order, operators, collation and condition: each write keeps both.",
    mend: DROP,
    risk: "None for queries: the other one serves them. Waits for transactions that run.",
    sql: `SELECT c.name, o.name AS other, pg_relation_size(c.oid)::float8 AS size, c.relkind = 'I' AS partitioned
      FROM pg_index i JOIN ${RELATIONS} c ON c.oid = i.indexrelid
      JOIN pg_index j ON j.indrelid = i.indrelid AND j.indexrelid <> i.indexrelid AND j.indkey::text = i.indkey::text AND j.indclass::text = i.indclass::text AND j.indcollation::text = i.indcollation::text
        AND j.indoption::text = i.indoption::text AND j.indnkeyatts = i.indnkeyatts AND j.indisvalid
        AND pg_get_expr(j.indexprs, j.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indexprs, i.indrelid) AND pg_get_expr(j.indpred, j.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indpred, i.indrelid)
      JOIN ${RELATIONS} o ON o.oid = j.indexrelid AND o.relam = c.relam AND o.relkind = c.relkind
      WHERE i.indisvalid AND ${FREE} AND (j.indisunique OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = j.indexrelid) OR j.indexrelid < i.indexrelid)
      ORDER BY 3 DESC LIMIT 20`,
    found: ({ name, other, size, partitioned }) => ({ evidence: `${name} (${formatBytes(size)}) is what ${other} is`, mend: partitioned ? `DROP INDEX ${name};` : drop(name) }),
  }),
  byRow<Pair>({
    id: "overlapping-indexes",
    title: "Indexes that a longer one covers",
    needs: "databases",
    severity: "note",
    cause: "The columns of one are the first of another: that one can serve the same queries, if somewhat slower.",
    mend: DROP,
    risk: "Queries that used the shorter one may read more pages: watch them afterwards.",
    sql: `SELECT c.name, o.name AS other, pg_relation_size(c.oid)::float8 AS size FROM pg_index i JOIN ${RELATIONS} c ON c.oid = i.indexrelid
      JOIN pg_index j ON j.indrelid = i.indrelid AND j.indnkeyatts > i.indnkeyatts AND i.indnatts = i.indnkeyatts AND j.indisvalid
        AND (j.indkey::int2[])[0:i.indnkeyatts - 1] = (i.indkey::int2[])[0:i.indnkeyatts - 1] AND (j.indclass::oid[])[0:i.indnkeyatts - 1] = (i.indclass::oid[])[0:i.indnkeyatts - 1]
        AND (j.indcollation::oid[])[0:i.indnkeyatts - 1] = (i.indcollation::oid[])[0:i.indnkeyatts - 1] AND (j.indoption::int2[])[0:i.indnkeyatts - 1] = (i.indoption::int2[])[0:i.indnkeyatts - 1]
      JOIN ${RELATIONS} o ON o.oid = j.indexrelid AND o.relam = c.relam JOIN pg_am m ON m.oid = c.relam AND m.amname = 'btree'
      WHERE i.indisvalid AND ${FREE} AND i.indexprs IS NULL AND i.indpred IS NULL AND j.indpred IS NULL AND c.relkind = 'i' AND pg_relation_size(c.oid) > ${SMALL} ORDER BY 3 DESC LIMIT 20`,
    found: ({ name, other, size }) => ({ evidence: `${name} (${formatBytes(size)}) is the beginning of ${other}`, mend: drop(name) }),
  }),
  byRow<{ name: string; left: boolean }>({
    id: "invalid-indexes",
    title: "Invalid indexes",
    needs: "databases",
    severity: "warning",
    cause: "CREATE INDEX or REINDEX CONCURRENTLY was cut off, or met a duplicate key. Each write keeps it, no query uses it, and it enforces nothing.",
    mend: "REINDEX INDEX CONCURRENTLY …;",
    risk: "Takes the room of a second index meanwhile, and waits for transactions that run.",
    sql: `SELECT c.name, c.relname ~ '_cc(new|old)\\d*$' AS left FROM pg_index i JOIN ${RELATIONS} c ON c.oid = i.indexrelid
      WHERE c.relkind = 'i' AND NOT (i.indisvalid AND i.indisready) AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid OR p.relid = i.indrelid) LIMIT 20`,
    found: ({ name, left }) => ({ evidence: left ? `${name}, left by a REINDEX CONCURRENTLY` : name, mend: left ? drop(name) : `REINDEX INDEX CONCURRENTLY ${name};` }),
  }),
  byRow<{ name: string; columns: string; refers: string; size: number }>({
    id: "foreign-keys-without-index",
    title: "Foreign keys without an index",
    needs: "databases",
    severity: "note",
    cause: "Each DELETE, or UPDATE of a key, in the table that is referred to reads the whole referring table.",
    mend: "CREATE INDEX CONCURRENTLY ON … (…);",
    risk: "Each write keeps one index more. Waits for transactions that run.",
    sql: `SELECT c.name, (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k (attnum, n) JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum) AS columns,
        f.confrelid::regclass::text AS refers, pg_table_size(c.oid)::float8 AS size
      FROM pg_constraint f JOIN ${RELATIONS} c ON c.oid = f.conrelid WHERE f.contype = 'f' AND f.conparentid = 0 AND (c.relkind = 'p' OR pg_relation_size(c.oid) > ${SMALL})
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.conrelid AND i.indisvalid AND i.indpred IS NULL
          AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey) ORDER BY 4 DESC LIMIT 20`,
    found: ({ name, columns, refers, size }) => ({ evidence: `${name} (${columns}) refers to ${refers}; ${formatBytes(size)}`, mend: `CREATE INDEX CONCURRENTLY ON ${name} (${columns});` }),
  }),
];

export { FREE };
