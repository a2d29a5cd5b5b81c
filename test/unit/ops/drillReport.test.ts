import * as assert from "node:assert";
import { escape } from "../../../ops/drill/chart";
import { Rows, Seen } from "../../../ops/drill/ledger";
import { renderPage } from "../../../ops/drill/page";
import type { Observed } from "../../../ops/drill/result";
import { report } from "../../../ops/drill/report";
import { summarize } from "../../../ops/drill/summary";
import { viewDrill } from "../../../ops/drill/view";
import { plain } from "../../../ops/terminal";

const every = (from: number, to: number) => Array.from({ length: Math.ceil((to - from) / 50) }, (_, index) => from + index * 50);
const seen = (gapFrom: number, gapTo: number, more: Partial<Seen> = {}): Seen => ({
  acknowledged: [...every(0, gapFrom), ...every(gapTo, 12_000)], errors: [], refused: [], longest: 60, ...more,
});
const nothingLost: Rows = { acknowledged: 900, lost: [], indeterminate: 3, present: 1 };

/** A host loss at 4 s: the writers of PgBouncer wait 2 s, the host is started at 9 s, all is whole at 11 s. */
function observed(changes: Partial<Observed> = {}): Observed {
  const failed = [{ at: 4100, text: "server <conn> crashed" }, { at: 4150, text: "server <conn> crashed" }];
  return {
    scenario: "host-loss", title: "the host & all is lost", run: 1, started: "2026-11-21T12:00:00.000Z", mode: "quorum", planned: false,
    budget: { typical: 18.4, worst: 22.5, mayLose: "nothing" },
    fault: 4000, healed: 9000, end: 12_000, writesReturned: true, readsReturned: true,
    seen: [["pgbouncer", seen(4000, 6000, { errors: failed, longest: 1900 })], ["haproxy", seen(4000, 6500, { refused: [4100, 5000] })], ["pgbouncer read", seen(4000, 4050)]],
    rows: nothingLost,
    watched: [{ node: "postgres-1", from: 0, to: 10 }, { node: "postgres-1", from: 3900, to: 3950 }, { node: "postgres-2", from: 5800, to: 5850 }, { node: "postgres-2", from: 11_000, to: 11_010 }],
    samples: [{ at: 3800, whole: true }, { at: 4200 }, { at: 8000, whole: false }, { at: 11_000, whole: true }, { at: 11_400, whole: true }],
    ...changes,
  };
}
const levelOf = (changes: Partial<Observed>) => report(observed(changes)).verdict;

