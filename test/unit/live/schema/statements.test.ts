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

  it("takes the rows of a COPY along, as in a dump, whatever is in them", () => {
    const rows = "1\tit's; \"so\"\n2\t\\N\n3\t$$\\.\n";
    assert.deepEqual(split(`\\restrict x1\nCOPY app.t (a, b) FROM stdin;\n${rows}\\.\n\nSELECT 1;\nCOPY t FROM STDIN WITH (FORMAT csv);\n\\.\n\\unrestrict x1\nSELECT 2`), [
      { line: 2, sql: "COPY app.t (a, b) FROM stdin", data: rows }, { line: 8, sql: "SELECT 1" },
      { line: 9, sql: "COPY t FROM STDIN WITH (FORMAT csv)", data: "" }, { line: 12, sql: "SELECT 2" },
    ]);
  });

  it("refuses in words what psql alone understands, or what no file may do", () => {
    for (const [text, problem] of [
      ["SELECT 1;\n\\connect other", /:2: \\connect is a command of psql, not SQL; remove it, a file runs in one database/],
      ["\\set ON_ERROR_STOP on\nSELECT 1;", /:1: \\set is a command of psql/],
      ["SELECT 1 \\gexec", /:1: \\gexec is a command/],
      ["COPY t FROM stdin;\n1\n", /:1: the rows after COPY … FROM stdin have no end/],
      ["SELECT 1;\nALTER SYSTEM SET work_mem = '1GB';", /:2: ALTER SYSTEM: settings of the servers are declared/],
      ["SET client_encoding = 'LATIN1';", /:1: files are read as UTF-8/],
      ["SET standard_conforming_strings TO off;", /:1: strings are read as the standard has them/],
    ] as const) assert.throws(() => split(text), { message: problem }, text);
    assert.equal(texts("SET client_encoding = 'UTF8'; SET standard_conforming_strings = on").length, 2);
  });

  it("takes a colon of JSON_OBJECT for what it is", () => {
    assert.deepEqual(texts(`SELECT JSON_OBJECT('a':'b'), JSON_OBJECT(f(x):'b')`), [`SELECT JSON_OBJECT('a':'b'), JSON_OBJECT(f(x):'b')`]);
  });

  it("takes a string, a comment and a body of 50 MB, in linear time", () => {
    const much = "x''/*".repeat(10_000_000);
    for (const [open, close] of [["'", "'"], ["$$", "$$"], ["E'", "'"]]) {
      const [statement] = texts(`SELECT ${open}${much}${close}; SELECT 2`);
      assert.equal(statement.length, much.length + 7 + open.length + close.length);
    }
    assert.deepEqual(texts(`/*${"y".repeat(50_000_000)}*/ SELECT 1`), ["SELECT 1"]);
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
