import * as assert from "node:assert";
import { formatBytes, formatSeconds } from "../../../ops/format";
import { StatusReport } from "../../../ops/status/report";
import { judge } from "../../../ops/status/verdict";
import { viewStatus } from "../../../ops/status/view";
import { layOut } from "../../../ops/table";
import { coloured, plain, screenOf } from "../../../ops/terminal";
import { healthy, primary, silent, standby } from "./evidence";

const report = (members = healthy().members): StatusReport => {
  const evidence = { ...healthy(), members };
  const { etcd, poolers, proxies, endpoints, certificates, maintenance } = evidence;
  return { cluster: "c", stack: "dev", time: "2026-11-21T12:00:00.000Z", verdict: judge(evidence), members, etcd, poolers, proxies, endpoints, certificates, maintenance };
};

describe("pgha: what a person sees", () => {
  it("gives sizes and durations in human units", () => {
    assert.deepStrictEqual([0, 512, 1023, 1024, 1536, 16_777_216, 1_048_575, 3 * 2 ** 40].map(formatBytes),
      ["0 B", "512 B", "1023 B", "1 kB", "1.5 kB", "16 MB", "1 MB", "3 TB"]);
    assert.deepStrictEqual([0, 0.24, 5, 45, 60, 200, 3600, 7500, 1_047_600].map(formatSeconds),
      ["0 s", "0.2 s", "5 s", "45 s", "1 min", "3 min 20 s", "1 h", "2 h 5 min", "12 d 3 h"]);
  });

  it("lays out tables: aligned, spare columns left out first, then the longest cut", () => {
    const columns = [{ title: "name" }, { title: "n", align: "right" as const }, { title: "extra", spare: 1 }];
    const rows = [["postgres-1", "5", "x"], ["p", "100", ""]].map((row) => row.map((text) => ({ text })));
    assert.deepStrictEqual(layOut(columns, rows, Infinity, plain),
      ["  name          n  extra", "  postgres-1    5  x", "  p           100"]);
    assert.deepStrictEqual(layOut(columns, rows, 20, plain), ["  name          n", "  postgres-1    5", "  p           100"]);
    assert.deepStrictEqual(layOut(columns, rows, 15, plain), ["  name        n", "  postgre…    5", "  p         100"]);
  });

  it("leaves out the last of several columns that are as spare", () => {
    const columns = [{ title: "name" }, { title: "first", spare: 1 }, { title: "second", spare: 1 }];
    assert.deepStrictEqual(layOut(columns, [], 15, plain), ["  name  first"]);
  });

  it("aligns by what is seen, not by the codes of colours", () => {
    const rows = [[{ text: "a", tone: "good" as const }, { text: "b" }], [{ text: "long" }, { text: "b" }]];
    const lines = layOut([{ title: "x" }, { title: "y" }], rows, Infinity, coloured);
    assert.strictEqual(lines[1], "  \x1b[32ma\x1b[0m     b");
    assert.strictEqual(lines[2], "  long  b");
  });

  it("aligns and cuts by columns of the screen: what is wide counts twice, what is put on top of it not at all", () => {
    const rows = [["日本語です", "b"], ["👩‍🚀 Zoe\u0308", "b"], ["plain", "b"]].map((row) => row.map((text) => ({ text })));
    const columns = [{ title: "x" }, { title: "y" }];
    assert.deepStrictEqual(layOut(columns, rows, Infinity, plain), ["  x           y", "  日本語です  b", "  👩‍🚀 Zoe\u0308      b", "  plain       b"]);
    assert.deepStrictEqual(layOut(columns, rows, 13, plain), ["  x         y", "  日本語…   b", "  👩‍🚀 Zoe\u0308    b", "  plain     b"]);
  });

  it("colours a terminal only, and not when told not to", () => {
    assert.strictEqual(screenOf({ isTTY: true, columns: 100 }, {}).paint, coloured);
    assert.strictEqual(screenOf({ isTTY: true, columns: 100 }, {}).width, 100);
    assert.strictEqual(screenOf({ isTTY: true }, { NO_COLOR: "1" }).paint, plain);
    assert.deepStrictEqual(screenOf({}, {}), { paint: plain, width: Infinity });
  });

  it("shows the budget when it was asked for: figures, what has no end, what may be lost", () => {
    const failures = [
      { failure: "host-loss", title: "the primary's host is lost", typical: 21, worst: 23.5, mayLose: "nothing" },
      { failure: "proxy-loss", title: "one HAProxy is lost", typical: null, worst: null, until: "it is started again", mayLose: "nothing" },
      { failure: "postgres-crash", title: "Postgres crashes", typical: 2.7, worst: 32.5, mayLose: "unflushed commits" },
    ];
    const view = (maxWriteOutage?: number) =>
      viewStatus({ ...report(), budget: { mode: "quorum", maxWriteOutage, unflushed: 0.6, failures } }, { paint: plain, width: Infinity });
    assert.match(view(26), /^Write outage to expect \(quorum, at most 26 s promised\)$/m);
    for (const line of [
      /^Write outage to expect \(quorum\)$/m,
      /^ {2}the primary's host is lost +21 s +23\.5 s +nothing$/m,
      /^ {2}one HAProxy is lost +- +until it is started again +nothing$/m,
      /^ {2}Postgres crashes +2\.7 s +32\.5 s +unflushed commits of 0\.6 s$/m,
    ])
      assert.match(view(), line);
    assert.doesNotMatch(viewStatus(report(), { paint: plain, width: Infinity }), /Write outage/);
  });

  it("begins with the verdict and shows every part", () => {
    const text = viewStatus(report(), { paint: plain, width: Infinity });
    assert.match(text, /^healthy: primary postgres-1, 2 standbys/);
    for (const line of [
      /^ {2}postgres-1 +primary +running +3 +- +- /m,
      /^ {2}postgres-2 +standby +streaming +3 +0 B +quorum/m,
      /^ {2}pgbouncer-1 +active +4 +0 +2 +8 +0 s +12 +1\.26\.1/m,
      /^ {2}haproxy-1 +postgres-1 +postgres-2, postgres-3 +3 +2/m,
      /^ {2}read +standby +60 ms +1\.5 ms +localhost:1 +postgresql:\/\/app@localhost\/read/m,
      /^ {2}pgha-maintenance +2026-11-21 11:17 +0\.4 s +succeeded +0 +2026-11-21 12:17 +17 \* \* \* \*$/m,
      /^ {2}app\.events +month +5 +2026-11-01 +2027-03-01$/m,
      /^ {2}first of 1: postgres-1 expires 2027-12-24 \(397 days\)/m,
    ]) assert.match(text, line);
  });

  it("shows what does not answer as such, and why", () => {
    const text = viewStatus(report([primary, silent(standby)]), { paint: plain, width: 80 });
    assert.match(text, /^degraded[^]*^ {2}- postgres-2 refused[^]*^ {2}postgres-2 +standby +no answer/m);
  });

  it("fits every table to the screen", () => {
    for (const width of [60, 80, 120]) {
      const [, ...lines] = viewStatus(report(), { paint: plain, width }).split("\n");
      assert.deepStrictEqual(lines.filter((line) => line.length > width), [], `at ${width}`);
    }
  });
});
