import type { Fault } from "./fault";

const flush = "SELECT pg_stat_force_next_flush()";

export const databaseFaults: Fault[] = [
  {
    check: "autovacuum-off-table", says: /^app\.quiet, \d+ kB/,
    make: ["CREATE TABLE app.quiet (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off); INSERT INTO app.quiet SELECT g, 'x' FROM generate_series(1, 40000) g"],
  },
  { check: "vacuum-behind", says: /^app\.quiet has 30000 dead rows, .*; last vacuumed: never/, make: [`DELETE FROM app.quiet WHERE id <= 30000; ${flush}`] },
  { check: "statistics-old", says: /^app\.quiet has 70000 changed rows/, make: [] },
  {
    check: "statistics-none", says: /^app\.unknown, \d+ MB/,
    make: ["CREATE TABLE app.unknown (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off); INSERT INTO app.unknown SELECT g, repeat('x', 300) FROM generate_series(1, 40000) g"],
  },
  {
    check: "bloat-tables", says: /^app\.airy: some 9\d % of \d+ MB/,
    make: ["CREATE TABLE app.airy (id int PRIMARY KEY, v text); INSERT INTO app.airy SELECT g, repeat('x', 1000) FROM generate_series(1, 40000) g", "DELETE FROM app.airy WHERE id % 20 <> 0", "VACUUM ANALYZE app.airy"],
  },
  {
    check: "bloat-indexes", says: /^app\.hollow_pkey: some \d\d % of \d+ MB/,
    make: ["CREATE TABLE app.hollow (id text PRIMARY KEY); INSERT INTO app.hollow SELECT md5(g::text) || repeat('y', 200) FROM generate_series(1, 150000) g", "DELETE FROM app.hollow WHERE id > '1'", "VACUUM ANALYZE app.hollow"],
  },
  { check: "duplicate-indexes", says: /^app\.twice_b \(.*\) is what app\.twice_a is/, make: ["CREATE TABLE app.twice (id int PRIMARY KEY, v int); CREATE INDEX twice_a ON app.twice (v); CREATE INDEX twice_b ON app.twice (v)"] },
  {
    check: "overlapping-indexes", says: /^app\.over_a \(.*\) is the beginning of app\.over_ab/,
    make: ["CREATE TABLE app.over (a int PRIMARY KEY, b int); CREATE INDEX over_b ON app.over (b); CREATE INDEX over_a ON app.over (b, a); INSERT INTO app.over SELECT g, g FROM generate_series(1, 100000) g; ALTER INDEX app.over_a RENAME TO over_ab; ALTER INDEX app.over_b RENAME TO over_a"],
  },
  {
    check: "invalid-indexes", says: /^app\.broken$/,
    make: async ({ sql }) => {
      await sql("CREATE TABLE app.same (id int PRIMARY KEY, v int); INSERT INTO app.same VALUES (1, 1), (2, 1)", "app");
      await sql("CREATE UNIQUE INDEX CONCURRENTLY broken ON app.same (v)", "app").catch(() => undefined);
    },
  },
  {
    check: "foreign-keys-without-index", says: /^app\.child \(parent, "Other"\) refers to app\.parent/,
    make: [`CREATE TABLE app.parent (a int, b int, PRIMARY KEY (a, b)); INSERT INTO app.parent VALUES (1, 1);
      CREATE TABLE app.child (id int PRIMARY KEY, parent int, "Other" int, FOREIGN KEY (parent, "Other") REFERENCES app.parent); CREATE INDEX ON app.child (id, parent, "Other"); INSERT INTO app.child SELECT g, 1, 1 FROM generate_series(1, 50000) g`],
  },
  { check: "unused-indexes", days: 30, says: /^app\.over_a \(\d.* MB\) of app\.over/, make: [] },
  {
    check: "missing-indexes", days: 30, says: /^app\.scanned \(.*\): 10\d scans read \d+ rows each/,
    make: ["CREATE TABLE app.scanned (id int PRIMARY KEY, v int); INSERT INTO app.scanned SELECT g, g FROM generate_series(1, 60000) g; ANALYZE app.scanned", `DO $$ BEGIN FOR n IN 1..101 LOOP PERFORM FROM app.scanned WHERE v < 0; END LOOP; END $$; ${flush}`],
  },
  { check: "sequences", says: /^app\.narrow_id_seq of app\.narrow\.id has given out 97 %: 32000/, make: ["CREATE TABLE app.narrow (id smallserial PRIMARY KEY); SELECT setval('app.narrow_id_seq', 32000)"] },
  { check: "no-primary-key", says: /^app\."No Key"$/, make: [`CREATE TABLE app."No Key" (v int)`] },
  { check: "unlogged-tables", says: /^app\.volatile, /, make: ["CREATE UNLOGGED TABLE app.volatile (id int PRIMARY KEY)"] },
  { check: "constraints-not-valid", says: /^never of app\.same/, make: ["ALTER TABLE app.same ADD CONSTRAINT never CHECK (v > 5) NOT VALID"] },
  { check: "disabled-triggers", says: /of app\.child, which enforces a foreign key/, make: ["ALTER TABLE app.child DISABLE TRIGGER ALL"] },
  {
    check: "default-partitions", says: /^app\.rest of app\.parts holds 8192 bytes/,
    make: ["CREATE TABLE app.parts (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE app.rest PARTITION OF app.parts DEFAULT; INSERT INTO app.parts VALUES (1)"],
  },
  {
    check: "many-partitions", says: /^app\.crowd has 1001 partitions/,
    make: ["CREATE TABLE app.crowd (id int) PARTITION BY LIST (id)", ...[0, 1, 2, 3].map((part) => `DO $$ BEGIN FOR n IN ${part * 251}..${Math.min(part * 251 + 250, 1000)} LOOP EXECUTE format('CREATE TABLE app.crowd_%s PARTITION OF app.crowd FOR VALUES IN (%s)', n, n); END LOOP; END $$`)],
  },
  { check: "publications-identity", says: /^app\."No Key" in publication everything/, make: [`CREATE PUBLICATION everything FOR TABLE app."No Key"`] },
  { check: "subscriptions", says: /^"Sub" is disabled/, make: [`CREATE SUBSCRIPTION "Sub" CONNECTION 'host=nowhere' PUBLICATION x WITH (connect = false)`] },
  { check: "extensions-outdated", says: /^pg_stat_statements is 1\.9, the server brings 1\.1/, make: ["CREATE EXTENSION pg_stat_statements VERSION '1.9'"] },
  {
    check: "collation-objects", says: /^app\.german was 0, the server has/,
    make: ["CREATE COLLATION app.german (provider = icu, locale = 'de'); CREATE TABLE app.words (w text COLLATE app.german PRIMARY KEY); UPDATE pg_collation SET collversion = '0' WHERE collname = 'german'"],
  },
  { check: "public-create", says: /^app$/, make: ["GRANT CREATE ON SCHEMA app TO PUBLIC"] },
  { check: "definer-functions", says: /^app\.rise\(integer\)$/, make: ["CREATE FUNCTION app.rise(int) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"] },
];
