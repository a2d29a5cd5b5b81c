import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../infra/config";
import { usage } from "../../ops/cli";

const root = path.join(__dirname, "../..");
const pages = fs.readdirSync(path.join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
const texts = ["README.md", "sql/README.md", "policy/README.md", ...pages];
const read = (page: string) => fs.readFileSync(path.join(root, page), "utf8");

describe("documentation", () => {
  it("has a door of at most nine kilobytes that leads to every page", () => {
    const door = read("README.md");
    assert.ok(Buffer.byteLength(door) <= 9 * 1024, `README.md has ${Buffer.byteLength(door)} bytes`);
    assert.deepEqual(pages.filter((page) => !door.includes(`(${page})`)), []);
  });

  for (const page of texts)
    it(`links to what is there: ${page}`, () => {
      const broken = links(read(page)).filter((target) => !isThere(page, target));
      assert.deepEqual(broken, []);
    });

  it("names commands that exist", () => {
    const known = new Set([...usage().matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name));
    const named = texts.flatMap((page) => [...read(page).matchAll(/npx pgha (\w+)/g)].map(([, name]) => `${page}: ${name}`));
    assert.deepEqual(named.filter((name) => !known.has(name.split(": ")[1])), []);
  });

  it("shows configurations that are valid", () => {
    const shown = texts.flatMap((page) => [...read(page).matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text]) => text));
    const clusters = shown.map((text) => parse(text)?.config?.["pgha:cluster"]).filter((cluster) => cluster !== undefined);
    assert.ok(clusters.length >= 2);
    for (const cluster of clusters) parseConfig(cluster, "dev", { memory: 16 * 2 ** 30, cores: 4 });
  });
});

function links(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** A file of the repository, with its heading where one is named. */
function isThere(page: string, target: string): boolean {
  const [file, anchor] = target.split("#");
  const found = file ? path.join(path.dirname(page), file) : page;
  if (!fs.existsSync(path.join(root, found))) return false;
  return !anchor || [...read(found).matchAll(/^#+ (.*)$/gm)].some(([, title]) => slug(title) === anchor);
}

function slug(title: string): string {
  return title.toLowerCase().replace(/[^\w\- ]/g, "").replace(/ /g, "-");
}
