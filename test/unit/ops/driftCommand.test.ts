import assert from "node:assert/strict";
import { codeOf } from "../../../ops/commands/drift";
import type { DriftReport } from "../../../ops/drift/collect";

describe("npx pgha drift", () => {
  it("ends with another code where not all was compared: what was missed may differ", () => {
    const report: DriftReport = { cluster: "x", time: "", compared: [], missed: [], applications: {}, drift: [] };
    assert.equal(codeOf(report), 0);
    assert.equal(codeOf({ ...report, missed: ["server postgres-2: no proxy leads to it now"] }), 3);
    assert.equal(codeOf({ ...report, drift: [{} as never] }), 3);
  });
});
