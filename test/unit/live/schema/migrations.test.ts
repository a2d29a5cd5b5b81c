import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { headVersion, planMigrations, readSqlFiles } from "../../../../infra/live/schema/migrations";

const project = path.join(__dirname, "../../../../sql");
const plan = (...names: string[]) => planMigrations(Object.fromEntries(names.map((name) => [name, `SELECT '${name}';`])), "app");

describe("migrations", () => {
  it("come by number over both folders, repeatable ones last", () => {
    const names = plan("database/R__b.sql", "database/0003_c.sql", "cluster/0001_a.sql", "cluster/R__a.sql", "database/0002_b.sql");
    assert.deepEqual(names.map(({ name, kind, version, scope }) => [name, kind, version, scope]), [
      ["cluster/0001_a.sql", "versioned", "0001", "cluster"],
      ["database/0002_b.sql", "versioned", "0002", "database"],
      ["database/0003_c.sql", "versioned", "0003", "database"],
      ["cluster/R__a.sql", "repeatable", undefined, "cluster"],
      ["database/R__b.sql", "repeatable", undefined, "database"],
    ]);
    assert.equal(headVersion(names), "0003");
    assert.equal(headVersion([]), "0000");
  });

  it("are refused by name when a number is double or missing", () => {
    assert.throws(() => plan("cluster/0001_a.sql", "database/0001_b.sql"), /sql\/database\/0001_b\.sql has the number of sql\/cluster\/0001_a\.sql/);
    assert.throws(() => plan("cluster/0001_a.sql", "database/0003_b.sql"), /0003_b\.sql comes where number 0002 is missing/);
    assert.throws(() => plan("cluster/0002_a.sql"), /number 0001 is missing/);
  });

  for (const name of ["database/1_a.sql", "database/0001-a.sql", "database/0001_A.sql", "database/R_a.sql", "database/0001_a.SQL", "other/0001_a.sql"])
    it(`are refused when named like ${name}`, () => assert.throws(() => plan(name), /is not named like/));

  it("are refused when they hold no statement", () => {
    assert.throws(() => planMigrations({ "cluster/0001_a.sql": "-- nothing;\n;" }, "app"), /holds no statement/);
  });

  it("run outside a transaction only where the first line says so", () => {
    const transaction = (text: string) => planMigrations({ "cluster/0001_a.sql": text }, "app")[0].transaction;
    assert.equal(transaction("-- pgha: no-transaction\nSELECT 1"), false);
    assert.equal(transaction("SELECT 1;\n-- pgha: no-transaction\n"), true);
  });

  it("have the same checksum on every machine, and for every database", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "pgha-sql-"));
    try {
      for (const scope of ["cluster", "database"]) mkdirSync(path.join(folder, scope));
      writeFileSync(path.join(folder, "cluster/0001_a.sql"), "\ufeffSELECT :'owner'\r\n;\r\n");
      const [dos] = planMigrations(readSqlFiles(folder), "app");
      const [unix] = planMigrations({ "cluster/0001_a.sql": "SELECT :'owner'\n;\n" }, "shop");
      assert.equal(dos.checksum, unix.checksum);
      assert.deepEqual([dos.statements[0].sql, unix.statements[0].sql], ["SELECT 'app_owner'", "SELECT 'shop_owner'"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are refused in another encoding than UTF-8", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "pgha-sql-"));
    try {
      for (const scope of ["cluster", "database"]) mkdirSync(path.join(folder, scope));
      for (const bytes of [Buffer.from("SELECT 'Grün'", "latin1"), Buffer.from("\ufeffSELECT 1", "utf16le"), Buffer.from("SELECT 1", "utf16le")]) {
        writeFileSync(path.join(folder, "cluster/0001_a.sql"), bytes);
        assert.throws(() => readSqlFiles(folder), /sql\/cluster\/0001_a\.sql is not UTF-8/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("of the project are in order, quote every name and hold no password", () => {
    const files = readSqlFiles(project);
    assert.ok(planMigrations(files, "app").length >= 5);
    for (const [name, text] of Object.entries(files)) {
      assert.doesNotMatch(text, /\bPASSWORD\s+'/i, name);
      assert.doesNotMatch(text, /(?<!:):(database|owner|readonly)\b/, `${name}: a name without quotes`);
    }
  });
});
