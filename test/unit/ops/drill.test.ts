import * as assert from "node:assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { chooseScenarios } from "../../../ops/commands/drill";
import { UsageError } from "../../../ops/arguments";
import { failureBudgets } from "../../../infra/cluster/forecast/budget";
import { planTimers } from "../../../infra/cluster/timers";
import { expect } from "../../../ops/drill/budget";
import { most } from "../../../ops/drill/busiest";
import { Ledger, mayBeThere, settle } from "../../../ops/drill/ledger";
import { countPer, findDoubles, longestGap, median, NodeWrite, reigns, wholeSince } from "../../../ops/drill/measure";
import { scenarios } from "../../../ops/drill/scenarios";
import { Site } from "../../../ops/drill/site";
import { loginUrls } from "../../../ops/drill/ways";
import type { Outputs } from "../../../ops/outputs";
import { torture } from "../../../ops/drill/torture";
import { beginNotes, endNotes, notesFile, refuseBesideAnother, refuseByNotes, Refusal, Undo, UndoList } from "../../../ops/drill/undo";

/** A node's writes every 50 ms from one moment to another, each 10 ms long. */
const writes = (node: string, from: number, to: number): NodeWrite[] =>
  Array.from({ length: Math.ceil((to - from) / 50) }, (_, index) => ({ node, from: from + index * 50, to: from + index * 50 + 10 }));

describe("drill: figures", () => {
  it("measures the longest gap that reaches into the fault, from the last answer before it to the end", () => {
    assert.deepStrictEqual(longestGap([0, 900, 4000, 4100], { from: 1000, to: 4200 }), { from: 900, to: 4000 });
    assert.deepStrictEqual(longestGap([0, 100, 990, 1010, 1900], { from: 1000, to: 2000 }), { from: 1010, to: 1900 }, "not the one before");
    assert.deepStrictEqual(longestGap([5, 990], { from: 1000, to: 9000 }), { from: 990, to: 9000 }, "nothing came back");
    assert.deepStrictEqual(longestGap([1500, 1100, 900], { from: 1000, to: 1600 }), { from: 1100, to: 1500 }, "in any order");
    assert.deepStrictEqual(longestGap([], { from: 1000, to: 9000 }), { from: 1000, to: 9000 });
  });

  it("counts per step, to the end and not beyond it", () => {
    assert.deepStrictEqual(countPer([0, 99, 100, 250, 999], 100, 300), [2, 1, 1]);
    assert.deepStrictEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
  });

  it("finds two nodes that take writes at once, and takes no hand-over for that", () => {
    const double = findDoubles([...writes("a", 0, 3000), ...writes("b", 2000, 5000)]);
    assert.ok(double.length > 0 && double.every(({ at }) => at > 2000 && at < 3100), JSON.stringify(double.slice(0, 3)));
    assert.deepStrictEqual(findDoubles([...writes("a", 0, 3000), ...writes("b", 3000, 6000)]), []);
    assert.deepStrictEqual(findDoubles([...writes("a", 0, 1000), ...writes("b", 2500, 3000), ...writes("a", 4000, 5000)]), [], "there and back");
    assert.strictEqual(findDoubles([{ node: "a", from: 0, to: 10 }, { node: "b", from: 20, to: 30 }, { node: "a", from: 40, to: 50 }]).length, 1);
    const hung = [{ node: "a", from: 0, to: 10 }, { node: "b", from: 20, to: 30 }, { node: "a", from: 15, to: 50 }];
    assert.deepStrictEqual(findDoubles(hung), [], "a write that was sent before may be answered late");
    const late = [{ node: "a", from: 0, to: 10 }, { node: "b", from: 5, to: 30 }, { node: "a", from: 40, to: 50 }];
    assert.deepStrictEqual(findDoubles(late), [], "so may one of the node that handed over");
  });

  it("tells who reigned when, and since when all is whole", () => {
    assert.deepStrictEqual(reigns([...writes("b", 200, 300), ...writes("a", 0, 100)]), [{ node: "a", from: 10, to: 60 }, { node: "b", from: 210, to: 260 }]);
    const samples = [true, false, true, undefined, true, true].map((whole, at) => ({ at, whole }));
    assert.strictEqual(wholeSince(samples), 4);
    assert.strictEqual(wholeSince([...samples, { at: 6, whole: false }]), undefined);
    assert.strictEqual(wholeSince([]), undefined);
  });
});

