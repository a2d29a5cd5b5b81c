import * as path from "node:path";
import { rules } from "../../../policy/rules";
import { assertTable } from "../support/readmeTable";

describe("the policies' README", () => {
  it("lists every rule with its reason and remedy", () => {
    const row = (rule: (typeof rules)[number]) => `| \`${rule.name}\`${"programOnly" in rule && rule.programOnly ? " ¹" : ""} | ${rule.reason} | ${rule.remedy} |`;
    const table = ["| Rule | Because | Remedy |", "| --- | --- | --- |", ...rules.map(row), ""].join("\n");
    assertTable(path.join(__dirname, "../../../policy/README.md"), "rules", table);
  });
});
