import assert from "node:assert/strict";
import fc from "fast-check";
import { splitStatements } from "../../../../infra/live/schema/statements";

const variables = { database: "app", owner: `o"w'n`, readonly: "app_readonly" };
const split = (text: string) => splitStatements("database/0001_x.sql", text, variables);
const texts = (text: string) => split(text).map(({ sql }) => sql);

describe("statements of an SQL file", () => {
  for (const [what, statement] of Object.entries({
    "a string": "SELECT 'a;''b;'",
    "an escaped string": String.raw`SELECT E'it\'s;'`,
    "a backslash in a standard string": String.raw`SELECT 'C:\', 1`,
    "an identifier": `SELECT "a;""b"`,
    "a dollar-quoted body": "DO $$ BEGIN PERFORM 1; END $$",
    "a tagged body around another": "DO $a$ BEGIN EXECUTE $b$ SELECT $$;$$; $b$; END $a$",
    "a line comment": "SELECT 1 -- one; and a quote '\n, 2",
    "a nested comment": "SELECT 1 /* a; /* b; */ c; */ + 1",
    "a rule's parentheses": "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
    "a standard body": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    "a parameter": "PREPARE p AS SELECT $1 + $2",
  }))
    it(`keeps the semicolons of ${what}`, () => assert.deepEqual(texts(`${statement};\nSELECT 2;`), [statement, "SELECT 2"]));

  it("gives each its line, without the comments before it", () => {
    assert.deepEqual(split("-- head\n\nSELECT 1;\n/* a\n b */ SELECT\n 2;;\n\n  SELECT $$\n\n$$;SELECT 4"), [
      { line: 3, sql: "SELECT 1" }, { line: 5, sql: "SELECT\n 2" }, { line: 8, sql: "SELECT $$\n\n$$" }, { line: 10, sql: "SELECT 4" },
    ]);
  });

  it("puts in names as identifiers and strings, safely quoted, and nowhere else", () => {
    assert.deepEqual(texts(`GRANT :"owner" TO :'owner'`), [`GRANT "o""w'n" TO 'o"w''n'`]);
    const untouched = `SELECT ':"owner"', 'x'::"char", $$:"owner"$$ /* :"owner" */, ":""owner"`;
    assert.deepEqual(texts(untouched), [untouched]);
  });

  it("names file and line of what cannot be right", () => {
    for (const [text, problem] of [
      ["SELECT 1;\nSELECT 'open;", /^sql\/database\/0001_x\.sql:2: this quote is never closed/],
      ["SELECT\n\"open;", /:2: this quote/],
      ["\nDO $x$ open $$;", /:2: this quote/],
      ["\n/* /* open */", /:2: this comment is never closed/],
      ["SELECT 1;\n\nSELECT :\"other\";", /:3: :"other" is unknown; there are database, owner, readonly/],
      ["SELECT 1;\ncommit;", /:2: COMMIT: a file is one transaction/],
    ] as const) assert.throws(() => split(text), { message: problem });
  });

  it("loses nothing of any sequence of statements", () => {
    const safe = fc.stringMatching(/^[a-z0-9 ,;:"$\n]{0,12}$/);
    const piece = fc.oneof(
      safe.map((text) => `'${text}'`), safe.map((text) => `$q$${text.replaceAll("$", "")}$q$`), safe.map((text) => `/*${text}*/`),
      safe.map((text) => `"i${text.replaceAll('"', '""')}"`), fc.stringMatching(/^[a-z0-9 \n,+]{1,8}$/));
    const statement = fc.array(piece, { maxLength: 6 }).map((pieces) => ["SELECT", ...pieces, "1"].join(" "));
    fc.assert(fc.property(fc.array(statement), (statements) => {
      const text = statements.join(";\n");
      const found = split(text);
      assert.deepEqual(found.map(({ sql }) => sql), statements);
      const lines = text.split("\n");
      for (const { line, sql } of found) assert.ok(lines[line - 1].includes(sql.split("\n")[0]));
    }));
  });
});
