import assert from "node:assert/strict";
import { Answer, Context, isSql } from "../../../../ops/doctor/check";
import { checks } from "../../../../ops/doctor/checks";

const servers = ["postgres-1", "postgres-2"];
const context: Context = {
  cluster: { profile: "logs", postgres: servers.map((name) => ({ name, host: name })) } as Context["cluster"],
  expected: { configuration: { postgresql: { parameters: { work_mem: "4MB", jit: "off" } } }, accessRules: [] },
};
const GB = 2 ** 30;

/** What a check says of rows that servers answered. */
function judge(id: string, rows: object[] | object[][], days = 30): string[] {
  const check = checks.filter(isSql).find((one) => one.id === id)!;
  const each = Array.isArray(rows[0]) ? (rows as object[][]) : [rows];
  const answers = each.map((own, index): Answer => ({ server: servers[index], standby: index > 0, database: "app", statisticsDays: days, at: 1000, took: 0.1, rows: own }));
  const { found, unknown = [] } = check.judge(answers, context);
  return [...found.map(({ severity = check.severity, where, evidence }) => `${severity} ${where}: ${evidence}`), ...unknown.map(({ where, why }) => `unknown ${where}: ${why}`)];
}

/** For each check: rows that are well, and rows that are not with what is said of them. */
const recorded: [id: string, well: object[], ill: object[], says: string[]][] = [
  ["connections", [{ used: 79, most: 100 }], [{ used: 95, most: 100 }], ["critical postgres-1: 95 of 100 connections are taken"]],
  ["idle-in-transaction", [{ pid: 7, who: "app in app", seconds: 299 }], [{ pid: 7, who: "app in app", seconds: 4000 }], ["critical postgres-1: app in app has been idle in a transaction for 1 h 6 min"]],
  ["long-statements", [{ pid: 7, who: "x", seconds: null }], [{ pid: 7, who: "app in app (psql)", seconds: 7200 }], ["note postgres-1: app in app (psql) has been in one transaction for 2 h"]],
  ["lock-waits", [{ pid: 7, who: "x", waiting: 1, seconds: 9 }], [{ pid: 0, who: "a prepared transaction", waiting: 3, seconds: 61 }], ["critical postgres-1: 3 sessions wait, the first for 1 min 1 s, for process 0: a prepared transaction"]],
  ["commits-waiting", [{ waiting: 3, seconds: 0.2 }], [{ waiting: 1, seconds: 12 }], ["critical postgres-1: 1 commit waits, the first for 12 s"]],
  ["profile", [{ inserted: 1e10, updated: 1e9, deleted: 0 }], [{ inserted: 1e8, updated: 3e8, deleted: 0 }], ["note postgres-1: profile logs, and 75 % of all rows written are updates or deletes, 116 a second"]],
  ["deadlocks", [{ database: "app", count: 20, of: 0 }], [{ database: "app", count: 60, of: 0 }], ["warning postgres-1: 60 deadlocks in database app, 2 a day"]],
  ["temporary-files", [{ database: "app", count: 200 * GB, of: 9 }], [{ database: "app", count: 600 * GB, of: 9 }], ["note postgres-1: 20 GB a day in 9 temporary files of database app"]],
  ["rollbacks", [{ database: "app", count: 9000, of: 9000 }, { database: "b", count: 20_000, of: 1e6 }], [{ database: "app", count: 20_000, of: 40_000 }], ["note postgres-1: 50 % of 40000 transactions in database app were rolled back"]],
  ["slow-queries", [{ text: "SELECT 1", calls: 10, mean: 499, hours: 1 }], [{ text: "SELECT 1", calls: 10, mean: 5000, hours: 1 }], ["critical postgres-1: 5000 ms on average, 10 calls, 1.0 h in all: SELECT 1"]],
  ["wal-size", [{ size: 1.4 * GB, most: GB, keep: 0, slot: null, retained: 0, unarchived: 0 }], [{ size: 5 * GB, most: GB, keep: 0, slot: "cdc", retained: 4 * GB, unarchived: 0 }],
    ["critical postgres-1: 5 GB of WAL where max_wal_size is 1 GB: the slot cdc holds 4 GB"]],
  ["archiving", [{ mode: "on", failed: 0, ready: 3, seconds: 60 }, { mode: "off", failed: 5, ready: 0, seconds: 0 }], [{ mode: "on", failed: 0, ready: 3, seconds: 600 }], ["critical postgres-1: 3 files wait, the oldest for 10 min"]],
  ["checkpoints", [{ timed: 100, requested: 90 }, { timed: 10, requested: 2000 }], [{ timed: 10, requested: 7200 }], ["warning postgres-1: 7200 of 7210 checkpoints were forced, 10.0 an hour"]],
  ["replication-lag", [{ name: "postgres-2", state: "streaming", bytes: 1e6, seconds: 0.1 }], [{ name: "postgres-2", state: "catchup", bytes: 2 * GB, seconds: 3 }], ["critical postgres-1: postgres-2 (catchup) is 2 GB and 3 s behind"]],
  ["slots-inactive", [{ name: "'a'", database: null, retained: 0.2 * GB, most: GB, seconds: 9e5 }], [{ name: "'a'", database: null, retained: 0.6 * GB, most: GB, seconds: 60 }],
    ["critical postgres-1: 'a' has had no consumer for 1 min and holds 614 MB of at most 1 GB"]],
  ["slots-lost", [], [{ name: "'a'", database: "app", status: "lost", reason: "wal_removed" }], ["critical postgres-1: 'a' is lost: wal_removed"]],
  ["slots-full", [{ what: "replication slots", used: 8, most: 10 }, { what: "WAL senders", used: 0, most: 0 }], [{ what: "WAL senders", used: 9, most: 10 }], ["warning postgres-1: 9 of 10 WAL senders are taken"]],
  ["wraparound", [{ database: "app", age: 210e6 }], [{ database: "app", age: 1.3e9 }], ["critical postgres-1: database app has used 61 % of them: its oldest is 1300 million old"]],
  ["vacuum-behind", [{ name: "app.t", rows: 30_000, limit: 9000, seconds: null, off: true }, { name: "app.u", rows: 1e6, limit: 50, seconds: 300 }, { name: "app.new", rows: 1e6, limit: 50, seconds: null, off: false }], [{ name: "app.t", rows: 1e6, limit: 50, seconds: 7200 }],
    ["warning database app: app.t has 1000000 dead rows, where autovacuum begins at 50; last vacuumed: 2 h ago"]],
  ["bloat-tables", [{ name: "app.t", size: GB, needed: 0.6 * GB }], [{ name: "app.t", size: GB, needed: 0.25 * GB }], ["note database app: app.t: some 75 % of 1 GB"]],
  ["sequences", [{ name: "app.s", table: null, column: null, last: 5, share: 0.69, narrow: false }], [{ name: "app.s", table: "app.t", column: "id", last: 2e9, share: 0.93, narrow: true }],
    ["critical database app: app.s of app.t.id has given out 93 %: 2000000000"]],
  ["subscriptions", [{ name: "s", enabled: true, works: true, errors: 0, copying: 0 }], [{ name: "s", enabled: true, works: false, errors: 2, copying: 1 }], ["critical database app: s has no worker, 2 errors, 1 tables not copied yet"]],
  ["passwords-expire", [], [{ role: "app", seconds: 86_400 }], ["warning postgres-1: that of app expires in 1 d"]],
  ["memory-kills", [{ events: "low 0\noom_kill 0" }, { events: null }], [{ events: "oom 3\noom_kill 1\n" }], ["critical postgres-1: 1 process since the server started"]],
  ["memory-pressure", [{ pressure: "full avg10=99.00 avg60=50.00 avg300=9.90 total=1" }, { pressure: null }], [{ pressure: "full avg10=0.00 avg60=0.00 avg300=31.00 total=1" }], ["critical postgres-1: all its processes waited 31 % of the last five minutes"]],
  ["cpu-throttled", [{ cpu: "usage_usec 9\nnr_periods 10\nnr_throttled 9" }, { cpu: null }], [{ cpu: "nr_periods 1000\nnr_throttled 600" }], ["warning postgres-1: in 60 % of all periods"]],
  ["clocks", [{ clock: 1001.9 }], [{ clock: 990 }], ["warning postgres-1: its clock is 10.0 s behind this machine's"]],
  ["settings-declared", [{ name: "work_mem", setting: "4096", unit: "kB", vartype: "integer" }, { name: "port", setting: "5432", unit: null, vartype: "integer" }],
    [{ name: "work_mem", setting: "64", unit: "kB", vartype: "integer" }, { name: "jit", setting: "off", unit: null, vartype: "bool" }], ["warning postgres-1: work_mem is 64 × kB, declared 4MB"]],
];

