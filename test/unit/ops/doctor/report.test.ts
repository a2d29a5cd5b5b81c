import assert from "node:assert/strict";
import { DatabaseError } from "pg";
import { codeOf, run, usage } from "../../../../ops/commands/doctor";
import { UsageError } from "../../../../ops/arguments";
import { askAll, isFor } from "../../../../ops/doctor/ask";
import { byRow, isSql, SqlCheck } from "../../../../ops/doctor/check";
import { checks } from "../../../../ops/doctor/checks";
import { judgeAll } from "../../../../ops/doctor/diagnose";
import { DoctorReport, Finding } from "../../../../ops/doctor/report";
import { Session } from "../../../../ops/doctor/servers";
import { explain, harmless, viewReport } from "../../../../ops/doctor/view";
import { plain } from "../../../../ops/terminal";

const told = { title: "Things", severity: "warning" as const, cause: "c", mend: "m", risk: "r" };
const check = byRow<{ n: number }>({ ...told, id: "things", needs: "servers", sql: "SELECT 1 AS n", without: "not installed", found: ({ n }) => ({ evidence: `thing ${n}`, severity: n > 1 ? "critical" : undefined }) });
const finding: Finding = { check: "things", where: "postgres-1", evidence: "thing 1", ...told };
const report: DoctorReport = { cluster: "c", stack: "dev", time: "", seconds: 1.26, checks: ["things"], findings: [], unknown: [], missed: [] };
const session = (query: () => Promise<unknown>) => ({ client: { query }, server: "postgres-1", database: "postgres", standby: false, statisticsDays: 1 }) as unknown as Session;
const refuse = (code: string) => () => Promise.reject(Object.assign(new DatabaseError("no", 1, "error"), { code }));

describe("npx pgha doctor", () => {
  it("ends with 3 where something was found or not seen, and 0 where it only cannot be told yet", () => {
    assert.equal(codeOf(report), 0);
    assert.equal(codeOf({ ...report, findings: [finding] }), 3);
    assert.equal(codeOf({ ...report, missed: ["postgres-2: no proxy leads there now"] }), 3);
  });

  it("says the verdict first, findings of one check together, a mend once, and why", () => {
    assert.equal(viewReport(report, plain), "c: nothing found by 1 check in 1.3 s\n");
    assert.deepEqual(viewReport({ ...report, findings: [finding, { ...finding, where: "postgres-2", evidence: "thing 2" }], unknown: [{ check: "u", where: "x", why: "y" }], missed: ["z"] }, plain).split("\n"), [
      "c: 2 findings by 1 check in 1.3 s", "  not seen: z", "", "  warning  Things (things)", "    postgres-1: thing 1", "      m", "    postgres-2: thing 2", "    why: c", "    risk: r",
      "", "  cannot be told yet", "    u, x: y", "", "  npx pgha doctor explain <check>: what it comes from, and its SQL", "",
    ]);
  });

  it("shows no name that the terminal would obey", () => {
    assert.equal(harmless("a\u001b[2Jb\nc\u202ed"), "a�[2Jb�c�d");
    assert.ok(!viewReport({ ...report, findings: [{ ...finding, evidence: "\u001b]0;x\u0007", mend: "\r" }] }, plain).match(/[\u001b\r\u0007]/));
  });

  it("puts what is most severe first, with what the check is by itself", () => {
    const { findings } = judgeAll([check], [{ check, answer: { server: "postgres-1", standby: false, database: "postgres", statisticsDays: 1, at: 0, took: 0, rows: [{ n: 1 }, { n: 2 }] } }], undefined, {} as never);
    assert.deepEqual(findings.map(({ severity, evidence, mend }) => [severity, evidence, mend]), [["critical", "thing 2", "m"], ["warning", "thing 1", "m"]]);
  });

  it("asks each check where it belongs", () => {
    const places = (needs: SqlCheck["needs"]) => [["postgres", false], ["postgres", true], ["app", false], ["app", true]].filter(([database, standby]) => isFor({ ...check, needs }, { database, standby } as Session)).map(([database, standby]) => `${database}${standby ? " on a standby" : ""}`);
    assert.deepEqual(places("servers"), ["postgres", "postgres on a standby"]);
    assert.deepEqual(places("primary"), ["postgres"]);
    assert.deepEqual(places("databases"), ["app"]);
    assert.deepEqual(places("everywhere"), ["app", "app on a standby"]);
  });

  it("tells what was not answered in time as missed, and an extension that is not there as unknown", async () => {
    const far = Date.now() + 60_000;
    assert.deepEqual((await askAll(session(refuse("57014")), [check], far)).map(({ missed }) => missed), ["things on postgres-1, database postgres: no"]);
    assert.deepEqual((await askAll(session(refuse("42P01")), [check], far)).map(({ unknown }) => unknown), [{ where: "postgres-1", why: "not installed" }]);
    assert.deepEqual((await askAll(session(refuse("42P01")), [{ ...check, without: undefined }], far)).map(({ missed }) => missed), ["things on postgres-1, database postgres: no"]);
    assert.deepEqual((await askAll(session(() => Promise.resolve({ rows: [] })), [check, check], 0)).map(({ missed }) => missed), ["2 checks on postgres-1, database postgres: no time was left"]);
    assert.deepEqual((await askAll(session(refuse("57P01")), [check, check], far)).map(({ missed }) => missed), ["2 checks on postgres-1, database postgres: no"]);
  });

  it("explains each check, and knows no other", async () => {
    for (const each of checks) assert.match(explain(each, plain), isSql(each) ? /why .*\n.*mend .*\n.*risk .*\n\n {4}(SELECT|WITH)/ : /why .*\n.*mend .*\n.*risk .*\n$/);
    assert.match(usage, new RegExp(`Makes ${checks.length} checks`));
    await assert.rejects(run(["--only", "wraparound,nonsense"]), (error: UsageError) => error instanceof UsageError && /no check "nonsense"/.test(error.message));
    await assert.rejects(run(["explain", "nonsense"]), UsageError);
    await assert.rejects(run(["cure"]), UsageError);
  });
});
