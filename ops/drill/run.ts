import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readMembers } from "../../infra/patroni/members";
import { awaitSwitchover, switchover } from "../../infra/patroni/switchover";
import { controlOf } from "../control";
import type { Outputs } from "../outputs";
import { Checker } from "./checker";
import { Ledger } from "./ledger";
import { Redundancy } from "./redundancy";
import { report, Result } from "./report";
import { Scenario, Stage } from "./scenario";
import { Site } from "./site";
import { readRows } from "./tables";
import { Watcher } from "./watcher";
import { hangUp } from "../postgresUrl";
import { AddressBook, connectDirect, connectSuperuser, waysOf } from "./ways";

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

/** Before the fault, and after each turn, so that the timeline shows both sides of it. Milliseconds. */
const calm = 4000;
const tail = 2000;
/** How long writes, and full redundancy, may take to come back. Milliseconds. */
const limit = { writes: 120_000, redundancy: 300_000 };

/** Breaks one thing while clients write and read, heals it, and says what they saw. Throws when called off; the caller heals then. */
export async function drillOnce(drill: Drill, name: string, scenario: Scenario, run: number): Promise<Result> {
  const { outputs, site, book, signal, progress } = drill;
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
  const writing = ways.filter(({ reads }) => !reads).map(({ name }) => ledger.of(name));
  const writesSince = (since: number) => () => writing.every(({ acknowledged }) => (acknowledged.at(-1) ?? 0) > since);
  const describe = () => describeStage(drill, {
    async writes() {
      const since = now() + 500;
      if (!(await until(writesSince(since), limit.writes))) throw new Error("writes did not come back after the first fault");
    },
    async whole() {
      const since = now();
      if (!(await until(() => redundancy.isWhole(1500, since), limit.redundancy))) throw new Error("the scene could not be set: no full redundancy");
    },
  });
  try {
    if (scenario.prepare) {
      progress(`${name}: setting the scene`);
      await scenario.prepare(await describe());
    }
    await sleep(calm, undefined, { signal });
    if (!(await until(writesSince(now() - 1000), 10_000))) throw new Error("no writes are acknowledged before anything was broken; see pgha status");
    const stage = await describe();
    const fault = now();
    progress(`${name}: ${scenario.title}`);
    await scenario.break(stage);
    const broken = now();
    await sleep(Math.max(0, fault + scenario.hold * 1000 - now()), undefined, { signal });
    const writesReturned = await until(writesSince(broken + 500), limit.writes);
    progress(writesReturned ? `${name}: writes are acknowledged on every path` : `${name}: no writes after ${limit.writes / 1000} s`);
    await sleep(tail, undefined, { signal });
    const healed = site.broken.length > 0 ? now() : undefined;
    if (healed !== undefined) progress(`${name}: healing: ${scenario.heals}`);
    await site.heal();
    const mended = now();
    if (await until(() => redundancy.isWhole(1500, mended) && writesSince(mended)(), limit.redundancy)) progress(`${name}: fully redundant again`);
    else progress(`${name}: not fully redundant after ${limit.redundancy / 1000} s`);
    await sleep(tail, undefined, { signal });
    const end = now();
    const kept = scenario.keeps ? { kept: { before: stage.primary, after: (await describe()).primary } } : {};
    await stopAll();
    const rows = ledger.settle(await readRows(outputs, run));
    const { mode } = outputs.cluster.replication;
    const budget = outputs.budget?.failures.find(({ failure }) => failure === scenario.failure);
    const observed = { scenario: name, title: scenario.title, run, started, mode, planned: scenario.planned ?? false, ...kept, budget, fault, healed, end, writesReturned };
    return report({ ...observed, seen: ledger.paths(), rows, watched: watcher?.writes, samples: redundancy.samples });
  } finally {
    await stopAll();
    await ledger.close();
  }
}

function connectNode(outputs: Outputs, book: AddressBook) {
  const hosts = new Map(outputs.cluster.postgres.map(({ name, host }) => [name, host]));
  return (node: string) => {
    const address = book.of(hosts.get(node) ?? node);
    return connectDirect(outputs, address ? [address] : [], false, 2000);
  };
}

/** Who is what right now. */
async function describeStage({ outputs, site, signal }: Drill, until: { writes(): Promise<void>; whole(): Promise<void> }): Promise<Stage> {
  const control = controlOf(outputs);
  const { cluster } = outputs;
  const hosts = (servers: { host: string }[]) => servers.map(({ host }) => host);
  const primaryNow = async () => {
    const name = (await readMembers(control)).members.find(({ primary }) => primary)?.name;
    const found = cluster.postgres.find((server) => server.name === name);
    if (!found) throw new Error("there is no primary");
    return found.host;
  };
  const primary = await primaryNow();
  return {
    site,
    primary,
    standbys: hosts(cluster.postgres).filter((host) => host !== primary),
    etcdLeader: await findEtcdLeader(site, hosts(cluster.etcd)),
    etcd: hosts(cluster.etcd),
    haproxy: hosts(cluster.haproxy),
    pgbouncer: hosts(cluster.pgbouncer),
    writesAgain: () => until.writes().then(primaryNow),
    whole: until.whole,
    switchover: async (host) => {
      const to = cluster.postgres.find((server) => server.host === host)?.name;
      await switchover(control, await awaitSwitchover(control, { to, signal }, 30), { signal });
    },
    superuser: async (statement) => {
      const client = await connectSuperuser(outputs, 10_000);
      await client.query(statement).finally(() => hangUp(client));
    },
  };
}

async function findEtcdLeader(site: Site, members: string[]): Promise<string> {
  const ask = "curl -fsS -m 2 --cacert /etc/pgha/ca.crt --cert /etc/pgha/tls.crt --key /run/secrets/tls_key https://localhost:2379/metrics";
  const answers = await Promise.all(members.map((host) => site.exec(host, ask)));
  const leader = answers.findIndex(({ stdout }) => /^etcd_server_is_leader 1$/m.test(stdout));
  if (leader < 0) throw new Error("etcd has no leader");
  return members[leader];
}
