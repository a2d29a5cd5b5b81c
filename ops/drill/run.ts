import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outputs } from "../outputs";
import { expect } from "./budget";
import { Checker } from "./checker";
import { Ledger } from "./ledger";
import { Redundancy } from "./redundancy";
import type { Result } from "./result";
import { report } from "./report";
import { Scenario } from "./scenario";
import { Site } from "./site";
import { describeStage } from "./stage";
import { readRows } from "./tables";
import { judge } from "./verdict";
import { Watcher } from "./watcher";
import { AddressBook, connectDirect, waysOf } from "./ways";

/** Everything that runs share. */
export interface Drill {
  outputs: Outputs;
  site: Site;
  /** Absent where the containers' addresses are out of reach. */
  book?: AddressBook;
  /** Where ledgers are kept. */
  folder: string;
  writers: number;
  signal: AbortSignal;
  progress(text: string): void;
}

/** A run, and what its clients were told. */
export interface Run {
  result: Result;
  ledger: Ledger;
}

/** Before the fault, and after each turn, so that the timeline shows both sides of it. Milliseconds. */
const calm = 4000;
const tail = 2000;
/** How long writes, and full redundancy, may take to come back. Milliseconds. */
const limit = { writes: 120_000, redundancy: 300_000 };

/** Breaks one thing while clients write and read, heals it, and says what they saw. Throws when called off; the caller heals then. */
export async function drillOnce(drill: Drill, name: string, scenario: Scenario, run: number): Promise<Run> {
  const { outputs, site, book, signal } = drill;
  const progress = (text: string) => drill.progress(`${name}: ${text}`);
  const started = new Date().toISOString();
  const ledger = new Ledger(path.join(drill.folder, `${name}-${run}.ndjson`));
  const { now } = ledger;
  const ways = waysOf(outputs, book);
  const checker = new Checker(ledger, run, ways, drill.writers);
  const watcher = book && new Watcher(outputs.cluster.postgres.map(({ name }) => name), connectNode(outputs, book), now);
  const redundancy = new Redundancy(outputs, site, now);
  const stopAll = () => Promise.all([checker.stop(), watcher?.stop(), redundancy.stop()]);
  const until = async (done: () => boolean, milliseconds: number) => {
    for (const deadline = now() + milliseconds; now() < deadline; await sleep(50, undefined, { signal })) if (done()) return true;
    return false;
  };
  const silent = (reads: boolean, since: number) =>
    ways.filter((way) => way.reads === reads && (ledger.of(way.name).acknowledged.at(-1) ?? 0) <= since).map(({ name }) => name);
  const answered = (reads: boolean, since: number) => () => silent(reads, since).length === 0;
  const writing = (since: number) => answered(false, since);
  const wholeAgain = (since: number) => until(() => redundancy.isWhole(1500, since), limit.redundancy);
  const stageNow = () => describeStage(drill, {
    async writes() {
      if (!(await until(writing(now() + 500), limit.writes))) throw new Error("writes did not come back after the first fault");
    },
    async whole() {
      if (!(await wholeAgain(now()))) throw new Error("the scene could not be set: no full redundancy");
    },
  });
  try {
    if (scenario.prepare) {
      progress("setting the scene");
      await scenario.prepare(await stageNow());
    }
    await sleep(calm, undefined, { signal });
    const before = now() - 1000;
    if (!(await until(writing(before), 10_000)))
      throw new Error(`before anything was broken, no write was acknowledged through ${ledger.troubles(silent(false, before))}`);
    const stage = await stageNow();
    const fault = now();
    progress(scenario.title);
    const failure = await breakOrSay(scenario, stage);
    const broken = now();
    await sleep(Math.max(0, fault + scenario.hold * 1000 - now()), undefined, { signal });
    const writesReturned = await until(writing(broken + 500), limit.writes);
    progress(writesReturned ? "writes are acknowledged on every path" : `no writes after ${limit.writes / 1000} s`);
    await sleep(tail, undefined, { signal });
    const healed = site.broken.length > 0 ? now() : undefined;
    if (healed !== undefined) progress(`healing: ${scenario.heals}`);
    await site.heal();
    const mended = now();
    const whole = (await wholeAgain(mended)) && (await until(writing(mended), limit.redundancy));
    progress(whole ? "fully redundant again" : `not fully redundant after ${limit.redundancy / 1000} s`);
    const readsReturned = await until(answered(true, mended), limit.writes);
    if (!readsReturned) progress(`no reads after ${limit.writes / 1000} s`);
    await sleep(tail, undefined, { signal });
    const end = now();
    const kept = scenario.keeps ? { kept: { before: stage.primary, after: (await stageNow()).primary } } : {};
    await stopAll();
    const rows = ledger.settle(await readRows(outputs, run));
    const { mode } = outputs.cluster.replication;
    const judged = { mode, planned: scenario.planned ?? false, ...kept, budget: expect(outputs.budget, scenario), failure };
    const times = { fault, healed, end, writesReturned, readsReturned };
    const seen = { seen: ledger.paths(), rows, watched: watcher?.writes, samples: redundancy.samples };
    const result = report({ scenario: name, title: scenario.title, run, started, ...judged, ...times, ...seen });
    return { result, ledger };
  } finally {
    await stopAll();
    await ledger.close();
  }
}

/** Looks for the rows of every run once more at the end: what a later fault lost of an earlier run counts as well. */
export async function settleAgain(outputs: Outputs, runs: Run[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const { result, ledger } of runs) {
    const rows = ledger.settle(await readRows(outputs, result.run));
    results.push({ ...result, rows, verdict: judge({ ...result, rows }) });
  }
  return results;
}

/** A fault that could not be made ends the drill; a planned change that failed is a result. */
async function breakOrSay(scenario: Scenario, stage: Parameters<Scenario["break"]>[0]): Promise<string | undefined> {
  if (!scenario.planned) return scenario.break(stage).then(() => undefined);
  return scenario.break(stage).then(() => undefined, (error: Error) => error.message);
}

function connectNode(outputs: Outputs, book: AddressBook) {
  const hosts = new Map(outputs.cluster.postgres.map(({ name, host }) => [name, host]));
  return (node: string) => {
    const address = book.of(hosts.get(node) ?? node);
    return connectDirect(outputs, address ? [address] : [], false, 2000);
  };
}
