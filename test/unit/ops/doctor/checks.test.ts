import assert from "node:assert/strict";
import * as path from "node:path";
import { isSql } from "../../../../ops/doctor/check";
import { checks } from "../../../../ops/doctor/checks";
import { tableOfChecks } from "../../../../ops/doctor/table";
import { faults } from "../../../e2e/support/doctor/prove";
import { assertTable } from "../../support/readmeTable";

describe("pgha doctor: its checks", () => {
  it("are listed in docs/doctor.md", () => assertTable(path.join(__dirname, "../../../../docs/doctor.md"), "checks", tableOfChecks()));

  it("are fifty or more, each with a name of its own", () => {
    assert.ok(checks.length >= 50, String(checks.length));
    assert.deepEqual(checks.map(({ id }) => id).filter((id, index, all) => !/^[a-z][a-z0-9-]*$/.test(id) || all.indexOf(id) !== index), []);
  });

  it("that ask Postgres have a fault that they are tried on", () => {
    const tried = [...faults.map(({ check }) => check), "access-rules"];
    assert.deepEqual(checks.filter(isSql).map(({ id }) => id).filter((id) => !tried.includes(id)), []);
  });

  it("name only checks that there are", () => {
    const named = checks.flatMap(({ id, mend }) => (/doctor --only ([\w,-]+)/.exec(mend)?.[1].split(",") ?? []).map((name) => ({ id, name })));
    assert.ok(named.length > 5);
    assert.deepEqual(named.filter(({ name }) => !checks.some(({ id }) => id === name)), []);
  });

  it("ask nothing that could change anything, and nothing of a schema that somebody else may own", () => {
    for (const { id, sql } of checks.filter(isSql)) {
      assert.match(sql, /^(SELECT|WITH)\b/, id);
      assert.doesNotMatch(sql.replace(/'[^']*'/g, "''"), /;|\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM|ALTER|DROP|CREATE|nextval|setval|pg_terminate_backend|pg_cancel_backend)\b/, id);
      assert.deepEqual([...sql.matchAll(/\bpublic\.\w+/g)].map(String).filter((name) => !/^public\.pg_stat_statements(_info)?$/.test(name)), [], id);
    }
  });
});