describe("drill: the ledger", () => {
  it("calls lost only what was acknowledged and is gone, and keeps apart what nobody can know", () => {
    assert.deepStrictEqual(settle(["a/1", "a/2", "b/1"], ["a/3", "b/2"], new Set(["a/1", "b/1", "b/2"])), {
      acknowledged: 3, lost: ["a/2"], indeterminate: 2, present: 1,
    });
    for (const code of ["57P01", "08P01", "08006", "58000", undefined]) assert.ok(mayBeThere({ code }), code);
    for (const code of ["25006", "42501", "28P01", "3D000", "57P03"]) assert.ok(!mayBeThere({ code }), code);
  });

  it("writes each answer to a file outside the database", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-drill-"));
    try {
      const ledger = new Ledger(path.join(folder, "ledger.ndjson"));
      ledger.answered("haproxy", ledger.now() - 700, "haproxy-1/1");
      ledger.failed("haproxy", ledger.now(), new Error("gone"), "haproxy-1/2");
      ledger.failed("haproxy", ledger.now(), Object.assign(new Error("read-only"), { code: "25006" }), "haproxy-1/3");
      ledger.refused("haproxy", new Error("nobody"));
      ledger.answered("haproxy read", ledger.now());
      await ledger.close();
      const lines = fs.readFileSync(path.join(folder, "ledger.ndjson"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
      assert.deepStrictEqual(lines.map((line) => Object.keys(line)[0]), ["acknowledged", "indeterminate", "refused", "noConnection"]);
      const { acknowledged, errors, refused, longest } = ledger.of("haproxy");
      assert.deepStrictEqual([acknowledged.length, errors.length, refused.length], [1, 2, 1]);
      assert.ok(longest >= 700);
      assert.strictEqual(ledger.troubles(["haproxy", "direct"]), "haproxy (nobody), direct (no answer)");
      assert.deepStrictEqual(ledger.settle(new Set(["haproxy-1/2"])), { acknowledged: 1, lost: ["haproxy-1/1"], indeterminate: 1, present: 1 });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe("drill: who logs in anew for each statement", () => {
  it("is a role of the application database that writes as itself, which the one for migrations does not", () => {
    const url = (name: string, database: string) => ({ write: `postgresql://${name}:x@localhost:6432/${database}` });
    const of = (roleUrls: Record<string, { write: string }>) => loginUrls({ roleUrls, cluster: { database: "app" } as Outputs["cluster"] });
    const migrator = { app_migrator: url("app_migrator", "app") };
    assert.deepStrictEqual(of(migrator), []);
    assert.deepStrictEqual(of({ ...migrator, reporting: url("reporting", "shop"), jobs: url("jobs", "app") }), [url("jobs", "app").write]);
  });
});

describe("drill: scenarios", () => {
  it("are chosen by name or all of them; another name is wrong usage that lists them", () => {
    assert.deepStrictEqual(chooseScenarios(["pgbouncer", "host-loss"]).map(([name]) => name), ["host-loss", "pgbouncer"]);
    assert.strictEqual(chooseScenarios(["all"]).length, Object.keys(scenarios).length);
    assert.deepStrictEqual(chooseScenarios(["torture"]).map(([name]) => name), Object.keys(torture));
    assert.deepStrictEqual(chooseScenarios(["busy-disk", "host-loss"]).map(([name]) => name), ["host-loss", "busy-disk"]);
    assert.throws(() => chooseScenarios(["host-los"]), (error: UsageError) => /host-los".*host-loss, /.test(error.message));
    assert.throws(() => chooseScenarios([]), UsageError);
    assert.throws(() => chooseScenarios(["constructor"]), UsageError);
  });

  it("are measured against failures that the budget knows, and cover all of them", () => {
    const known = failureBudgets(planTimers("quorum"), "quorum", { etcd: 3, proxies: 2, poolers: 2 }).map(({ failure }) => failure as string);
    const measured = Object.values(scenarios).flatMap(({ failure }) => failure ?? []);
    const unbound = Object.entries(scenarios).filter(([, { failure, worst }]) => !failure && worst === undefined);
    assert.deepStrictEqual(unbound.map(([name]) => name), [], "any outage would pass");
    assert.deepStrictEqual(measured.filter((failure) => !known.includes(failure)), []);
    assert.deepStrictEqual(known.filter((failure) => !measured.includes(failure)), []);
  });

  it("leave nothing broken: every fault that does not heal itself is written down before it happens", async () => {
    for (const [name, scenario] of Object.entries(scenarios).filter(([, { needs }]) => !needs)) {
      const { site, stage, asked } = fakeStage();
      await scenario.prepare?.(stage);
      await scenario.break(stage);
      assert.strictEqual(site.broken.length > 0, !scenario.heals.startsWith("by itself"), name);
      const before = asked.length;
      await site.heal();
      assert.strictEqual(asked.length > before, !scenario.heals.startsWith("by itself"), name);
      assert.deepStrictEqual(site.broken, [], name);
    }
  });

  it("heal the last thing first, go on after a failure, and heal what broke half", async () => {
    const { site, asked } = fakeStage("start p1");
    await site.stop("p2");
    await site.kill("p1");
    await site.disconnect("p3");
    asked.length = 0;
    await assert.rejects(site.heal(), /could not be healed: p1 is killed: start p1 fails/);
    assert.deepStrictEqual(asked, ["connect", "start p1", "start p2"]);
    assert.deepStrictEqual(site.broken, ["p1 is killed"], "what failed can be tried again");
    const half = fakeStage("kill p1");
    await assert.rejects(half.site.kill("p1"));
    assert.deepStrictEqual(half.site.broken, ["p1 is killed"]);
  });
});

describe("drill: what is broken is written down", () => {
  let folder: string;
  beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-drill-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));
  const written = (pid: number, broken: object[]) => {
    const file = notesFile(folder, "pgha-dev");
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ pid, broken }));
    return file;
  };
  /** A process that has ended. */
  const ended = () => spawnSync(process.execPath, ["-e", ""]).pid;

  it("on disk before it is broken, so that another process can heal it after a SIGKILL", async () => {
    const file = notesFile(folder, "pgha-dev");
    beginNotes(file);
    const first = fakeStage("kill p1", new UndoList(file));
    await assert.rejects(first.site.kill("p1"));
    await first.site.stop("p2");
    const second = fakeStage("statement", new UndoList(file));
    assert.deepStrictEqual(second.site.broken, ["p1 is killed", "p2 is stopped"]);
    endNotes(file);
    assert.ok(fs.existsSync(file), "notes of what is broken stay");
    await second.site.heal();
    assert.deepStrictEqual(second.asked, ["start p2", "start p1"]);
    endNotes(file);
    assert.ok(!fs.existsSync(file), "nothing is left to note");
  });

  it("as every kind of fault, and read back the same", () => {
    const file = notesFile(folder, "pgha-dev");
    const list = new UndoList(file);
    const rule = ["INPUT", "-s", "10.0.0.2"];
    const kinds: Undo[] = [
      { do: "start", host: "p1" }, { do: "connect", host: "p1" }, { do: "undelay", host: "p1" },
      { do: "run", host: "p1", line: "kill -CONT 1" }, { do: "accept", host: "p1", rule }, { do: "putBack", host: "p1", own: "id" },
    ];
    kinds.forEach((undo) => list.add({ what: undo.do, undo }));
    assert.deepStrictEqual(new UndoList(file).broken.map(({ undo }) => undo), kinds);
  });

  it("and no drill begins beside another, or on what an earlier one left broken", () => {
    const broken = [{ what: "p1 is killed", undo: { do: "start", host: "p1" } }];
    assert.throws(() => beginNotes(written(process.ppid, [])), (error: Refusal) => /another drill runs/.test(error.message));
    assert.throws(
      () => beginNotes(written(ended(), broken)),
      (error: Refusal) => /had healed: p1 is killed/.test(error.message) && error.remedy === "npx pgha drill --heal",
    );
    assert.throws(() => refuseByNotes(written(ended(), broken)), Refusal);
    assert.throws(() => refuseBesideAnother(written(process.ppid, broken)), Refusal, "nobody heals a drill that runs");
    assert.doesNotThrow(() => refuseBesideAnother(written(ended(), broken)));
    assert.doesNotThrow(() => beginNotes(written(ended(), [])), "one that was killed and left nothing broken");
  });
});

describe("drill: what it is measured by", () => {
  const failures = [
    { failure: "host-loss", title: "", typical: 18, worst: 20, mayLose: "unsent commits" },
    { failure: "postgres-crash", title: "", typical: 2, worst: 7, mayLose: "nothing" },
    { failure: "proxy-loss", title: "", typical: null, worst: null, mayLose: "nothing" },
  ];
  const budget = { mode: "quorum", unflushed: 0, failures };

  it("is the budget of its failure, the sum of several, its own bound where there is none", () => {
    assert.deepStrictEqual(expect(budget, { failure: "postgres-crash" }), { typical: 2, worst: 7, mayLose: "nothing" });
    const both = { typical: 20, worst: 27, mayLose: "unsent commits" };
    assert.deepStrictEqual(expect(budget, { failure: ["postgres-crash", "host-loss"] }), both);
    assert.deepStrictEqual(expect(budget, { failure: "proxy-loss" }), { typical: null, worst: null, mayLose: "nothing" });
    assert.deepStrictEqual(expect(budget, { worst: 5 }), { typical: 0, worst: 5, mayLose: "nothing" });
    assert.strictEqual(expect(budget, { failure: "unknown" }), undefined);
    assert.strictEqual(expect(budget, {}), undefined);
  });

  it("is the server that carries the writers, wherever an earlier failure moved them", () => {
    assert.strictEqual(most([["h1", 3], ["h2", 8]]), "h2");
    assert.strictEqual(most([["h1", 4], ["h2", 4]]), "h1");
    assert.strictEqual(most([["h1", 0]]), undefined);
  });
});

/** A cluster whose containers do nothing but note what they are asked for; `failing` is what one of them fails at. */
function fakeStage(failing = "statement", list = new UndoList()) {
  const asked: string[] = [];
  const note = async (what: string) => {
    asked.push(what);
    if (what === failing) throw new Error(`${what} fails`);
  };
  const { modem } = new Docker();
  const exec = (host: string, Cmd: string[]) => ({
    start: async () => {
      await note(`exec ${host} ${Cmd[2]}`);
      return fs.createReadStream("/dev/null");
    },
    inspect: async () => ({ ExitCode: 0 }),
  });
  const docker = {
    modem,
    getContainer: (host: string) => ({
      kill: (options?: { signal: string }) => note(`kill ${host}${options ? ` ${options.signal}` : ""}`),
      stop: () => note(`stop ${host}`),
      start: () => note(`start ${host}`),
      inspect: async () => ({ Id: `${host}'s own`, State: { Pid: 0 }, Config: {}, HostConfig: {} }),
      commit: async () => ({ Id: "image" }),
      rename: ({ name }: { name: string }) => note(`rename ${host} ${name}`),
      exec: async ({ Cmd }: { Cmd: string[] }) => exec(host, Cmd),
    }),
    createVolume: ({ Name }: { Name: string }) => note(`create volume ${Name}`),
    getVolume: (name: string) => ({ remove: () => note(`remove volume ${name}`) }),
    getImage: (name: string) => ({ remove: () => note(`remove image ${name}`) }),
    createContainer: async ({ name }: { name: string }) => ({ start: () => note(`create ${name}`) }),
    getNetwork: () => ({ connect: () => note("connect"), disconnect: () => note("disconnect") }),
  };
  const site = new Site(docker as any, "net", ["p1", "e1"], list);
  const stage = {
    site, primary: "p1", standbys: ["p2", "p3"], etcdLeader: "e1", etcd: ["e1", "e2", "e3"], haproxy: ["h1", "h2"], pgbouncer: ["b1", "b2"],
    writesAgain: async () => "p2",
    whole: async () => undefined,
    wait: async () => undefined,
    switchover: () => note("switchover"),
    superuser: () => note("statement"),
  };
  return { site, stage, asked };
}
