import * as path from "node:path";
import { z } from "zod";
import { failureBudgets } from "../../infra/cluster/forecast/budget";
import { Mode } from "../../infra/cluster/spec";
import { planTimers, Preset } from "../../infra/cluster/timers";
import { schema } from "../../infra/config";
import { assertTable } from "./support/readmeTable";

describe("the tables of docs/", () => {
  it("lists every configuration key with its default", () => {
    assertTable(path.join(__dirname, "../../docs/configuration.md"), "configuration", table());
  });

  it("states the write outages that are computed from the timers", () => {
    assertTable(path.join(__dirname, "../../docs/failures.md"), "budget", outages());
  });
});

function outages(): string {
  const of = (mode: Mode, preset?: Preset) => failureBudgets(planTimers(mode, { preset }), mode, { etcd: 3, proxies: 2, poolers: 2 });
  const [fast, patient, common, asynchronous] = [of("quorum"), of("quorum", "patient"), of("quorum", "common"), of("asynchronous")];
  const lines = fast.map(({ title, typical, worst }, index) => {
    const others = [patient, common, asynchronous].map((budgets) => `${budgets[index].typical} s, ${budgets[index].worst} s`);
    return `| ${title} | ${typical} s | ${worst} s | ${others.join(" | ")} | ${asynchronous[index].mayLose} |\n`;
  });
  const titles = "| When | typical | worst | `preset: patient` | `preset: common` | `asynchronous` | … may lose |\n";
  return `${titles}| --- | --- | --- | --- | --- | --- | --- |\n${lines.join("")}`;
}

function table(): string {
  const { properties } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as any;
  return ["| Key | Default | Meaning |", "| --- | --- | --- |", ...rows(properties, ""), ""].join("\n");
}

function rows(properties: Record<string, any>, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const key = prefix + name;
    const inner = node.properties ?? node.items?.properties;
    const below = inner ? rows(inner, node.properties ? `${key}.` : `${key}[].`) : [];
    return node.properties && !node.description ? below : [`| \`${key}\` | ${defaultOf(node)} | ${node.description}${values(node)} |`, ...below];
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
