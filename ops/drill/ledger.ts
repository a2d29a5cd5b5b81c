import * as fs from "node:fs";

/** What one path's clients saw; times in milliseconds since the run began. */
export interface Seen {
  /** When each statement was acknowledged. */
  acknowledged: number[];
  /** Statements that failed. */
  errors: { at: number; text: string }[];
  /** Connections that could not be made. */
  refused: number[];
  /** Why the latest of them failed. */
  lastFailure?: string;
  /** The longest that a client waited for the answer to one statement, or its failure; with the connection it needed. Milliseconds. */
  longest: number;
}

/** Outcome of every row: what the clients know, against what the primary has afterwards. */
export interface Rows {
  acknowledged: number;
  /** Acknowledged, and gone. */
  lost: string[];
  /** Sent, but the answer was lost; `present` of them are there. */
  indeterminate: number;
  present: number;
}

/** Answers after which a row is certainly not there: read-only, syntax, rights, login, database, starting up. */
const certain = /^(25|28|3D|42|57P03)/;

/** Whether the row of a failed statement may be there nevertheless. */
export function mayBeThere(error: unknown): boolean {
  return !certain.test((error as { code?: string }).code ?? "");
}

/** Compares what clients were told with the rows that are there. Keys are "writer/sequence". */
export function settle(acknowledged: Iterable<string>, indeterminate: Iterable<string>, there: Set<string>): Rows {
  const told = [...acknowledged];
  const open = [...indeterminate];
  return {
    acknowledged: told.length,
    lost: told.filter((row) => !there.has(row)),
    indeterminate: open.length,
    present: open.filter((row) => there.has(row)).length,
  };
}

/** Remembers every answer outside the database: in memory, and line by line in a file. */
export class Ledger {
  private readonly seen = new Map<string, Seen>();
  private readonly acknowledged: string[] = [];
  private readonly indeterminate: string[] = [];
  private readonly file: fs.WriteStream;
  private readonly started = performance.now();

  constructor(file: string) {
    this.file = fs.createWriteStream(file);
  }

  /** Milliseconds since the run began. */
  now = (): number => performance.now() - this.started;

  of(path: string): Seen {
    let seen = this.seen.get(path);
    if (!seen) this.seen.set(path, (seen = { acknowledged: [], errors: [], refused: [], longest: 0 }));
    return seen;
  }

  answered(path: string, since: number, row?: string): void {
    const at = this.now();
    const seen = this.of(path);
    seen.acknowledged.push(at);
    seen.longest = Math.max(seen.longest, at - since);
    if (row === undefined) return;
    this.acknowledged.push(row);
    this.note({ acknowledged: row, since, at });
  }

  failed(path: string, since: number, error: unknown, row?: string): void {
    const at = this.now();
    const seen = this.of(path);
    const { message, code } = error as Error & { code?: string };
    seen.lastFailure = message || code || "closed";
    seen.errors.push({ at, text: seen.lastFailure });
    seen.longest = Math.max(seen.longest, at - since);
    if (row === undefined) return;
    const open = mayBeThere(error);
    if (open) this.indeterminate.push(row);
    this.note({ [open ? "indeterminate" : "refused"]: row, since, at, error: message, code });
  }

  refused(path: string, error: unknown): void {
    const at = this.now();
    const { message } = error as Error;
    const seen = this.of(path);
    seen.lastFailure = message;
    seen.refused.push(at);
    this.note({ noConnection: path, at, error: message });
  }

  /** "haproxy (password authentication failed)": what keeps each of these paths from being answered. */
  troubles(paths: string[]): string {
    return paths.map((path) => `${path} (${this.of(path).lastFailure ?? "no answer"})`).join(", ");
  }

  settle(there: Set<string>): Rows {
    return settle(this.acknowledged, this.indeterminate, there);
  }

  paths(): [string, Seen][] {
    return [...this.seen];
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.file.end(resolve));
  }

  private note(line: object): void {
    this.file.write(`${JSON.stringify(line)}\n`);
  }
}
