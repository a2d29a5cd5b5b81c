import { counted } from "../../../tools/words";
import { byRow } from "../check";
import { RELATIONS } from "../relations";

interface Named {
  name: string;
}

const LAST_OF_TYPE = "CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 ELSE 9223372036854775807 END::numeric";

export const schema = [
  byRow<Named & { table: string | null; column: string | null; last: number; share: number; narrow: boolean }>({
    id: "sequences",
    title: "Sequences near their end",
    needs: "databases",
    severity: "warning",
    cause: "Numbers that have been given out up to the end of the sequence or of its column's type; after the last one each INSERT fails.",
    mend: "ALTER TABLE … ALTER COLUMN … TYPE bigint; ALTER SEQUENCE … AS bigint;",
    risk: "Another type rewrites the table under a lock that holds up reads and writes: a large one is better copied into a new column.",
    sql: `SELECT c.name, d.refobjid::regclass::text AS "table", quote_ident(a.attname) AS "column", pg_sequence_last_value(s.seqrelid)::float8 AS last, a.atttypid IN ('int2'::regtype, 'int4'::regtype) AS narrow,
        CASE WHEN s.seqincrement > 0 THEN (pg_sequence_last_value(s.seqrelid)::numeric - s.seqmin) / nullif(least(s.seqmax, ${LAST_OF_TYPE}) - s.seqmin, 0)
          ELSE (s.seqmax - pg_sequence_last_value(s.seqrelid)::numeric) / nullif(s.seqmax::numeric - s.seqmin, 0) END::float8 AS share
      FROM pg_sequence s JOIN ${RELATIONS} c ON c.oid = s.seqrelid
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      WHERE NOT s.seqcycle AND pg_sequence_last_value(s.seqrelid) IS NOT NULL ORDER BY share DESC LIMIT 20`,
    found({ name, table, column, last, share, narrow }) {
      if (share < 0.7) return undefined;
      const wider = narrow ? `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE bigint; ` : "";
      return { severity: share > 0.9 ? "critical" : "warning", evidence: `${name}${column ? ` of ${table}.${column}` : ""} has given out ${Math.floor(100 * share)} %: ${last}`, mend: `${wider}ALTER SEQUENCE ${name} AS bigint NO MAXVALUE;` };
    },
  }),
  byRow<Named>({
    id: "no-primary-key",
    title: "Tables without a primary key",
    needs: "databases",
    severity: "note",
    cause: "Rows that cannot be told apart: no logical replication of UPDATE and DELETE, no pg_repack, duplicates that nobody notices.",
    mend: "ALTER TABLE … ADD PRIMARY KEY (…);",
    risk: "Reads the table under a lock; where a unique index on columns that are NOT NULL exists, ADD PRIMARY KEY USING INDEX takes a moment. A new column for it rewrites the table.",
    sql: `SELECT c.name FROM ${RELATIONS} c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) ORDER BY c.relpages DESC LIMIT 20`,
    found: ({ name }) => ({ evidence: name, mend: `ALTER TABLE ${name} ADD PRIMARY KEY (…);` }),
  }),
  byRow<Named & { size: string }>({
    id: "unlogged-tables",
    title: "Unlogged tables",
    needs: "databases",
    severity: "warning",
    cause: "They are not replicated: a failover, or a crash, empties them.",
    mend: "ALTER TABLE … SET LOGGED;",
    risk: "Copies the table under a lock that holds up reads and writes.",
    sql: `SELECT c.name, pg_size_pretty(pg_table_size(c.oid)) AS size FROM ${RELATIONS} c WHERE c.relkind = 'r' AND c.relpersistence = 'u' ORDER BY pg_table_size(c.oid) DESC LIMIT 20`,
    found: ({ name, size }) => ({ evidence: `${name}, ${size}`, mend: `ALTER TABLE ${name} SET LOGGED;` }),
  }),
  byRow<Named & { table: string }>({
    id: "constraints-not-valid",
    title: "Constraints that were never validated",
    needs: "databases",
    severity: "note",
    cause: "Added as NOT VALID: rows from before may break them, and the planner does not rely on them.",
    mend: "ALTER TABLE … VALIDATE CONSTRAINT …;",
    risk: "Reads the table, while writes go on; fails where a row breaks it.",
    sql: `SELECT quote_ident(k.conname) AS name, c.name AS table FROM pg_constraint k JOIN ${RELATIONS} c ON c.oid = k.conrelid WHERE NOT k.convalidated AND k.contype IN ('c', 'f', 'n') AND k.conparentid = 0 LIMIT 20`,
    found: ({ name, table }) => ({ evidence: `${name} of ${table}`, mend: `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name};` }),
  }),
  byRow<Named & { table: string; key: boolean }>({
    id: "disabled-triggers",
    title: "Triggers that are switched off",
    needs: "databases",
    severity: "warning",
    cause: "DISABLE TRIGGER, often left from a load. Those of a foreign key: it is not enforced.",
    mend: "ALTER TABLE … ENABLE TRIGGER …;",
    risk: "Rows that came meanwhile are not looked at.",
    sql: `SELECT quote_ident(t.tgname) AS name, c.name AS table, t.tgisinternal AS key FROM pg_trigger t JOIN ${RELATIONS} c ON c.oid = t.tgrelid WHERE t.tgenabled = 'D' AND t.tgparentid = 0 LIMIT 20`,
    found: ({ name, table, key }) => ({ severity: key ? "critical" : "warning", evidence: `${name} of ${table}${key ? ", which enforces a foreign key" : ""}`, mend: `ALTER TABLE ${table} ENABLE TRIGGER ${name};` }),
  }),
  byRow<Named & { table: string; size: string }>({
    id: "default-partitions",
    title: "Rows in a default partition",
    needs: "databases",
    severity: "warning",
    cause: "Rows for which there was no partition: none can be made for them any more, and queries read it every time.",
    mend: "BEGIN; ALTER TABLE … DETACH PARTITION …; then make the partitions and INSERT its rows anew; COMMIT;",
    risk: "Holds up writes to the table meanwhile.",
    sql: `SELECT c.name, t.name AS table, pg_size_pretty(pg_relation_size(c.oid)) AS size FROM pg_partitioned_table p JOIN ${RELATIONS} c ON c.oid = p.partdefid JOIN ${RELATIONS} t ON t.oid = p.partrelid
      WHERE pg_relation_size(c.oid) > 0 LIMIT 20`,
    found: ({ name, table, size }) => ({ evidence: `${name} of ${table} holds ${size}`, mend: `SELECT * FROM ${name} LIMIT 20;` }),
  }),
  byRow<Named & { partitions: number }>({
    id: "many-partitions",
    title: "Tables with very many partitions",
    needs: "databases",
    severity: "note",
    cause: "A statement that does not name the key is planned over all of them, and locks each.",
    mend: "Larger partitions, or retention: DROP TABLE of the oldest",
    risk: "Dropped rows are gone.",
    sql: `SELECT c.name, count(*)::float8 AS partitions FROM pg_inherits h JOIN ${RELATIONS} c ON c.oid = h.inhparent WHERE c.relkind = 'p' GROUP BY c.name HAVING count(*) > 1000`,
    found: ({ name, partitions }) => ({ evidence: `${name} has ${counted(partitions, "partition")}` }),
  }),
];
