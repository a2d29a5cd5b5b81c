import * as fs from "node:fs";
import * as path from "node:path";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import { counted } from "../words";
import { unlessMissing } from "./docker";
import type { EngineEnvironment } from "./index";

/** Versions by package, by container. */
export type Installed = Record<string, Record<string, string>>;

/** What is installed in the first container of each kind; none in what is not there. */
export async function installed(cluster: string, docker: Docker): Promise<Installed> {
  const names = ["etcd", "haproxy", "pgbouncer", "postgres"].map((kind) => `${cluster}-${kind}-1`);
  const found = await Promise.all(names.map(async (name) => [name, await packagesOf(docker.getContainer(name))] as const));
  return Object.fromEntries(found);
}

async function packagesOf(container: Docker.Container): Promise<Record<string, string>> {
  const archive = await unlessMissing(container.getArchive({ path: "/var/lib/dpkg/status" }));
  if (archive === undefined) return {};
  const unpack = extract();
  let text = "";
  unpack.on("entry", (_header, content, next) => {
    content.on("data", (chunk: Buffer) => void (text += chunk.toString()));
    content.on("end", next);
  });
  await new Promise<void>((resolve, reject) => {
    archive.on("error", reject).pipe(unpack).on("finish", resolve).on("error", reject);
  });
  return parseStatus(text);
}

/** Reads dpkg's status: what is installed, not what left its configuration behind. */
export function parseStatus(text: string): Record<string, string> {
  const paragraphs = text.split("\n\n").filter((paragraph) => /^Status: .* installed$/m.test(paragraph));
  const field = (name: string, paragraph: string) => new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1] ?? "";
  return Object.fromEntries(paragraphs.map((paragraph) => [field("Package", paragraph), field("Version", paragraph)]));
}

/** "openssl 3.6.0-1 → 3.6.0-2", each once, whichever containers have it; what came or went, too. */
export function changes(before: Installed, after: Installed): string[] {
  const lines = Object.entries(after).flatMap(([container, packages]) => {
    const old = before[container] ?? {};
    const names = [...new Set([...Object.keys(old), ...Object.keys(packages)])];
    return names.filter((name) => old[name] !== packages[name]).map((name) => `${name} ${old[name] ?? "none"} → ${packages[name] ?? "none"}`);
  });
  return [...new Set(lines)].sort();
}

interface Renewed {
  stack: string;
  cluster: string;
  docker: Docker;
  engine: EngineEnvironment;
}

/** Writes down what is installed now, and says what is another version than before. */
export async function recordRenewal(before: Installed, { stack, cluster, docker, engine }: Renewed): Promise<string> {
  const after = await installed(cluster, docker);
  const file = path.join(engine.layout.stack(stack), "packages.json");
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify({ renewed: engine.env.PGHA_RENEW, packages: after }, null, 2)}\n`);
  const lines = changes(before, after);
  const shown = lines.length > 0 ? lines.map((line) => `\n    ${line}`).join("") : "";
  return `${lines.length > 0 ? counted(lines.length, "package") : "no package"} in another version; all of them: ${path.relative(engine.root, file)}${shown}`;
}
