import assert from "node:assert/strict";
import * as fs from "node:fs";

/** The table between the comments `<!-- name:…` and `<!-- /name -->` of a file is `table`. UPDATE_GOLDEN=1 writes it anew. */
export function assertTable(file: string, name: string, table: string): void {
  const text = fs.readFileSync(file, "utf8");
  const [before] = new RegExp(`^[^]*?<!-- ${name}:.*-->\n`).exec(text)!;
  const wanted = `${before}${table}${text.slice(text.indexOf(`<!-- /${name} -->`))}`;
  if (process.env.UPDATE_GOLDEN) fs.writeFileSync(file, wanted);
  assert.equal(fs.readFileSync(file, "utf8"), wanted);
}
