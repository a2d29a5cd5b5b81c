import { Operation } from "./events";
import { hasChanges, PlanReport, SettingChange } from "./report";

const verbs: [Operation, string][] = [["create", "to create"], ["update", "to update"], ["replace", "to replace"], ["delete", "to delete"]];

/** "stack dev: 2 to update, 5 to replace, 47 unchanged". */
export function countsLine(report: PlanReport): string {
  const { stack, counts } = report;
  const parts = verbs.filter(([operation]) => counts[operation] > 0).map(([operation, words]) => `${counts[operation]} ${words}`);
  const unchanged = counts.same > 0 ? [`${counts.same} unchanged`] : [];
  if (!hasChanges(report)) return `stack ${stack}: nothing changes (${counts.same} resources)`;
  return `stack ${stack}${report.new ? ", not deployed yet" : ""}: ${[...parts, ...unchanged].join(", ")}`;
}

/** Restarts first, then by name. */
export function settingRank(a: SettingChange, b: SettingChange): number {
  return a.reach === b.reach ? a.setting.localeCompare(b.setting) : a.reach === "restart" ? -1 : 1;
}

/** How the restarts go, in a line. */
export function restartLine({ settings, servers }: PlanReport): string[] {
  const restarts = settings.filter(({ reach }) => reach === "restart");
  if (restarts.length === 0) return [];
  if (servers.some(({ role, operation }) => role === "postgres" && operation === "replace"))
    return ["the servers are made anew before; what waits for a restart then, is restarted one at a time"];
  const first = restarts.some(({ change }) => change.endsWith("primary first")) ? "the primary first, then the standbys" : "the standbys first, then the primary";
  return [`Postgres restarts one server at a time, ${first}; writers wait at the poolers meanwhile`];
}

/** What clients notice of a server that is made anew, or goes. */
const costs: Record<string, string> = {
  haproxy: "; each ends the sessions of those that connect to it directly, the poolers go on with another",
  pgbouncer: "; each ends the connections of its clients, whose statements of that moment fail",
};
const replaced: Record<string, string> = { ...costs, postgres: "; the one that is primary hands over before" };
const gone: Record<string, string> = { ...costs, postgres: "; one that is primary hands over before (on EC2 it does not: npx pgha switchover first)" };

export function serverLines({ servers, new: isNew }: PlanReport): string[] {
  return servers.map(({ role, names, operation }, index) => {
    const cost = (operation === "create" ? {} : operation === "delete" ? gone : replaced)[role] ?? "";
    const verb = operation === "create" ? (isNew ? "" : "new: ") : operation === "delete" ? "goes: " : "";
    return `${index + 1}  ${verb}${names.join(", ")}${cost}`;
  });
}

const seconds = (value: number | null | undefined, until?: string) => (value === undefined ? "-" : value === null ? (until ? `until ${until}` : "no end") : `${value} s`);

/** Failures whose bound changes; of a stack that is new the longest ones. [title, typical, worst] */
export function budgetRows({ budget }: PlanReport): [string, string, string][] {
  if (!budget) return [];
  const { before, after } = budget;
  const order = (value: number | null) => value ?? Infinity;
  if (!before)
    return [...after.failures].sort((a, b) => order(b.worst) - order(a.worst)).slice(0, 3).map(({ title, typical, worst, until }) => [title, seconds(typical), seconds(worst, until)]);
  return after.failures.flatMap(({ failure, title, typical, worst, until }) => {
    const old = before.failures.find((one) => one.failure === failure);
    if (old && old.typical === typical && old.worst === worst) return [];
    const change = (from: string, to: string): string => (from === to ? to : `${from} → ${to}`);
    return [[title, change(seconds(old?.typical), seconds(typical)), change(seconds(old?.worst, old?.until), seconds(worst, until))] as [string, string, string]];
  });
}

/** Where no bound changes: what it stays. */
export function budgetLine(report: PlanReport): string[] {
  const { budget } = report;
  if (!budget?.before || budgetRows(report).length > 0) return [];
  const [{ title, worst, until }] = [...budget.after.failures].sort((a, b) => (b.worst ?? Infinity) - (a.worst ?? Infinity));
  return [`as before: at worst ${seconds(worst, until)}, when ${title}`];
}

/** What to expect of the topology, by the figures that it assumes, and how the next target is reached. */
export function availabilityLines({ availability }: PlanReport): string[] {
  if (!availability) return [];
  const { before, after } = availability;
  const was = before && before.percent !== after.percent ? `${before.percent} % → ` : "";
  const next = after.targets.find(({ met }) => !met);
  return [
    `${was}${after.percent} %: down ${after.downHoursPerYear} h a year, ${after.downMinutesPerMonth} min a month, failovers left out (zone 99.95 %, host 99.9 %, node 99.5 % assumed)`,
    ...(next ? [`for ${next.percent} %: ${next.advice}`] : []),
  ];
}

/** All of a few names, the first ones of many. */
export function names(all: string[]): string {
  return all.length <= 4 ? all.join(", ") : `${all.slice(0, 2).join(", ")} and ${all.length - 2} more`;
}

/** One line of a difference, cut where it would fill screens. */
export function shorten(line: string): string {
  return line.length > 240 ? `${line.slice(0, 239)}…` : line;
}

export function costLine({ cost }: PlanReport): string[] {
  if (!cost) return [];
  const { before, after } = cost;
  const now = `${after.month} ${after.currency} a month, on demand, without traffic and backups (prices: ${after.prices})`;
  if (!before || before.month === after.month) return [now];
  const difference = after.month - before.month;
  return [`${before.month} → ${now}: ${difference > 0 ? "+" : "−"}${Math.abs(difference)}`];
}
