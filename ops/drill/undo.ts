import * as fs from "node:fs";
import * as path from "node:path";

/** How to undo one thing that a drill broke, as plain data: whoever finds it written can do it. */
export type Undo =
  | { do: "start" | "connect" | "undelay"; host: string }
  | { do: "run"; host: string; line: string }
  | { do: "accept"; host: string; rule: string[] }
  | { do: "putBack"; host: string; own: string };

export interface Broken {
  /** "pgha-dev-postgres-1 is killed". */
  what: string;
  undo: Undo;
}

/** What is broken right now, on disk before it is broken, so that not even SIGKILL makes anybody forget it. */
export class UndoList {
  private list: Broken[];

  /** Without a file it is kept in memory alone. */
  constructor(private readonly file?: string) {
    this.list = file && fs.existsSync(file) ? readNotes(file).broken : [];
  }

  get broken(): readonly Broken[] {
    return this.list;
  }

  add(one: Broken): void {
    this.keep([...this.list, one]);
  }

  remove(one: Broken): void {
    this.keep(this.list.filter((other) => other !== one));
  }

  private keep(list: Broken[]): void {
    this.list = list;
    if (this.file) writeNotes(this.file, { pid: process.pid, broken: list });
  }
}

interface Notes {
  /** Of the drill that wrote it. */
  pid: number;
  broken: Broken[];
}

/** Where a cluster's drill notes what it breaks, and that it runs. */
export const notesFile = (root: string, cluster: string) => path.join(root, ".pgha", "drills", `${cluster}.json`);

function readNotes(file: string): Notes {
  return JSON.parse(fs.readFileSync(file, "utf8")) as Notes;
}

function writeNotes(file: string, notes: Notes): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, JSON.stringify(notes), { flush: true });
  fs.renameSync(`${file}.new`, file);
}

/** Begins a drill's notes, where none may keep it from that. */
export function beginNotes(file: string): void {
  refuseByNotes(file);
  writeNotes(file, { pid: process.pid, broken: [] });
}

/**
 * Throws where another drill of this cluster runs, or ended without healing what it broke: two of them would drop each other's
 * tables and heal each other's faults.
 */
export function refuseByNotes(file: string): void {
  refuseBesideAnother(file);
  const left = fs.existsSync(file) ? readNotes(file).broken : [];
  if (left.length > 0)
    throw new Refusal(`an earlier drill ended before it had healed: ${left.map(({ what }) => what).join("; ")}`, "npx pgha drill --heal");
}

/** Throws where the drill that wrote these notes is still running. */
export function refuseBesideAnother(file: string): void {
  const pid = fs.existsSync(file) ? readNotes(file).pid : process.pid;
  if (pid !== process.pid && isRunning(pid))
    throw new Refusal(`another drill runs on this cluster (process ${pid})`, `wait for it; is that no drill, remove ${file}`);
}

/** Why a drill may not begin, and what to do about it. */
export class Refusal extends Error {
  constructor(message: string, readonly remedy: string) {
    super(message);
  }
}

/** Ends the notes, where nothing is left broken. */
export function endNotes(file: string): void {
  if (fs.existsSync(file) && readNotes(file).broken.length === 0) fs.rmSync(file);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
