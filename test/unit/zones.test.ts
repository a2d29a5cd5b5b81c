import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Linter } from "eslint";
import tseslint from "typescript-eslint";

const project = path.join(__dirname, "../..");
const folders = ["infra", "policy", "ops", "clients", "tools", "bench"];
const IMPORTS = /(?:from\s+|import\s+|import\(|require\()["']([^"']+)["']/g;

interface Zones {
  zones: Record<string, { may: string[]; pulumi?: boolean }>;
  zonesRule: unknown;
}

describe("imports point one way", function () {
  this.timeout(60_000);
  let house: Zones;
  before(async () => void (house = (await import("../../lint/zones.mjs" as string)) as Zones));

  /** What the lint says of a file with this text. */
  function lint(file: string, text: string): string[] {
    const config = { files: ["**/*.ts"], languageOptions: { parser: tseslint.parser }, plugins: { house: { rules: { zones: house.zonesRule } } }, rules: { "house/zones": "error" } };
    return new Linter({ cwd: project }).verify(text, [config as unknown as Linter.Config], path.join(project, file)).map(({ message }) => message);
  }

  it("each zone refuses an import that it may not have, of whatever kind, and lets those through that it may", () => {
    for (const [zone, { may, pulumi }] of Object.entries(house.zones)) {
      const file = `${zone}/seeded.ts`;
      const to = (target: string) => path.posix.relative(zone, target);
      const forbidden = to("bench/up");
      for (const text of [
        `import { a } from "${forbidden}"; a();`, `import type { A } from "${forbidden}"; export let a: A;`, `export * from "${forbidden}";`,
        `require("${forbidden}");`, `export type A = typeof import("${forbidden}");`, `void import("${forbidden}");`,
      ]) assert.equal(lint(file, text).length, 1, `${zone}: ${text}`);
      for (const target of may) assert.deepEqual(lint(file, `import "${to(target)}/a";`), [], `${zone}: ${target}`);
      assert.equal(lint(file, 'import "@pulumi/pulumi";').length, pulumi ? 0 : 1, `${zone}: @pulumi`);
    }
  });

  it("no zone may what would close a circle of zones", () => {
    const names = Object.keys(house.zones).filter((name) => name !== "infra/stack");
    const reach = (from: string, seen: string[] = []): string[] =>
      house.zones[from].may.filter((to) => names.includes(to) && !seen.includes(to)).flatMap((to) => [to, ...reach(to, [...seen, to])]);
    for (const name of names) assert.ok(!reach(name).includes(name), name);
  });

  it("no file imports itself by way of others", () => assert.deepEqual(circles(graph()), []));
});

function graph(): Map<string, string[]> {
  const files = folders.flatMap((folder) => fs.readdirSync(path.join(project, folder), { recursive: true, encoding: "utf8" }).map((name) => path.join(folder, name)))
    .filter((name) => /\.(ts|js)$/.test(name) && !name.includes("node_modules"));
  const known = new Set(files);
  return new Map(files.map((file) => {
    const imported = [...fs.readFileSync(path.join(project, file), "utf8").matchAll(IMPORTS)].flatMap(([, specifier]) => {
      const to = path.join(path.dirname(file), specifier);
      return specifier.startsWith(".") ? [to, `${to}.ts`, `${to}.js`, path.join(to, "index.ts")].filter((name) => known.has(name)).slice(0, 1) : [];
    });
    return [file, imported];
  }));
}

/** Ways that lead back to where they began. */
function circles(imports: Map<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: string[]): void => {
    if (way.includes(file)) return void found.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}
