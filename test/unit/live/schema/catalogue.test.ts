import assert from "node:assert/strict";
import fc from "fast-check";
import type { Catalogue } from "../../../../infra/live/schema/catalogue/catalogue";
import { compare } from "../../../../infra/live/schema/catalogue/drift";
import { expectAfter, expectAfterChange } from "../../../../infra/live/schema/catalogue/expected";
import { mend } from "../../../../infra/live/schema/catalogue/mend";

describe("the catalogue that is expected after a change", () => {
  const [column, index] = ["column app.t.a", "index app.i"];
  it("has the change and no more: what was changed by hand before stays a difference", () => {
    const expected: Catalogue = { [column]: { type: "integer", default: "none" } };
    const before: Catalogue = { [column]: { type: "bigint", default: "none" }, [index]: { definition: "by hand" } };
    const after: Catalogue = { [column]: { type: "bigint", default: "1" }, [index]: { definition: "by hand" }, "table app.new": { owner: "app" } };
    const then: Catalogue = expectAfter(expected, before, after);
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

  it("leaves out what applications had made where nothing was noted yet, and keeps of it what was noted in another format", () => {
    const before: Catalogue = { "table a": { owner: "app_owner" }, "column a.x": { table: "a", type: "int" }, "table b": { owner: "app_owner" }, "schema public": { owner: "postgres" } };
    const after: Catalogue = { ...before, "table made": { owner: "app_owner" } };
    assert.deepEqual(Object.keys(expectAfterChange({ objects: new Set(["table b"]) }, before, after, ["postgres"])).sort(), ["schema public", "table b", "table made"]);
  });
});

describe("what would mend a difference", () => {
  const live = { table: "app.t", owner: "bob", definition: "CHECK (true)" };
  it("never drops what may hold rows, or the place in them", () => {
    for (const object of ["table app.t", "column app.t.a", "sequence app.s", "schema app", "database shop", "extension postgis"])
      assert.doesNotMatch(mend(object, { live }), /DROP (?!is)[A-Z]+ \w/, object);
    assert.doesNotMatch(mend("view app.m", { live: { materialized: "true" } }), /DROP (MATERIALIZED )?VIEW/);
    assert.equal(mend("view app.v", { live: { materialized: "false" } }), "DROP VIEW app.v;");
  });
  it("takes a constraint's name whole, and a list of schemas as one", () => {
    assert.equal(mend('constraint "check on a" on app.t', { live }), 'ALTER TABLE app.t DROP CONSTRAINT "check on a";');
    assert.equal(mend("setting search_path of role app", { declared: { value: 'app, "$user"' } }), 'ALTER ROLE app SET search_path = app, "$user";');
    assert.equal(mend("setting work_mem of role app", { declared: { value: "it's" } }), "ALTER ROLE app SET work_mem = 'it''s';");
  });
});
