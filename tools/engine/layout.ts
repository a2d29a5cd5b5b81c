import * as fs from "node:fs";
import * as path from "node:path";

/** Where this repository is; the project may be another folder when PGHA_ROOT says so, as the tests do. */
export const repository = path.resolve(__dirname, "../..");

/** The one folder that pgha makes for itself, and what lies where in it. */
export interface Layout {
  readonly root: string;
  readonly folder: string;
  readonly bin: string;
  readonly home: string;
  readonly state: string;
  readonly passphrase: string;
  readonly plugins: string;
  readonly unavailable: string;
  readonly dockerLog: string;
  /** What belongs to one stack: its CA certificate, the engine's copy of its configuration. */
  stack(name: string): string;
}

export function layoutOf(root: string): Layout {
  const folder = path.join(path.resolve(root), ".pgha");
  const at = (name: string) => path.join(folder, name);
  return {
    root: path.resolve(root),
    folder,
    bin: at("bin"),
    home: at("pulumi"),
    state: at("state"),
    passphrase: at("passphrase"),
    plugins: at("plugins"),
    unavailable: at("unavailable"),
    dockerLog: at("dockerd.log"),
    stack: (name) => at(name.split("/").pop() ?? name),
  };
}

export function makeFolder(layout: Layout): void {
  fs.mkdirSync(layout.folder, { recursive: true, mode: 0o700 });
  fs.chmodSync(layout.folder, 0o700);
}

/** Minutes for which a source that could not be reached is not asked again. */
const memory = 10;

/** What is said of that. */
export const askAgain = `asked again after ${memory} minutes, or at once after rm -r .pgha/unavailable`;

/** Why `source` was out of reach lately, or undefined: a repeated command must not wait for it again. */
export function whyUnavailable(layout: Layout, source: string, now = Date.now()): string | undefined {
  const file = path.join(layout.unavailable, source);
  const mark = fs.statSync(file, { throwIfNoEntry: false });
  return mark !== undefined && now - mark.mtimeMs < memory * 60_000 ? fs.readFileSync(file, "utf8").trim() : undefined;
}

export function rememberUnavailable(layout: Layout, source: string, reason: string): void {
  fs.mkdirSync(layout.unavailable, { recursive: true });
  fs.writeFileSync(path.join(layout.unavailable, source), `${reason}\n`);
}
