import type { Availability } from "../../infra/cluster/forecast/availability";
import { Budget } from "../outputs";
import { Inputs, Operation, Preview, Step } from "./events";
import { byNumber, FileChange, fileChanges } from "./files";

/** What an update would do, as `npx pgha plan --json` prints it. No secret is in it: the engine masks them. */
export interface PlanReport {
  stack: string;
  /** It is not deployed yet. */
  new: boolean;
  counts: Record<Operation, number>;
  resources: { operation: Exclude<Operation, "same">; type: string; name: string; properties: string[] }[];
  /** Servers that are made anew, in the order in which they are: a group only after the one before it. */
  servers: { role: string; names: string[]; operation: "create" | "replace" | "delete" }[];
  settings: SettingChange[];
  files: FileChange[];
  /** What only a new cluster can have. */
  rebuilds: { key: string; from: string; to: string }[];
  budget?: { before?: Budget; after: Budget };
  /** By assumed figures of zones, hosts and nodes: infra/cluster/forecast/availability.ts. */
  availability?: { before?: Availability; after: Availability };
  /** Of a target that costs; a month. */
  cost?: { before?: Cost; after: Cost };
  warnings: string[];
}

export interface SettingChange {
  /** As Postgres or Patroni call it. */
  setting: string;
  /** "200 → 150: restart, primary first". */
  change: string;
  reach: "reload" | "restart";
}

export interface Cost {
  month: number;
  currency: string;
  /** Region and date of the prices. */
  prices: string;
}

/** The order in which services are made anew: the servers of Postgres wait for all others, and are watched to the end. */
const ranks = ["etcd", "haproxy", "pgbouncer", "edge", "backup", "postgres", "prometheus"];

const severity: Operation[] = ["delete", "replace", "update", "create"];

export function planReport(stack: string, isNew: boolean, { steps, outputs, warnings }: Preview): PlanReport {
  const counts = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
  for (const { operation } of steps) counts[operation] += 1;
  const { before, after } = outputs;
  return {
    stack,
    new: isNew,
    counts,
    resources: steps
      .flatMap(({ operation, type, name, properties }) => (operation === "same" ? [] : [{ operation, type, name, properties }]))
      .sort((a, b) => severity.indexOf(a.operation) - severity.indexOf(b.operation) || byNumber(a.name, b.name)),
    servers: servers(steps),
    settings: steps.flatMap(settings),
    files: fileChanges(steps),
    rebuilds: steps.flatMap(rebuilds),
    ...pair<Budget, "budget">("budget", before, after),
    ...pair<Availability, "availability">("availability", before, after),
    ...pair<Cost, "cost">("cost", before, after),
    warnings: [...new Set(warnings)],
  };
}

function pair<T, K extends string>(key: K, before: Inputs, after: Inputs): { [P in K]?: { before?: T; after: T } } {
  const [old, next] = [before[key], after[key]] as (T | undefined)[];
  return (next ? { [key]: { ...(old ? { before: old } : {}), after: next } } : {}) as { [P in K]?: { before?: T; after: T } };
}

function servers(steps: Step[]): PlanReport["servers"] {
  const groups: PlanReport["servers"] = [];
  for (const { type, name, operation, before, after } of steps) {
    if (!/:(Container|Instance)$/.test(type) || operation === "same" || operation === "update") continue;
    const role = roleOf(after ?? before ?? {});
    const group = groups.find((one) => one.role === role && one.operation === operation);
    if (group) group.names.push(name);
    else groups.push({ role, names: [name], operation });
  }
  for (const { names } of groups) names.sort(byNumber);
  return groups.sort((a, b) => ranks.indexOf(a.role) - ranks.indexOf(b.role));
}

/** A Docker label or an AWS tag. */
function roleOf({ labels, tags }: Inputs): string {
  const label = Array.isArray(labels) ? (labels as { label: string; value: string }[]).find((one) => one.label === "pgha.role")?.value : undefined;
  const marks = (tags ?? {}) as Record<string, string>;
  return label ?? marks["pgha.role"] ?? marks["pgha:role"] ?? "server";
}

/** infra/resources/dynamicSettings.ts says in `effect` what each change does, also of what somebody changed by hand. */
function settings({ type, operation, after }: Step): SettingChange[] {
  if (!type.endsWith(":DynamicSettings") || operation !== "update") return [];
  return Object.entries((after?.effect ?? {}) as Record<string, string>).map(([setting, change]) => ({
    setting: setting.replace("postgresql.parameters.", ""),
    change,
    reach: / restart(,|$)/.test(change) ? "restart" : "reload",
  }));
}

/** infra/resources/preflight.ts refuses these where there is data. */
function rebuilds({ type, before, after }: Step): PlanReport["rebuilds"] {
  if (!type.endsWith(":Preflight") || !before || !after) return [];
  const fixed = ({ fixed: list }: Inputs) => (list ?? []) as { key: string; value: string }[];
  return fixed(after).flatMap(({ key, value }) => {
    const old = fixed(before).find((one) => one.key === key)?.value;
    return old === undefined || old === value ? [] : [{ key, from: old, to: value }];
  });
}

/** Whether an update would change anything. */
export function hasChanges({ counts }: PlanReport): boolean {
  return counts.create + counts.update + counts.replace + counts.delete > 0;
}
