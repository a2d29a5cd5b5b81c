import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { layoutOf, makeFolder, repository } from "../../../tools/engine/layout";
import { capture, RunOptions } from "../../../tools/process";

export interface Program {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
}

/** A language whose snippet writes to app_logs: its driver, in the pinned version, from where that language has its packages. */
export interface Language {
  name: string;
  driver: string;
  /** Gets the driver. Throws where the language or its packages are not at hand. */
  fetch(): Promise<string>;
  /** Compiles the snippet where that has to be. Throws where it is wrong. */
  build(fetched: string): Promise<Program>;
  /** libpq's URL as the driver takes it. */
  url(libpq: string): string;
}

const layout = layoutOf(repository);
const folder = path.join(layout.folder, "clients");
const snippet = (...names: string[]) => path.join(repository, "clients", ...names);

/** All that a command wrote; throws it where the command fails. */
export async function must(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await capture(command, args, { timeout: 120_000, ...options });
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/** A folder of its own for each set of pins; one that is half filled has another name. */
export async function once(name: string, pins: string, fill: (target: string) => Promise<unknown>): Promise<string> {
  const target = path.join(folder, `${name}-${createHash("sha256").update(pins).digest("hex").slice(0, 12)}`);
  if (fs.existsSync(target)) return target;
  const partial = `${target}.partial`;
  makeFolder(layout);
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(partial, { recursive: true });
  await fill(partial);
  fs.renameSync(partial, target);
  return target;
}

const python: Language = {
  name: "Python",
  driver: "psycopg",
  async fetch() {
    const pins = snippet("python", "requirements.txt");
    const version = await must("python3", ["--version"]);
    return once("python", version + fs.readFileSync(pins, "utf8"), (target) =>
      must("python3", ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--target", target, "--requirement", pins]));
  },
  build: async (PYTHONPATH) => ({ command: "python3", args: [snippet("python", "logs.py")], env: { PYTHONPATH, PYTHONDONTWRITEBYTECODE: "1" } }),
  url: (libpq) => libpq,
};

// Without the caller's GOFLAGS, and cgo's compiler
const goEnv = { ...process.env, GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0" };
const go: Language = {
  name: "Go",
  driver: "pgx",
  async fetch() {
    await must("go", ["mod", "download"], { cwd: snippet("go"), env: goEnv });
    makeFolder(layout);
    return path.join(folder, "go", "logs");
  },
  async build(target) {
    await must("go", ["vet", "./..."], { cwd: snippet("go"), env: goEnv });
    await must("go", ["build", "-o", target, "./example"], { cwd: snippet("go"), env: goEnv });
    return { command: target, args: [] };
  },
  url: (libpq) => libpq,
};

export const java: Language = {
  name: "Java",
  driver: "JDBC",
  async fetch() {
    await must("javac", ["--version"]);
    const pins = snippet("java", "pom.xml");
    return once("java", fs.readFileSync(pins, "utf8"), (target) =>
      must("mvn", ["--batch-mode", "--quiet", "--strict-checksums", "--file", pins, `-Dmaven.repo.local=${path.join(folder, "maven")}`,
        "dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${target}`]));
  },
  async build(jars) {
    const classes = path.join(folder, "java-classes");
    const driver = path.join(jars, "*");
    await must("javac", ["-Xlint:all", "-Werror", "-d", classes, "-cp", driver, snippet("java", "Logs.java")]);
    return { command: "java", args: ["-cp", [driver, classes].join(path.delimiter), "Logs"] };
  },
  url: (libpq) => libpq.replace(/^(postgresql:\/\/)([^:]+):([^@]+)@([^?]+)\?/, "jdbc:$1$4?user=$2&password=$3&"),
};

export const languages = [python, go, java];
