import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";

const root = path.join(__dirname, "../../..");
const folder = (name: string) => path.join(root, "monitoring", name);
const files = fs.readdirSync(folder("rules")).sort();
const read = (kind: string, file: string) => parse(fs.readFileSync(path.join(folder(kind), file), "utf8"));

interface Rule {
  alert: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}
interface Look {
  expr: string;
  eval_time: string;
  exp_samples: unknown[];
}

const rulesOf = (file: string): Rule[] => read("rules", file).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);
const rules = files.flatMap(rulesOf);

/** "1h2m3s" → 3723 */
function seconds(time: string): number {
  return [...time.matchAll(/(\d+)([hms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * { h: 3600, m: 60, s: 1 }[unit as "h" | "m" | "s"], 0);
}

describe("alert rules", () => {
  it("have one name each, a severity that is routed, and say what it means", () => {
    const names = rules.map(({ alert }) => alert);
    assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
    for (const { alert, labels, annotations } of rules) {
      assert.ok(["info", "warning", "critical"].includes(labels.severity), alert);
      assert.ok(annotations.summary.length > 20, alert);
    }
  });

  it("lead to an entry of the runbook each, and no entry is of none", () => {
    const headings = [...fs.readFileSync(path.join(root, "docs/runbook.md"), "utf8").matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual([...headings].sort(), rules.map(({ alert }) => alert).sort());
    for (const { alert, annotations } of rules) assert.equal(annotations.runbook, `docs/runbook.md#${alert.toLowerCase()}`);
  });

  it("are each seen silent, then fire, then resolve", () => {
    const looks = files.flatMap((file) => read("tests", file).tests).flatMap(({ name, promql_expr_test: list }: { name: string; promql_expr_test: Look[] }) =>
      list.map((look) => ({ ...look, name })));
    for (const { alert } of rules) {
      const own = looks.filter(({ name, expr }) => name === alert && expr === `count(ALERTS{alertname="${alert}", alertstate="firing"})`)
        .sort((a, b) => seconds(a.eval_time) - seconds(b.eval_time));
      assert.match(own.map(({ exp_samples: found }) => (found.length ? "fires" : "silent")).join(" "), /^(silent )+(fires )+silent/, alert);
    }
  });

  // Where there is no promtool, the end-to-end test runs the one of the image
  it("pass promtool, and so do their tests", function () {
    this.timeout(120_000);
    if (spawnSync("promtool", ["--version"]).error) this.skip();
    for (const args of [["check", "rules", ...files.map((file) => path.join(folder("rules"), file))], ["test", "rules", ...files.map((file) => path.join(folder("tests"), file))]]) {
      const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
      assert.equal(status, 0, stdout + stderr);
    }
  });
});