describe("pgha doctor: what is said of rows", () => {
  for (const [id, well, ill, says] of recorded)
    it(`is right, and nothing where all is well: ${id}`, () => {
      assert.deepEqual(judge(id, well), []);
      assert.deepEqual(judge(id, ill), says);
    });

  const index = (scans: number) => [{ name: "app.i", table: "app.t", size: GB, scans, tuples: 0, read: 0, indexScans: 0 }];

  it("calls an index unused only where no server uses it, all have been asked, and each has counted for a week", () => {
    assert.deepEqual(judge("unused-indexes", [index(0), index(0)]), ["note database app: app.i (1 GB) of app.t"]);
    assert.deepEqual(judge("unused-indexes", [index(0), index(3)]), []);
    assert.deepEqual(judge("unused-indexes", [index(0)]), ["unknown database app: postgres-2 was not asked"]);
    assert.deepEqual(judge("unused-indexes", [index(0), index(0)], 1), ["unknown database app: postgres-1 has counted for 24 h; it takes 7 d; postgres-2 has counted for 24 h; it takes 7 d"]);
  });

  it("calls an index missing by the sum of all servers' scans", () => {
    const table = (scans: number, indexScans = 0) => [{ name: "app.t", table: "app.t", size: GB, scans, tuples: 1e6, read: scans * 1e6, indexScans }];
    assert.deepEqual(judge("missing-indexes", [table(60), table(40)]), ["warning database app: app.t (1 GB): 100 scans read 1000000 rows each"]);
    assert.deepEqual([judge("missing-indexes", [table(60), table(39)]), judge("missing-indexes", [table(60), table(60, 1e6)])], [[], []]);
  });

  it("tells rates only where the counters are old enough", () => {
    assert.deepEqual(judge("checkpoints", [{ timed: 0, requested: 100 }], 0.01), ["unknown postgres-1: postgres-1 has counted for 0 h; it takes 1 h"]);
  });

  it("names versions that differ", () => {
    assert.deepEqual(judge("versions", [[{ value: "18.4" }], [{ value: "18.4" }]]), []);
    assert.deepEqual(judge("versions", [[{ value: "18.4" }], [{ value: "18.3" }]]), ["note cluster: versions: postgres-1 18.4, postgres-2 18.3"]);
  });
});
