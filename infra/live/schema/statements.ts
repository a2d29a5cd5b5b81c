/** One statement of an SQL file, from its first word to before its semicolon. */
export interface Statement {
  /** Line of its first word, from 1. */
  line: number;
  sql: string;
  /** Rows that follow a COPY … FROM stdin. */
  data?: string;
}

// In the order in which they must be tried; the last takes any single character. What may be long is only begun here: see `endOf`.
const TOKEN = new RegExp(
  [
    /(?<blank>\s+|--[^\n]*)/,
    /(?<comment>\/\*)/,
    /(?<string>[eE]?')/,
    /(?<identifier>")/,
    /(?<dollar>\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)/,
    /(?<cast>::)/,
    /(?<=[^'")\w]|^):(?<quote>["'])(?<variable>\w+)\k<quote>/,
    /(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/,
    /(?<command>\\[^\n]*)/,
    /(?<other>\$\d+|[^])/,
  ].map(({ source }) => source).join("|"),
  "sy",
);
const TRANSACTION_CONTROL = new Set(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"]);
/** Commands of psql that a dump of pg_dump holds and that do nothing here. */
const IDLE_COMMAND = /^\\(un)?restrict\b/;
const REFUSED: [RegExp, string][] = [
  [/^ALTER\s+SYSTEM\b/i, "ALTER SYSTEM: settings of the servers are declared, as pgha:cluster.postgres.parameters; remove the statement"],
  [/^SET\s+(SESSION\s+|LOCAL\s+)?(client_encoding\s*(=|TO)|NAMES)(?!\s*'?(utf-?8|unicode)'?\s*$)/i, "files are read as UTF-8; dump with --encoding=UTF8"],
  [/^SET\s+(SESSION\s+|LOCAL\s+)?standard_conforming_strings\s*(=|TO)\s*'?(off|false|0|no)\b/i, "strings are read as the standard has them; remove the statement"],
];

/**
 * Splits SQL as psql does, and puts in psql's variables: `:"name"` as an identifier, `:'name'` as a string. Rows after COPY … FROM stdin
 * go with it, as in a dump. Throws with file and line on an open quote or comment, an unknown variable, a command of psql, and a
 * statement that would end the file's transaction or is not for a file.
 */
export function splitStatements(file: string, text: string, variables: Record<string, string>): Statement[] {
  const statements: Statement[] = [];
  let [at, line, sql, start, parentheses, atomic, previous] = [0, 1, "", 0, 0, 0, ""];
  const fail = (problem: string, where = line): never => {
    throw new Error(`sql/${file}:${where}: ${problem}`);
  };
  const finish = () => {
    const statement: Statement = { line: start, sql: sql.trimEnd() };
    for (const [pattern, problem] of REFUSED) if (pattern.test(statement.sql)) fail(problem, start);
    if (start) statements.push(statement);
    [sql, start, parentheses, atomic, previous] = ["", 0, 0, 0, ""];
    return statement;
  };

  while (at < text.length) {
    TOKEN.lastIndex = at;
    const { 0: matched, groups = {} } = TOKEN.exec(text)!;
    const token = text.slice(at, endOf(text, at, matched, groups) ?? fail(groups.comment ? "this comment is never closed" : "this quote is never closed"));
    at += token.length;

    if (groups.command) {
      if (start || !IDLE_COMMAND.test(token)) fail(`${token.split(/\s/)[0]} is a command of psql, not SQL; remove it${/^\\c/.test(token) ? ", a file runs in one database (pg_dump without --create)" : ""}`);
      continue;
    }
    if (!groups.blank && !groups.comment && matched !== ";") start ||= line;
    if (groups.word) {
      const word = matched.toUpperCase();
      if (!previous && TRANSACTION_CONTROL.has(word)) fail(`${word}: a file is one transaction already; remove the statement`);
      // The body of a standard SQL function holds semicolons of its own.
      if (word === "ATOMIC" && previous === "BEGIN" || atomic && word === "CASE") atomic++;
      else if (atomic && word === "END") atomic--;
      previous = word;
    }
    parentheses += matched === "(" ? 1 : matched === ")" ? -1 : 0;

    if (matched === ";" && parentheses <= 0 && !atomic) {
      const statement = finish();
      if (!/^COPY\b[^]*\bFROM\s+stdin\b/i.test(statement.sql)) continue;
      const rows = rowsAfter(text, at) ?? fail("the rows after COPY … FROM stdin have no end, a line of \\.");
      statement.data = rows.data;
      line += text.slice(at, rows.end).split("\n").length - 1;
      at = rows.end;
      continue;
    }
    if (start) {
      const { variable, quote } = groups;
      if (variable && !(variable in variables)) fail(`:${quote}${variable}${quote} is unknown; there are ${Object.keys(variables).join(", ")}`);
      sql += variable ? quote + variables[variable].replaceAll(quote, quote + quote) + quote : token;
    }
    line += token.split("\n").length - 1;
  }
  finish();
  return statements;
}

/** Where a token ends; undefined where it never does. Searched, not matched: a string may have 50 MB. */
function endOf(text: string, at: number, matched: string, { comment, string, identifier, dollar }: Record<string, string>): number | undefined {
  const inside = at + matched.length;
  if (comment) return endOfComment(text, at);
  if (string || identifier) return endOfQuote(text, inside, matched.at(-1)!, /^e/i.test(matched));
  if (!dollar) return inside;
  const end = text.indexOf(matched, inside);
  return end < 0 ? undefined : end + matched.length;
}

/** A quote within is doubled, or escaped where backslashes are. */
function endOfQuote(text: string, from: number, quote: string, escapes: boolean): number | undefined {
  const mark = new RegExp(escapes ? `\\\\|${quote}` : quote, "g");
  for (mark.lastIndex = from; ; ) {
    const index = mark.exec(text)?.index;
    if (index === undefined) return undefined;
    if (text[index] === quote && text[index + 1] !== quote) return index + 1;
    mark.lastIndex = index + 2;
  }
}

/** Comments nest in SQL. */
function endOfComment(text: string, from: number): number | undefined {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  for (let depth = 0, found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (!depth) return mark.lastIndex;
  }
  return undefined;
}

/** From the line after the statement to one that holds `\.` alone. */
function rowsAfter(text: string, from: number): { data: string; end: number } | undefined {
  const begin = text.indexOf("\n", from) + 1;
  const end = text.startsWith("\\.\n", begin) ? begin : text.indexOf("\n\\.\n", begin) + 1;
  if (begin && end && !text.slice(from, begin).trim()) return { data: text.slice(begin, end), end: end + 3 };
  return begin && text.endsWith("\n\\.") ? { data: text.slice(begin, -2), end: text.length } : undefined;
}
