/** One statement of an SQL file, from its first word to before its semicolon. */
export interface Statement {
  /** Line of its first word, from 1. */
  line: number;
  sql: string;
}

// In the order in which they must be tried; the last takes any single character.
const TOKEN = new RegExp(
  [
    /(?<blank>\s+|--[^\n]*)/,
    /(?<comment>\/\*)/,
    /(?<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')/,
    /(?<identifier>"(?:[^"]|"")*")/,
    /(?<dollar>\$(?<tag>[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[^]*?\$\k<tag>\$)/,
    /(?<cast>::)/,
    /:(?<quote>["'])(?<variable>\w+)\k<quote>/,
    /(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)/,
    /(?<other>\$\d+|[^])/,
  ].map(({ source }) => source).join("|"),
  "sy",
);
const TRANSACTION_CONTROL = new Set(["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"]);

/**
 * Splits SQL as psql does, and puts in psql's variables: `:"name"` as an identifier, `:'name'` as a string.
 * Throws with file and line on an open quote or comment, an unknown variable, and a statement that would end the file's transaction.
 */
export function splitStatements(file: string, text: string, variables: Record<string, string>): Statement[] {
  const statements: Statement[] = [];
  let [at, line, sql, start, parentheses, atomic, previous] = [0, 1, "", 0, 0, 0, ""];
  const fail = (problem: string): never => {
    throw new Error(`sql/${file}:${line}: ${problem}`);
  };
  const finish = () => {
    if (start) statements.push({ line: start, sql: sql.trimEnd() });
    [sql, start, parentheses, atomic, previous] = ["", 0, 0, 0, ""];
  };

  while (at < text.length) {
    TOKEN.lastIndex = at;
    const { 0: matched, groups = {} } = TOKEN.exec(text)!;
    let token = matched;
    if (groups.comment) token = text.slice(at, endOfComment(text, at) ?? fail("this comment is never closed"));
    else if (/^['"]$/.test(matched) || /^\$$/.test(matched) && /^\$\w*\$/.test(text.slice(at))) fail("this quote is never closed");

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

    if (matched === ";" && parentheses <= 0 && !atomic) finish();
    else if (start) {
      const { variable, quote } = groups;
      if (variable && !(variable in variables)) fail(`:${quote}${variable}${quote} is unknown; there are ${Object.keys(variables).join(", ")}`);
      sql += variable ? quote + variables[variable].replaceAll(quote, quote + quote) + quote : token;
    }
    line += token.split("\n").length - 1;
    at += token.length;
  }
  finish();
  return statements;
}

/** Comments nest in SQL. */
function endOfComment(text: string, from: number): number | undefined {
  let depth = 0;
  for (const { 0: mark, index } of text.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1;
    if (!depth) return from + index + 2;
  }
  return undefined;
}
