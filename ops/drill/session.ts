import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDocker, dockerHost } from "../../tools/engine/docker";
import type { Outputs } from "../outputs";
import { collectStatus } from "../status/collect";
import { say } from "../terminal";
import { renderPage } from "./page";
import type { Result } from "./result";
import { Drill, drillOnce, Run, settleAgain } from "./run";
import { Scenario } from "./scenario";
import { Site } from "./site";
import { summarize } from "./summary";
import { dropTables, makeTables } from "./tables";
import { beginNotes, endNotes, notesFile, refuseBesideAnother, Refusal, UndoList } from "./undo";
import { AddressBook, reachable } from "./ways";

/** What is asked of a drill. */
export interface Session {
  stack: string;
  outputs: Outputs;
  /** Of the project. */
  root: string;
  scenarios: [name: string, scenario: Scenario][];
  runs: number;
  writers: number;
}

/** What came of it. */
export interface Outcome {
  /** Where page, figures and ledgers lie. */
  folder: string;
  results: Result[];
  interrupted: boolean;
  /** What is still broken. */
  broken: string[];
  failure?: Error;
}

/** A closed terminal or a lost ssh session heals as Ctrl-C does. */
const signals: NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

const log = (text: string) => say(`${new Date().toTimeString().slice(0, 8)} ${text}`);

/** Runs scenario after scenario, and heals whatever happens. Throws a Refusal where it may not begin. */
export async function runSession(session: Session): Promise<Outcome> {
  const { outputs, root } = session;
  const notes = notesFile(root, outputs.cluster.name);
  beginNotes(notes);
  const site = siteOf(outputs, notes);
  const hosts = outputs.cluster.postgres.map(({ host }) => host);
  const near = await reachable([...(await site.addresses(hosts)).values()]);
  if (!near) log("the containers' addresses are out of reach from here: no direct path, and nobody watches whether two nodes take writes");
  const folder = path.join(root, ".pgha", "drills", new Date().toISOString().slice(0, 19).replace(/:/g, "-"));
  fs.mkdirSync(folder, { recursive: true });
  const book = near ? new AddressBook(site, hosts) : undefined;
  await book?.refresh();
  const interrupted = new AbortController();
  const onSignal = () => (log(interrupted.signal.aborted ? "still healing" : "interrupted: healing"), interrupted.abort());
  signals.forEach((signal) => process.on(signal, onSignal));
  const { writers } = session;
  const done: Run[] = [];
  try {
    const failure = await runAll(session, { outputs, site, book, folder, writers, signal: interrupted.signal, progress: log }, done);
    const unhealed = await site.heal().then(() => undefined, (error: Error) => error);
    const results = await settleAgain(outputs, done).catch(() => done.map(({ result }) => result));
    if (results.length) save(folder, outputs, results);
    if (!(failure instanceof Refusal)) await clearUp(outputs);
    return { folder, results, interrupted: interrupted.signal.aborted, broken: site.broken, failure: unhealed ?? failure };
  } finally {
    book?.close();
    endNotes(notes);
    signals.forEach((signal) => process.off(signal, onSignal));
  }
}

/** Fills `done`; what broke it off is returned. */
async function runAll({ stack, scenarios, runs }: Session, drill: Drill, done: Run[]): Promise<Error | undefined> {
  try {
    await makeTables(drill.outputs);
    for (let round = 1; round <= runs; round++)
      for (const [name, scenario] of scenarios) {
        if (done.length) await untilHealthy(drill.outputs, stack, drill.signal);
        done.push(await drillOnce(drill, name, scenario, done.length + 1));
        save(drill.folder, drill.outputs, done.map(({ result }) => result));
      }
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Undoes what an earlier drill wrote down and did not heal; returns what that was. */
export async function healSession(outputs: Outputs, root: string): Promise<string[]> {
  const notes = notesFile(root, outputs.cluster.name);
  refuseBesideAnother(notes);
  const site = siteOf(outputs, notes);
  const { broken } = site;
  for (const what of broken) log(`healing: ${what}`);
  await site.heal();
  if (broken.length > 0) await clearUp(outputs);
  endNotes(notes);
  return broken;
}

async function clearUp(outputs: Outputs): Promise<void> {
  await dropTables(outputs).catch((error: Error) => log(`the schema pgha_drill could not be dropped: ${error.message}`));
}

function siteOf({ cluster }: Outputs, notes: string): Site {
  const { name, etcd, postgres, haproxy, pgbouncer } = cluster;
  const hosts = [etcd, postgres, haproxy, pgbouncer].flat().map(({ host }) => host);
  return new Site(connectDocker(dockerHost(process.env)), name, hosts, new UndoList(notes));
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
