import assert from "node:assert/strict";
import fc from "fast-check";
import { Catalogue, expectAfter } from "../../../../infra/live/schema/catalogue/catalogue";
import { compare } from "../../../../infra/live/schema/catalogue/drift";

describe("the catalogue that is expected after a change", () => {
  const [column, index] = ["column app.t.a", "index app.i"];
  it("has the change and no more: what was changed by hand before stays a difference", () => {
    const expected: Catalogue = { [column]: { type: "integer", default: "none" } };
    const before: Catalogue = { [column]: { type: "bigint", default: "none" }, [index]: { definition: "by hand" } };
    const after: Catalogue = { [column]: { type: "bigint", default: "1" }, [index]: { definition: "by hand" }, "table app.new": { owner: "app" } };
    const then = expectAfter(expected, before, after);
    assert.deepEqual(then, { [column]: { type: "integer", default: "1" }, "table app.new": { owner: "app" } });
    assert.deepEqual(compare("app", then, after).map(({ object, change }) => [object, change]), [[column, "different"], [index, "unexpected"]]);
  });

  const catalogue = fc.dictionary(fc.constantFrom("table a", "table b", "schema c"), fc.record({ owner: fc.constantFrom("x", "y") }), { noNullPrototype: true });
  it("is what is live, where nothing was changed by hand", () => {
    fc.assert(fc.property(catalogue, catalogue, (before, after) => assert.deepEqual(compare("", expectAfter(before, before, after), after), [])));
  });
  it("keeps every difference that the change did not touch", () => {
    fc.assert(fc.property(catalogue, catalogue, (expected, live) => assert.deepEqual(compare("", expectAfter(expected, live, live), live), compare("", expected, live))));
  });
});
