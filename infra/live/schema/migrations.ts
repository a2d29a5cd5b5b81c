import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { splitStatements, type Statement } from "./statements";

/** The text of each file under sql/, by its name within it: "database/0002_access.sql", "examples/orders/0001_tables.sql". */
export type SqlFiles = Record<string, string>;

export interface Migration {
  name: string;
  /** `cluster` runs in database postgres, `database` in the application's. */
  scope: "cluster" | "database";
  kind: "versioned" | "repeatable";
  /** "0002", counted within its series; none for a repeatable file. */
  version?: string;
  /** SHA-256 of the text, in hexadecimal. */
  checksum: string;
  transaction: boolean;
  statements: Statement[];
}

const NAME = /^(cluster|database|examples\/[a-z]+)\/(?:(\d{4})|R_)_[a-z0-9_]+\.sql$/;

/** Reads the SQL files of a folder and of the chosen examples; line ends are made alike, so that checksums are the same on every machine. */
export function readSqlFiles(folder: string, examples: string[] = []): SqlFiles {
  const names = ["cluster", "database", ...examples.map((example) => `examples/${example}`)].flatMap((scope) =>
    readdirSync(path.join(folder, scope)).filter((file) => !file.startsWith(".")).sort().map((file) => `${scope}/${file}`));
  return Object.fromEntries(names.map((name) => [name, decode(name, readFileSync(path.join(folder, name))).replace(/\r\n?/g, "\n")]));
}

/** Without a byte order mark. Throws on another encoding than UTF-8: letters would become others in silence. */
function decode(name: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below
  }
  throw new Error(`sql/${name} is not UTF-8; save it as UTF-8 (pg_dump: --encoding=UTF8)`);
}

/**
 * The files in the order in which they are applied: numbered ones, then repeatable ones, cluster before database, each
 * example for itself afterwards. Throws on a bad name, on numbers that are not 0001, 0002, … each once (over `cluster` and
 * `database` together, in each example), and on SQL that cannot be split.
 */
export function planMigrations(files: SqlFiles, database: string): Migration[] {
  const variables = { database, owner: `${database}_owner`, readonly: `${database}_readonly` };
  const migrations = Object.entries(files).map(([name, text]) => readMigration(name, text, variables));
  const examples = new Set(migrations.map(({ name }) => seriesOf(name)));
  return [...examples].sort((a, b) => order(a, b)).flatMap((series) => inOrder(migrations.filter(({ name }) => seriesOf(name) === series)));
}

/** Files that are numbered together: "" those of every cluster, "examples/orders" those of one example. */
export function seriesOf(name: string): string {
  return name.match(/^examples\/[^/]+/)?.[0] ?? "";
}

function inOrder(migrations: Migration[]): Migration[] {
  const versioned = migrations.filter(({ kind }) => kind === "versioned").sort((a, b) => order(a.version!, b.version!));
  versioned.forEach(({ name, version }, index) => {
    const expected = String(index + 1).padStart(4, "0");
    if (version === versioned[index - 1]?.version)
      throw new Error(`sql/${name} has the number of sql/${versioned[index - 1].name}; give the newer one the next free number`);
    if (version !== expected)
      throw new Error(`sql/${name} comes where number ${expected} is missing; numbers have no gaps${seriesOf(name) ? "" : " over both folders"}`);
  });
  return [...versioned, ...migrations.filter(({ kind }) => kind === "repeatable").sort((a, b) => order(a.name, b.name))];
}

/** The version of the schema that these files make: the highest number of those that every cluster has, "0000" without any. */
export function headVersion(files: { name: string; version?: string | null }[]): string {
  const versions = files.filter(({ name }) => !seriesOf(name)).map(({ version }) => version ?? "0000");
  return versions.reduce((highest, version) => (version > highest ? version : highest), "0000");
}

export function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function readMigration(name: string, text: string, variables: Record<string, string>): Migration {
  const [matched, scope, version] = name.match(NAME) ?? [];
  if (!matched) throw new Error(`sql/${name} is not named like 0004_orders.sql or R__functions.sql (small letters, digits, _)`);
  const statements = splitStatements(name, text, variables);
  if (!statements.length) throw new Error(`sql/${name} holds no statement`);
  return {
    name,
    scope: scope === "cluster" ? "cluster" : "database",
    kind: version ? "versioned" : "repeatable",
    version,
    checksum: checksum(text),
    transaction: !/^-- pgha: no-transaction\s*$/m.test(text.split("\n", 1)[0]),
    statements,
  };
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
