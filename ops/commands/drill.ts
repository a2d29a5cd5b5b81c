import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDocker, dockerHost } from "../../tools/engine/docker";
import { UserError } from "../../tools/errors";
import { follow } from "../../tools/process";
import { commonOptions, parseCount, parseWords, UsageError } from "../arguments";
import { AddressBook, reachable } from "../drill/ways";
import { renderPage } from "../drill/page";
import { canDelay, canPart } from "../drill/packets";
import { Result } from "../drill/report";
import { Drill, drillOnce } from "../drill/run";
import { Scenario } from "../drill/scenario";
import { scenarios } from "../drill/scenarios";
import { Site } from "../drill/site";
import { summarize } from "../drill/summary";
import { dropTables, makeTables } from "../drill/tables";
import { torture } from "../drill/torture";
import { viewDrill } from "../drill/view";
import { Outputs, readStack } from "../outputs";
import { confirmed } from "../prompt";
import { collectStatus } from "../status/collect";
import { screenOf } from "../terminal";

export const summary = "breaks one thing at a time while clients write, and proves what that costs";

const list = (of: Record<string, Scenario>) => Object.entries(of).map(([name, { title }]) => `  ${name.padEnd(28)} ${title}`).join("\n");

export const usage = `npx pgha drill <scenario…|all|torture> --yes <cluster> [options]
npx pgha drill --during "<command>" --yes <cluster> [options]

Writes and reads through PgBouncer, HAProxy and straight to the nodes, breaks something, heals it, and looks for every
row that was acknowledged. It really breaks the cluster that it runs on: it has to be told its name. Ctrl-C heals at once.
Leaves a page with timelines, the figures as JSON, and each answer that a client got in .pgha/drills/<time>/.

${list(scenarios)}

torture, some 12 minutes: what hurts, and is no reason to give a healthy primary up

${list(torture)}

  --yes <cluster>    the name of the cluster to break; without it, you are asked
  --during <command> watches while this command changes the cluster, as "npm run up" does: no client may get an error
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
  runs: { type: "string", default: "1" },
  writers: { type: "string", default: "4" },
} as const;

export async function run(args: string[]): Promise<number> {
  const { values, words } = parseWords("drill", args, options);
  const chosen = values.during === undefined ? chooseScenarios(words) : [during(values.during, words)];
  const [runs, writers] = [parseCount("drill", "--runs", values.runs, 100), parseCount("drill", "--writers", values.writers, 50)];
  const { stack, outputs, root } = await readStack(values.stack);
  const say = (text: string) => void process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${text}\n`);
  const refusal = await reasonToRefuse(outputs, stack, values.yes);
  if (refusal) return say(`refused: ${refusal}`), 3;

  const { name, etcd, postgres, haproxy, pgbouncer } = outputs.cluster;
  const site = new Site(connectDocker(dockerHost(process.env)), name, [etcd, postgres, haproxy, pgbouncer].flat().map(({ host }) => host));
  const hosts = postgres.map(({ host }) => host);
  const near = await reachable([...(await site.addresses(hosts)).values()]);
  if (!near) say("the containers' addresses are out of reach from here: no direct path, and nobody watches whether two nodes take writes");
  const can = { network: await canPart(), netem: await canDelay() };
  const able = chosen.filter(([, { needs }]) => !needs || can[needs]);
  for (const [left, { needs }] of chosen.filter((one) => !able.includes(one)))
    say(`left out: ${left} needs root, nsenter and iptables beside the containers${needs === "netem" ? ", and netem in their kernel" : ""}`);

  const folder = path.join(root, ".pgha", "drills", new Date().toISOString().slice(0, 19).replace(/:/g, "-"));
  fs.mkdirSync(folder, { recursive: true });
  const book = near ? new AddressBook(site, hosts) : undefined;
  await book?.refresh();
  const interrupted = new AbortController();
  const onSignal = () => (say(interrupted.signal.aborted ? "still healing" : "interrupted: healing"), interrupted.abort());
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const drill: Drill = { outputs, site, book, folder, writers, signal: interrupted.signal, progress: say };
  const results: Result[] = [];
  let failure: Error | undefined;
  try {
    await makeTables(outputs);
    for (let run = 1; run <= runs; run++)
      for (const [scenario, what] of able) {
        if (results.length) await untilHealthy(outputs, stack, interrupted.signal);
        results.push(await drillOnce(drill, scenario, what, (run - 1) * able.length + able.findIndex(([one]) => one === scenario) + 1));
        save(folder, outputs, results);
      }
  } catch (error) {
    failure = error as Error;
  } finally {
    await site.heal().catch((error: Error) => (failure = error));
    await dropTables(outputs).catch((error: Error) => say(`the schema pgha_drill could not be dropped: ${error.message}`));
    book?.close();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ cluster: name, folder, summary: summarize(results), results }, null, 2)}\n`);
  else if (results.length) process.stdout.write(`\n${viewDrill(results, screenOf(process.stdout))}\n  ${path.join(folder, "drill.html")}\n`);
  if (interrupted.signal.aborted && !/could not be healed/.test(failure?.message ?? "")) return say("everything that was broken is started again; see pgha status"), 3;
  if (failure) throw new UserError(`the drill was broken off: ${failure.message}`, "npx pgha status");
  return results.every(({ verdict }) => verdict.level === "passed") ? 0 : 3;
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
async function reasonToRefuse(outputs: Outputs, stack: string, named: string | undefined): Promise<string | undefined> {
  const { name, target } = outputs.cluster;
  if (target !== "docker") return `drills break containers; this stack's target is ${target}`;
  if (named !== undefined && named !== name) return `--yes names ${named}, but this stack's cluster is ${name}`;
  const { verdict } = await collectStatus(outputs, stack);
  if (verdict.level !== "healthy") return [`the cluster is not healthy: ${verdict.summary}`, ...verdict.problems].join("\n  ");
  if (named === undefined && !(await confirmed(`This breaks ${name} for real. Type its name to go on: `, name))) return `not confirmed: name the cluster with --yes ${name}`;
  return undefined;
}

async function untilHealthy(outputs: Outputs, stack: string, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + 120_000; ;) {
    signal.throwIfAborted();
    const { verdict } = await collectStatus(outputs, stack);
    if (verdict.level === "healthy") return;
    if (Date.now() > deadline) throw new Error([verdict.summary, ...verdict.problems].join("; "));
    await sleep(1000, undefined, { signal });
  }
}

function save(folder: string, outputs: Outputs, results: Result[]): void {
  const { name } = outputs.cluster;
  fs.writeFileSync(path.join(folder, "drill.json"), JSON.stringify({ cluster: name, summary: summarize(results), results }, null, 2));
  fs.writeFileSync(path.join(folder, "drill.html"), renderPage(name, results));
}