describe("drill: the report of a run", () => {
  it("has each path's outage, failures and stall, and what happened when", () => {
    const { paths, moments, redundantAfter, verdict } = report(observed());
    const [pgbouncer, haproxy, reader] = paths;
    assert.deepStrictEqual([pgbouncer.outage, haproxy.outage, reader.outage], [2.05, 2.55, 0.1]);
    assert.deepStrictEqual([pgbouncer.errors, pgbouncer.refused, haproxy.refused, reader.reads, pgbouncer.reads], [2, 0, 2, true, false]);
    assert.deepStrictEqual([pgbouncer.noise, pgbouncer.stall], [0.05, 1.9]);
    assert.deepStrictEqual([pgbouncer.perStep[30], pgbouncer.perStep[45], pgbouncer.errorsPerStep[41]], [2, 0, 2]);
    assert.deepStrictEqual(pgbouncer.messages, ["2 × server <conn> crashed"]);
    assert.deepStrictEqual(moments.map(({ at, kind }) => [at, kind]), [[4000, "fault"], [5850, "promotion"], [9000, "healing"], [11_000, "redundant"]]);
    assert.strictEqual(redundantAfter, 2, "counted from the healing");
    assert.deepStrictEqual(verdict, { level: "passed", reasons: [] });
    assert.strictEqual(report(observed({ healed: undefined })).redundantAfter, 7, "counted from the fault");
    const always = report(observed({ healed: undefined, samples: [3800, 4200, 11_000].map((at) => ({ at, whole: true })) }));
    assert.deepStrictEqual([always.redundantAfter, always.moments.map(({ kind }) => kind)], [0, ["fault", "promotion"]], "never lost");
    const before = report(observed({ healed: undefined, samples: [{ at: 3800 }, { at: 4200, whole: true }] }));
    assert.strictEqual(before.redundantAfter, 0, "what was before the fault does not count");
  });

  it("fails a synchronous mode for one lost row or two nodes that take writes; an asynchronous one only for what it did not state", () => {
    const lost = { ...nothingLost, lost: ["pgbouncer-1/7"] };
    const stated = { typical: 1, worst: 30, mayLose: "unsent commits" };
    for (const mode of ["quorum", "priority", "strict"] as const) assert.match(levelOf({ mode, rows: lost, budget: stated }).reasons[0], /^1 acknowledged row lost$/);
    assert.strictEqual(levelOf({ mode: "quorum", rows: lost, budget: stated }).level, "failed");
    assert.deepStrictEqual(levelOf({ mode: "asynchronous", rows: lost, budget: stated }), { level: "passed", reasons: ["1 acknowledged row lost, as stated: unsent commits"] });
    assert.strictEqual(levelOf({ mode: "asynchronous", rows: lost }).level, "failed");
    assert.strictEqual(levelOf({ mode: "asynchronous", rows: lost, budget: undefined }).level, "failed");
    const watched = [["a", 0], ["b", 100], ["a", 200]].map(([node, from]) => ({ node: String(node), from: Number(from), to: Number(from) + 10 }));
    assert.strictEqual(levelOf({ watched }).level, "failed");
    assert.strictEqual(levelOf({ watched, mode: "asynchronous" }).level, "passed");
  });

  it("fails what does not come back, says what takes longer than the worst case, and allows a planned change no error", () => {
    assert.deepStrictEqual(levelOf({ writesReturned: false }), { level: "failed", reasons: ["writes did not come back"] });
    assert.strictEqual(levelOf({ samples: [{ at: 11_400, whole: false }] }).level, "failed");
    const budget = { typical: 1, worst: 2, mayLose: "nothing" };
    assert.deepStrictEqual(levelOf({ budget }), { level: "over budget", reasons: ["writes stopped for 2.0 s; the budget's worst is 2 s (before the fault the machine itself made gaps of 0.05 s)"] });
    assert.strictEqual(levelOf({ budget: { typical: null, worst: null, mayLose: "nothing" } }).level, "passed");
    assert.strictEqual(levelOf({ budget: undefined }).level, "passed");
    assert.deepStrictEqual(levelOf({ planned: true }).reasons, ["2 client errors in a planned change"]);
    assert.strictEqual(levelOf({ kept: { before: "postgres-1", after: "postgres-1" } }).level, "passed");
    assert.deepStrictEqual(levelOf({ kept: { before: "postgres-1", after: "postgres-2" } }).reasons, ["a healthy primary was given up: postgres-2 took over from postgres-1"]);
    const refused = { ...seen(4000, 4100), refused: [4050] };
    assert.deepStrictEqual(levelOf({ planned: true, seen: [["pgbouncer", seen(4000, 4100)], ["pgbouncer login", refused]] }).reasons, ["1 client error in a planned change"]);
  });

  it("fails reads that do not come back, and a planned change that failed of itself; says what readers saw and who watched", () => {
    assert.deepStrictEqual(levelOf({ readsReturned: false }), { level: "failed", reasons: ["reads did not come back"] });
    const broken = levelOf({ planned: true, failure: "npm run up ended with 1", seen: [["pgbouncer", seen(4000, 4050)]] });
    assert.deepStrictEqual(broken, { level: "failed", reasons: ["npm run up ended with 1"] });
    const errors = [{ at: 4100, text: "terminating" }];
    const readers: Observed["seen"] = [["pgbouncer", seen(4000, 4050)], ["pgbouncer read", seen(4000, 4050, { errors })]];
    const note = "1 error of readers through PgBouncer in a planned change";
    assert.deepStrictEqual(levelOf({ planned: true, seen: readers }), { level: "passed", reasons: [note] });
    assert.deepStrictEqual(levelOf({ seen: readers }).reasons, [], "a fault may cost them");
    const alone = levelOf({ watched: undefined });
    assert.strictEqual(alone.level, "passed");
    assert.match(alone.reasons[0], /^nobody watched whether two nodes took writes/);
  });
});

describe("drill: all runs together", () => {
  const runs = [2, 6, 3].map((seconds, index) => report(observed({ run: index + 1, seen: [["pgbouncer", seen(4000, 4000 + seconds * 1000)]] })));

  it("gives the median and the worst, and the worst verdict", () => {
    const [summary] = summarize(runs);
    assert.deepStrictEqual([summary.runs, summary.outage, summary.errors, summary.level], [3, { median: 3.05, worst: 6.05 }, { median: 0, worst: 0 }, "passed"]);
    assert.strictEqual(summarize([...runs, report(observed({ writesReturned: false }))])[0].level, "failed");
    assert.strictEqual(summarize([...runs, report(observed({ budget: { typical: 1, worst: 2, mayLose: "nothing" } }))])[0].level, "over budget");
  });

  it("shows a table with the budget beside the figures", () => {
    const text = viewDrill([report(observed({ budget: { typical: 1, worst: 2, mayLose: "nothing" } }))], { paint: plain, width: Infinity });
    assert.match(text, /host-loss +1 +2\.0 s +2\.0 s +1\/2 s +2 +2\.5 s +– +0 +3 +1\.9 s +2\.0 s +over budget/);
    assert.match(text, /host-loss 1: writes stopped for 2\.0 s/);
    const unmeasured = viewDrill([report(observed({ budget: undefined, watched: undefined }))], { paint: plain, width: 60 });
    assert.match(unmeasured, /host-loss .* –/);
  });

  it("makes one page that needs nothing else, with a timeline for each run", () => {
    const page = renderPage("pgha-<dev>", [...runs, report(observed({ run: 4 }))]);
    assert.strictEqual(page.match(/<svg /g)?.length, 4);
    assert.doesNotMatch(page, /<script|https?:|url\(|@import|NaN|undefined|Infinity/);
    assert.ok(!page.includes("<dev>") && !page.includes("<conn>") && !page.includes("host & all"), "texts are escaped");
    assert.match(page, /postgres-2 takes writes/);
    assert.match(page, /class="gap"[^>]*><title>nothing for 6\.0 s|class="gap"[^>]*><title>nothing for 6\.1 s/);
    assert.strictEqual(page.match(/<section /g)?.length, page.match(/<\/section>/g)?.length);
    assert.strictEqual(escape(`<a href="x">&'`), "&#60;a href=&#34;x&#34;&#62;&#38;&#39;");
  });
});
