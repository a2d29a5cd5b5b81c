import * as path from "node:path";
import { UserError } from "../../tools/errors";
import { follow } from "../../tools/process";
import { commonOptions, parseCount, parseWords, UsageError } from "../arguments";
import { canDelay, canPart } from "../drill/packets";
import { Scenario } from "../drill/scenario";
import { scenarios } from "../drill/scenarios";
import { healSession, Outcome, runSession } from "../drill/session";
import { summarize } from "../drill/summary";
import { notesFile, refuseByNotes, Refusal } from "../drill/undo";
import { torture } from "../drill/torture";
import { viewDrill } from "../drill/view";
import { Outputs, readStack } from "../outputs";
import { confirmed } from "../prompt";
import { collectStatus } from "../status/collect";
import { print, say, screenOf } from "../terminal";

export const summary = "breaks one thing at a time while clients write, and proves what that costs";

const list = (of: Record<string, Scenario>) => Object.entries(of).map(([name, { title }]) => `  ${name.padEnd(28)} ${title}`).join("\n");

export const usage = `npx pgha drill <scenario…|all|torture> --yes <cluster> [options]
npx pgha drill --during "<command>" --yes <cluster> [options]
npx pgha drill --heal

Writes and reads through PgBouncer, HAProxy and straight to the nodes, breaks something, heals it, and looks for every
row that was acknowledged. It really breaks the cluster that it runs on: it has to be told its name. Ctrl-C heals at once;
after a drill that was killed itself, --heal undoes what that one had written down.
Leaves a page with timelines, the figures as JSON, and each answer that a client got in .pgha/drills/<time>/.

${list(scenarios)}

torture, some 12 minutes: what hurts, and is no reason to give a healthy primary up

${list(torture)}

  --yes <cluster>    the name of the cluster to break; without it, you are asked
  --during <command> watches while this command changes the cluster, as "npm run up" does: no client may get an error
  --heal             undoes what a drill left broken that ended before it could
  --runs <n>         each scenario so often (1); the table has medians and the worst
  --writers <n>      clients on each write path (4)
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs; its shape is Result and Summary in ops/drill/

Exit codes: 0 all passed, 1 error, 2 wrong usage, 3 refused, interrupted, over budget or failed.
`;

const options = {
  ...commonOptions,
  yes: { type: "string" },
  during: { type: "string" },
  heal: { type: "boolean", default: false },
  runs: { type: "string", default: "1" },
  writers: { type: "string", default: "4" },
} as const;

export async function run(args: string[]): Promise<number> {
  const { values, words } = parseWords("drill", args, options);
  const chosen = values.heal ? [] : values.during === undefined ? chooseScenarios(words) : [during(values.during, words)];
  const [runs, writers] = [parseCount("drill", "--runs", values.runs, 100), parseCount("drill", "--writers", values.writers, 50)];
  const { stack, outputs, root } = await readStack(values.stack);
  try {
    if (values.heal) return await heal(outputs, root);
    const refusal = await reasonToRefuse(outputs, { stack, root }, values.yes);
    if (refusal) return say(`refused: ${refusal}`), 3;
    const scenarios = await ableOf(chosen);
    return conclude(outputs, await runSession({ stack, outputs, root, scenarios, runs, writers }), values.json);
  } catch (error) {
    if (error instanceof Refusal) return say(`refused: ${error.message}\n  ${error.remedy}`), 3;
    throw error;
  }
}

async function heal(outputs: Outputs, root: string): Promise<number> {
  const healed = await healSession(outputs, root);
  say(healed.length ? "everything that was broken is mended; see pgha status" : "no drill left anything broken");
  return 0;
}

/** Shows what came of it; returns the exit code. */
function conclude({ cluster }: Outputs, { folder, results, interrupted, broken, failure }: Outcome, json: boolean): number {
  const figures = { cluster: cluster.name, folder, summary: summarize(results), results };
  const page = path.join(folder, "drill.html");
  if (json || results.length) print(json, figures, () => `\n${viewDrill(results, screenOf(process.stdout))}\n  ${page}\n`);
  if (failure instanceof Refusal) throw failure;
  if (interrupted && broken.length === 0) return say("everything that was broken is mended; see pgha status"), 3;
  const remedy = broken.length ? "npx pgha drill --heal" : "npx pgha status";
  if (failure) throw new UserError(`the drill was broken off: ${failure.message}`, remedy);
  return results.every(({ verdict }) => verdict.level === "passed") ? 0 : 3;
}

/** Those that can be made here; says which are left out, and why. */
async function ableOf(chosen: [string, Scenario][]): Promise<[string, Scenario][]> {
  const can = { network: await canPart(), netem: await canDelay() };
  const able = chosen.filter(([, { needs }]) => !needs || can[needs]);
  for (const [left, { needs }] of chosen.filter((one) => !able.includes(one)))
    say(`left out: ${left} needs root, nsenter and iptables beside the containers${needs === "netem" ? ", and netem in their kernel" : ""}`);
  return able;
}

/** Names to scenarios; "all" and "torture" are all of a kind. */
export function chooseScenarios(names: string[]): [string, Scenario][] {
  const kinds = { all: scenarios, torture };
  const known: Record<string, Scenario> = { ...scenarios, ...torture };
  const unknown = names.find((name) => !Object.hasOwn(kinds, name) && !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new UsageError(`there is no scenario "${unknown}"; there are ${Object.keys({ ...known, ...kinds }).join(", ")}`, "npx pgha drill --help");
  if (names.length === 0) throw new UsageError("drill needs to be told what to break: a scenario, or all", "npx pgha drill --help");
  const isChosen = (name: string) => names.includes(name) || Object.entries(kinds).some(([kind, of]) => names.includes(kind) && Object.hasOwn(of, name));
  return Object.entries(known).filter(([name]) => isChosen(name));
}

/** A change of the cluster as a scenario: planned, so that clients of the poolers may see pauses and no errors. */
function during(command: string, words: string[]): [string, Scenario] {
  if (words.length > 0) throw new UsageError(`--during and ${words[0]} do not go together`, "npx pgha drill --help");
  return ["during", { title: `while ${command}`, heals: "by itself", hold: 0, planned: true, break: () => runShell(command) }];
}

async function runShell(command: string): Promise<void> {
  const [shell, option] = process.platform === "win32" ? ["cmd", "/c"] : ["sh", "-c"];
  const code = await follow(shell, [option, command], { stdio: ["ignore", process.stderr, process.stderr] });
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

/** Why nothing may be broken here; undefined when it may. */
async function reasonToRefuse(outputs: Outputs, { stack, root }: { stack: string; root: string }, named: string | undefined): Promise<string | undefined> {
  const { name, target } = outputs.cluster;
  if (target !== "docker") return `drills break containers; this stack's target is ${target}`;
  if (named !== undefined && named !== name) return `--yes names ${named}, but this stack's cluster is ${name}`;
  // What an earlier drill left broken is why it is not healthy
  refuseByNotes(notesFile(root, name));
  const { verdict } = await collectStatus(outputs, stack);
  if (verdict.level !== "healthy") return [`the cluster is not healthy: ${verdict.summary}`, ...verdict.problems].join("\n  ");
  if (named === undefined && !(await confirmed(`This breaks ${name} for real. Type its name to go on: `, name))) return `not confirmed: name the cluster with --yes ${name}`;
  return undefined;
}
