import { Fault, reload, reset } from "./fault";

/** In this order: the last ones change the server for good. */
export const serverFaults: Fault[] = [
  {
    check: "idle-in-transaction", later: { seconds: 400 }, says: /postgres in postgres has been idle in a transaction for 6 min/,
    make: async ({ session }) => (await session()).query("BEGIN"),
  },
  {
    check: "long-statements", later: { seconds: 7200 }, says: /postgres in postgres has been in one transaction for 2 h/,
    make: async ({ session }) => void (await session()).query("SELECT pg_sleep(20)").catch(() => undefined),
  },
  {
    check: "lock-waits", later: { seconds: 90 }, says: /2 sessions wait, the first for 1 min 30 s, for process \d+: idle in transaction postgres in postgres/,
    async make({ session, sql }) {
      const [holder, ...waiters] = await Promise.all([session(), session(), session()]);
      await sql("CREATE TABLE locked (id int)");
      await holder.query("BEGIN; LOCK TABLE locked");
      for (const waiter of waiters) waiter.query("BEGIN; LOCK TABLE locked").catch(() => undefined);
    },
  },
  {
    check: "prepared-transactions", later: { seconds: 4000 }, says: /'it''s mine' of postgres in postgres was prepared/,
    make: ["BEGIN; CREATE TABLE prepared (id int); PREPARE TRANSACTION 'it''s mine'"], undo: ["ROLLBACK PREPARED 'it''s mine'"],
  },
  {
    check: "commits-waiting", later: { seconds: 30 }, says: /1 commit waits, the first for 30 s/,
    async make({ session, sql }) {
      for (const one of reload("synchronous_standby_names = 'nobody'")) await sql(one);
      (await session()).query("CREATE TABLE waits (id int)").catch(() => undefined);
    },
    undo: reset("synchronous_standby_names"),
  },
  { check: "connections", later: { most: 2 }, says: /of 2 connections are taken/, make: [] },
  {
    check: "connection-limits", says: /role limited has 1 of 1 connections/,
    make: async ({ session, sql }) => [await sql("CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT 1"), await session({ user: "limited" })],
  },
  {
    check: "deadlocks", says: /3 deadlocks in database postgres/,
    async make({ session, sql }) {
      await sql("CREATE TABLE pairs (id int PRIMARY KEY); INSERT INTO pairs VALUES (1), (2)");
      for (let n = 0; n < 3; n++) {
        const [one, other] = await Promise.all([session(), session()]);
        await Promise.all([one.query("SET deadlock_timeout = '20ms'; BEGIN; SELECT FROM pairs WHERE id = 1 FOR UPDATE"), other.query("SET deadlock_timeout = '20ms'; BEGIN; SELECT FROM pairs WHERE id = 2 FOR UPDATE")]);
        await Promise.allSettled([one.query("SELECT FROM pairs WHERE id = 2 FOR UPDATE"), other.query("SELECT FROM pairs WHERE id = 1 FOR UPDATE")]);
        for (const each of [one, other]) await each.query("ROLLBACK; SELECT pg_stat_force_next_flush()");
      }
    },
  },
  {
    check: "temporary-files", later: { count: 2 ** 40 }, days: 1, says: /1 TB a day in \d+ temporary files of database postgres/,
    make: ["SET work_mem = '64kB'; SELECT count(*) FROM (SELECT md5(g::text) FROM generate_series(1, 50000) g ORDER BY 1) s; SELECT pg_stat_force_next_flush()"],
  },
  { check: "profile", later: { inserted: 1e9, updated: 0, deleted: 10 }, days: 10, says: /^profile oltp, and 100 % of all rows written are inserts, 1157 a second/, make: [] },
  { check: "rollbacks", later: { count: 30_000, of: 40_000 }, says: /75 % of 40000 transactions in database postgres/, make: ["BEGIN; ROLLBACK"] },
  { check: "lost-sessions", later: { count: 5000, of: 10_000 }, says: /5000 of 10000 sessions of database postgres/, make: [] },
  { check: "recovery-conflicts", later: { count: 400 }, says: /400 queries of database postgres were cancelled/, make: [] },
  {
    check: "slow-queries", later: { mean: 700 }, says: /700 ms on average, 10 calls, .*: SELECT pg_sleep\(\$1\)/,
    async make({ session, sql }) {
      await sql("CREATE EXTENSION pg_stat_statements; CREATE ROLE slow LOGIN PASSWORD 'slow'");
      const slow = await session({ user: "slow" });
      for (let n = 0; n < 10; n++) await slow.query("SELECT pg_sleep(0.12)");
    },
  },
  { check: "statements-evicted", later: { count: 1e6 }, days: 1, says: /1000000 times a day/, make: [] },
  { check: "wraparound", later: { age: 1.9e9 }, says: /has used 88 % of them/, make: [] },
  { check: "multixact-wraparound", later: { age: 6e8 }, says: /has used 28 % of them/, make: [] },
  {
    check: "vacuum-horizon", later: { transactions: 30e6 }, says: /session \d+ of postgres holds a snapshot 30 million transactions old/,
    make: async ({ session }) => (await session()).query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1"),
  },
  { check: "unsafe-settings", says: /full_page_writes = off/, make: reload("full_page_writes = off"), undo: reset("full_page_writes") },
  { check: "autovacuum-off", says: /^autovacuum = off/, make: reload("autovacuum = off"), undo: reset("autovacuum") },
  { check: "settings-altered", says: /^work_mem = 9MB/, make: reload("work_mem = '9MB'"), undo: reset("work_mem") },
  { check: "settings-declared", says: /^work_mem is 7168 × kB, declared 4MB/, make: reload("work_mem = '7MB'"), undo: reset("work_mem") },
  { check: "pending-restart", says: /^max_connections/, make: reload("max_connections = 55"), undo: reset("max_connections") },
  { check: "unsafe-role-settings", says: /role weak: synchronous_commit=off/, make: ["CREATE ROLE weak; ALTER ROLE weak SET synchronous_commit = off"] },
  { check: "superusers", says: /^"Boss"$/, make: [`CREATE ROLE "Boss" SUPERUSER`] },
  { check: "passwords-expire", says: /that of passing expired/, make: ["CREATE ROLE passing LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01'"] },
  { check: "passwords-md5", says: /^aged$/, make: ["SET password_encryption = 'md5'; CREATE ROLE aged LOGIN PASSWORD 'x'"] },
  { check: "versions", later: { value: "18.0" }, says: /versions: bare 18.0, other/, make: [] },
  { check: "clocks", later: { clock: 4e9 }, says: /ahead of this machine's/, make: [] },
  { check: "memory-kills", later: { events: "oom 1\noom_kill 2" }, says: /2 processes since/, make: [] },
  { check: "memory-pressure", later: { pressure: "some avg10=9.00 avg60=9.00 avg300=90.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=12.50 total=1" }, says: /12.5 %/, make: [] },
  { check: "cpu-throttled", later: { cpu: "nr_periods 2000\nnr_throttled 1000" }, says: /in 50 % of all periods/, make: [] },
  { check: "checksums-off", later: { setting: "off" }, says: /data_checksums = off/, make: [] },
  {
    check: "collation-databases", says: /database sorted was built with 0, the server has/,
    make: ["CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", "UPDATE pg_database SET datcollversion = '0' WHERE datname = 'sorted'"],
  },
  { check: "replay-paused", later: { state: "paused" }, says: /replay is paused/, make: [] },
  { check: "replication-lag", later: { name: "postgres-2", state: "streaming", bytes: 2 ** 31, seconds: 5 }, says: /postgres-2 \(streaming\) is 2 GB and 5 s behind/, make: [] },
  { check: "checkpoints", days: 0.05, says: /1\d of \d+ checkpoints were forced/, make: Array(12).fill("CHECKPOINT") as string[] },
  { check: "slots-no-failover", says: /'loose' of database postgres/, make: ["SELECT pg_create_logical_replication_slot('loose', 'pgoutput')"], undo: ["SELECT pg_drop_replication_slot('loose')"] },
  { check: "slots-full", later: { used: 10 }, says: /10 of 10 replication slots are taken/, make: [] },
  {
    check: "slots-inactive", says: /'hold' has had no consumer for .* holds \d+ MB of at most 200 MB/,
    make: [...reload("max_slot_wal_keep_size = '200MB'"), "SELECT pg_create_physical_replication_slot('hold', true)", ...Array(6).fill("SELECT pg_switch_wal(), pg_logical_emit_message(false, 'x', 'y')") as string[]],
  },
  { check: "wal-size", says: /MB of WAL where max_wal_size is 32 MB: the slot hold holds/, make: [...reload("max_wal_size = '32MB'"), ...reload("min_wal_size = '32MB'")] },
  { check: "archiving", says: /files wait.*; the command failed \d+ times, and last/, make: [...reload("archive_command = 'false'"), "SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_switch_wal()"] },
  { check: "slots-lost", says: /'hold' is lost: wal_removed/, make: [...reload("max_slot_wal_keep_size = '16MB'"), "CHECKPOINT", "SELECT pg_sleep(1)", "CHECKPOINT"], undo: ["SELECT pg_drop_replication_slot('hold')"] },
  { check: "settings-refused", says: /nonsense/, make: ["COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; echo nonsense = 1 >> postgresql.conf'"] },
  {
    check: "checksum-failures", says: /\d+ in postgres/,
    async make({ session, sql }) {
      await sql("CREATE EXTENSION pg_buffercache; CREATE TABLE broken AS SELECT generate_series(1, 1000)");
      const [{ file }] = await sql("CHECKPOINT; SELECT pg_relation_filepath('broken') AS file").then((rows) => rows as { file: string }[]);
      await sql(`COPY (SELECT 1) TO PROGRAM 'cat >/dev/null; printf damaged | dd of=${file} bs=1 seek=5000 conv=notrunc 2>/dev/null'`);
      await sql("SELECT pg_buffercache_evict(bufferid) FROM pg_buffercache WHERE relfilenode = pg_relation_filenode('broken')");
      await (await session()).query("SELECT count(*) FROM broken").catch(() => undefined);
    },
  },
];
