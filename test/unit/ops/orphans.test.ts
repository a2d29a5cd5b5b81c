import assert from "node:assert/strict";
import { UsageError } from "../../../ops/arguments";
import { codeOf, run, view } from "../../../ops/commands/check";
import { OrphanReport } from "../../../ops/orphans/count";
import { orphansOf, Relation } from "../../../ops/orphans/relations";
import { plain } from "../../../ops/terminal";

const relation: Relation = { child: "app.lines", column: "order_id", parent: "app.orders", key: "id", by: "name" };
const report: OrphanReport = { cluster: "c", time: "", relations: [{ ...relation, database: "app", orphans: 0, show: "SELECT …;" }], missed: [] };
const bad: OrphanReport = { ...report, relations: [{ ...report.relations[0], orphans: 2 }] };

describe("npx pgha check orphans", () => {
  it("ends with 3 where there are some, or not all was counted", () => {
    assert.deepEqual([report, bad, { ...report, missed: ["x"] }].map(codeOf), [0, 3, 3]);
  });

  it("says how many, of what, and how to see them", () => {
    assert.equal(view(report, plain), "c: no orphans, 1 relation looked at\n");
    assert.equal(view(bad, plain), "c: orphans in 1 relation, 1 relation looked at\n\n  app: 2 rows of app.lines, order_id without app.orders.id (by name)\n    SELECT …;\n");
  });

  it("compares by Postgres's own operator, whatever the search_path", () => {
    assert.equal(orphansOf(relation), "FROM app.lines c WHERE c.order_id IS NOT NULL AND NOT EXISTS (SELECT FROM app.orders p WHERE p.id OPERATOR(pg_catalog.=) c.order_id)");
  });

  it("knows no other check", async () => {
    await assert.rejects(run(["nonsense"]), UsageError);
  });
});
