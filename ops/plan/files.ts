import { createTwoFilesPatch } from "diff";
import { Inputs, Step } from "./events";

/** One file that changes, on one server or on several in the same way. */
export interface FileChange {
  /** Names of the resources that carry it. */
  on: string[];
  path: string;
  operation: "create" | "update" | "delete";
  added: number;
  removed: number;
  /** Unified difference without its two header lines. */
  diff: string;
}

/** What the engine writes in place of a secret, and of a value that only the update will know. */
const SECRET = "[secret]";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Everything in a resource's inputs that becomes a file: a container's uploads, a bundle, user data, the SQL files. */
export function filesOf(inputs: Inputs = {}): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: unknown, content: unknown) => {
    if (typeof path === "string" && typeof content === "string" && ![SECRET, UNKNOWN].includes(content)) files.set(path, content);
  };
  for (const upload of objects(inputs.uploads)) add(upload.file, upload.content);
  for (const [path, file] of Object.entries(object(inputs.files))) add(path, typeof file === "string" ? file : object(file).content);
  add("user-data", inputs.userData);
  const bundle = typeof inputs.content === "string" ? bundleIn(inputs.content) : undefined;
  if (bundle) for (const [path, content] of filesOf(bundle)) add(path, content);
  else add(inputs.key, inputs.content);
  return files;
}

/** A JSON object with files of its own. */
function bundleIn(content: string): Inputs | undefined {
  try {
    const parsed: unknown = JSON.parse(content);
    return typeof object(parsed).files === "object" ? object(parsed) : undefined;
  } catch {
    return undefined;
  }
}

/** The differences of all files, those that are the same on several servers once; sorted by path. */
export function fileChanges(steps: Step[]): FileChange[] {
  const changes = new Map<string, FileChange>();
  for (const step of steps.filter(({ operation }) => operation !== "same")) {
    const before = filesOf(step.before);
    const after = filesOf(step.after);
    for (const path of new Set([...before.keys(), ...after.keys()])) {
      const change = compare(path, before.get(path), after.get(path));
      if (!change) continue;
      const same = changes.get(`${path}\n${change.diff}`);
      if (same) same.on.push(step.name);
      else changes.set(`${path}\n${change.diff}`, { on: [step.name], path, ...change });
    }
  }
  for (const { on } of changes.values()) on.sort(byNumber);
  return [...changes.values()].sort((a, b) => byNumber(a.path, b.path) || byNumber(a.on[0], b.on[0]));
}

/** The dynamic configuration that a cluster is made with: one long line, and of a cluster that runs the settings count. */
const history = /\/patroni\/bootstrap\.yml$/;

function compare(path: string, before: string | undefined, after: string | undefined): Omit<FileChange, "on" | "path"> | undefined {
  if (before === after || (before !== undefined && history.test(path))) return undefined;
  const patch = createTwoFilesPatch(path, path, before ?? "", after ?? "", undefined, undefined, { context: 3 });
  const diff = patch.slice(Math.max(0, patch.indexOf("@@"))).trimEnd();
  const count = (sign: string) => diff.split("\n").filter((line) => line.startsWith(sign)).length;
  const operation = before === undefined ? "create" : after === undefined ? "delete" : "update";
  return { operation, added: count("+"), removed: count("-"), diff };
}

/** postgres-2 before postgres-10. */
export function byNumber(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(object) : [];
}
