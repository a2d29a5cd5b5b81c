import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { schema } from "../../infra/config";

const README = path.join(__dirname, "../../README.md");
const [START, END] = [/<!-- configuration:.*-->\n/, "<!-- /configuration -->"];

describe("README", () => {
  it("lists every configuration key with its default", () => {
    const text = fs.readFileSync(README, "utf8");
    const start = text.search(START) + text.match(START)![0].length;
    const wanted = `${text.slice(0, start)}${table()}${text.slice(text.indexOf(END))}`;
    if (process.env.UPDATE_GOLDEN) fs.writeFileSync(README, wanted);
    assert.equal(fs.readFileSync(README, "utf8"), wanted);
  });
});

function table(): string {
  const { properties } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as any;
  return ["| Key | Default | Meaning |", "| --- | --- | --- |", ...rows(properties, ""), ""].join("\n");
}

function rows(properties: Record<string, any>, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const key = prefix + name;
    if (node.properties && !node.description) return rows(node.properties, `${key}.`);
    const line = `| \`${key}\` | ${defaultOf(node)} | ${node.description}${values(node)} |`;
    return node.items?.properties ? [line, ...rows(node.items.properties, `${key}[].`)] : [line];
  });
}

function defaultOf({ default: value }: any): string {
  if (value === undefined) return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function values(node: any): string {
  const list = node.enum ?? node.anyOf?.flatMap((inner: any) => (inner.const === undefined ? [] : [inner.const]));
  return list?.length > 1 ? `: ${list.map((value: unknown) => `\`${value}\``).join(", ")}` : "";
}
