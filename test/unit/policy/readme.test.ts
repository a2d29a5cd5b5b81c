import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { rules } from "../../../policy/rules";

const README = path.join(__dirname, "../../../policy/README.md");
const [START, END] = [/<!-- rules:.*-->\n/, "<!-- /rules -->"];

describe("the policies' README", () => {
  it("lists every rule with its reason and remedy", () => {
    const text = fs.readFileSync(README, "utf8");
    const start = text.search(START) + text.match(START)![0].length;
    const row = (rule: (typeof rules)[number]) => `| \`${rule.name}\`${"programOnly" in rule && rule.programOnly ? " ¹" : ""} | ${rule.reason} | ${rule.remedy} |`;
    const table = ["| Rule | Because | Remedy |", "| --- | --- | --- |", ...rules.map(row), ""].join("\n");
    const wanted = `${text.slice(0, start)}${table}${text.slice(text.indexOf(END))}`;
    if (process.env.UPDATE_GOLDEN) fs.writeFileSync(README, wanted);
    assert.equal(fs.readFileSync(README, "utf8"), wanted);
  });
});
