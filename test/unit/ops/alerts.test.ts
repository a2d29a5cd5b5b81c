import assert from "node:assert/strict";
import { checkAlerts } from "../../../ops/alerts/check";
import { Alert, Prometheus, selectors } from "../../../ops/alerts/prometheus";
import { viewAlerts, viewCheck } from "../../../ops/commands/alerts";
import { judge } from "../../../ops/status/verdict";
import { plain } from "../../../ops/terminal";
import { healthy } from "./evidence";

const now = Date.parse("2026-11-21T12:00:00Z");
const alert = (severity: Alert["severity"], name: string, state: Alert["state"] = "firing"): Alert =>
  ({ name, state, severity, since: "2026-11-21T11:59:00Z", summary: "writes wait", runbook: `docs/runbook.md#${name.toLowerCase()}`, labels: {} });

describe("pgha alerts", () => {
  it("shows each with what it means, how long it lasts and where the runbook has it", () => {
    const text = viewAlerts("shop", [alert("critical", "NoPrimary"), alert("warning", "LockWait", "pending")], now, plain);
    assert.equal(text, [
      "shop: 1 alert firing",
      "  critical NoPrimary, 1 min: writes wait",
      "    docs/runbook.md#noprimary",
      "  warning LockWait (pending), 1 min: writes wait",
      "    docs/runbook.md#lockwait",
      "",
    ].join("\n"));
    assert.match(viewAlerts("shop", [], now, plain), /^shop: no alert\n/);
  });

  it("finds the metrics that an expression reads, as Prometheus has parsed it", () => {
    // `a > on () sum(rate(b[5m]))`, from /api/v1/parse_query
    const parsed = {
      type: "binaryExpr", op: ">",
      lhs: { type: "vectorSelector", name: "a", matchers: [{ name: "__name__", type: "=", value: "a" }] },
      rhs: { type: "aggregation", op: "sum", expr: { type: "call", func: { name: "rate" }, args: [{ type: "matrixSelector", name: "b", range: 300000 }] } },
    };
    assert.deepEqual(selectors(parsed), ["a", "b"]);
  });

  it("names what keeps alerts from firing: metrics that are not there, servers that are not scraped", async () => {
    const asked = {
      rules: () => Promise.resolve([{ name: "A", reads: ["here", "gone"] }, { name: "B", reads: ["gone"] }]),
      names: () => Promise.resolve(new Set(["here"])),
      targets: () => Promise.resolve([{ job: "etcd", instance: "etcd-1", up: false, error: "refused", seconds: 0 }, { job: "etcd", instance: "etcd-2", up: true, seconds: 0.1 }]),
    };
    const found = await checkAlerts("shop", asked as unknown as Prometheus);
    assert.deepEqual(found.missing, [{ metric: "gone", rules: ["A", "B"] }]);
    assert.equal(viewCheck(found, plain), "shop: some alerts cannot fire: 2 rules read 2 metrics\n  there is no gone: A, B\n  etcd of etcd-1 is not scraped: refused\n");
  });
});

describe("alerts in the status", () => {
  const levelOf = (alerts: object) => judge({ ...healthy(), alerts: { firing: [], ...alerts } });

  it("are a problem when they are critical, and when Prometheus does not answer", () => {
    assert.equal(levelOf({ firing: [alert("warning", "LockWait")] }).level, "healthy");
    assert.deepEqual(levelOf({ firing: [alert("critical", "SlotLost")] }).problems, ["alert SlotLost: writes wait"]);
    assert.deepEqual(levelOf({ error: "refused: nothing listens there" }).problems, ["nobody is told of alerts: Prometheus refused: nothing listens there"]);
  });
});
