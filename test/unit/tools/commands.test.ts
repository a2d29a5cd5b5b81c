import * as assert from "node:assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { npmRun, parseOptions } from "../../../tools/arguments";
import { isOfStack } from "../../../tools/commands/down";
import { foreignList, ownList, questions, report, unknownDeployment } from "../../../tools/commands/downWords";
import { fault } from "../../../tools/machine";
import { total, verdict } from "../../../tools/commands/testCounts";
import { maskAll, maskPassword, summary } from "../../../tools/commands/up";
import { repository } from "../../../tools/engine/layout";
import type { Leftovers } from "../../../tools/engine/leftovers";
import { describeError, UserError } from "../../../tools/errors";
import { capture, signalFilter } from "../../../tools/process";

const bootstrap = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(repository, "tools", "bootstrap.js"), ...args], {
    cwd: os.tmpdir(),
    encoding: "utf8",
  });

describe("tools/commands", () => {
  describe("npm run up", () => {
    const url = "postgresql://app:s3cr3t@localhost:6432,localhost:6442/app?sslmode=verify-full";

    it("hides passwords wherever an output has them", () => {
      assert.strictEqual(
        maskPassword(url),
        "postgresql://app:****@localhost:6432,localhost:6442/app?sslmode=verify-full",
      );
      assert.strictEqual(maskPassword("http://localhost:8404/stats"), "http://localhost:8404/stats");
      const masked = maskAll({ writeUrl: url, deep: { list: [url] }, adminPassword: "x", caKey: "y", port: 5432 });
      assert.ok(!/s3cr3t|"x"|"y"/.test(JSON.stringify(masked)));
      assert.strictEqual(masked.port, 5432);
    });

    it("ends with the connection strings and three commands, for the stack in question", () => {
      const text = summary(
        { writeUrl: url, patroniUrls: ["https://a", "https://b"], caFile: "/r/.pgha/dev/ca.crt" },
        { stack: "dev", selected: "dev", root: "/r" },
      );
      assert.match(text, /write, pooled +postgresql:\/\/app:\*\*\*\*@/);
      assert.match(text, /Patroni +https:\/\/a, https:\/\/b/);
      assert.match(text, /CA certificate +\.pgha\/dev\/ca\.crt/);
      assert.match(text, /psql "\$\(npm run -s pulumi -- stack output writeUrl --show-secrets\)"/);
      assert.ok(!text.includes("s3cr3t"));
    });

    it("names the stack wherever the next command would take another one", () => {
      const next = (stack: string, selected?: string) => summary({}, { stack, selected, root: "/r" });
      const named = (stack: string) =>
        new RegExp(`--show-secrets --stack ${stack}\\)[^]*pgha status --stack ${stack}\\n`);
      assert.match(next("other", "dev"), named("other"));
      assert.match(next("dev", "other"), named("dev"));
      assert.match(next("dev"), named("dev"));
      const selected = next("organization/pgha/other", "other");
      assert.match(selected, /--show-secrets\)[^]*pgha status\n/);
      // down takes dev, whatever is selected
      assert.match(next("other", "other"), /npm run down -- --stack other /);
      assert.match(next("dev", "other"), /npm run down {3}/);
      assert.strictEqual(npmRun("down", "dev", "--data"), "npm run down -- --data");
      assert.strictEqual(npmRun("down", "x", "--data"), "npm run down -- --data --stack x");
      assert.strictEqual(npmRun("up", "dev"), "npm run up");
    });
  });

  describe("npm run down", () => {
    const nothing: Leftovers = { containers: [], networks: [], volumes: [], images: [] };
    const kept = { ...nothing, volumes: ["c-data"], images: ["c/postgres:18"] };

    const running = { ...nothing, containers: ["c-1", "c-2"], networks: ["c"], volumes: ["c-data"] };
    const ids = ["0a"];
    const sizes = new Map([["c-data", 5e6]]);

    it("says what it kept and how to get rid of it", () => {
      const text = report("dev", "c", { own: kept, foreign: nothing }, []);
      assert.match(text, /Kept: c-data, with the passwords[^]*npm run up[^]*npm run down -- --data /);
      assert.ok(!/another deployment/.test(text));
      assert.match(report("x", "c", { own: kept, foreign: nothing }, []), /up -- --stack x [^]*--data --stack x /);
      assert.match(report("dev", "c", { own: nothing, foreign: nothing }, []), /had no data/);
    });

    it("names what it left alone of another deployment", () => {
      const named = /2 containers and 1 volume of another deployment of c left alone[^]*npm run down -- --data/;
      assert.match(report("dev", "c", { own: nothing, foreign: running }, []), named);
      assert.match(report("dev", "c", { own: nothing, foreign: running }, ["own"]), named);
      assert.match(report("dev", "c", { own: nothing, foreign: running }, ["own", "foreign"]), /still there: c-1, c-2/);
      assert.match(report("dev", "c", { own: nothing, foreign: { ...nothing, volumes: ["v"] } }, []), /^1 volume of/m);
    });

    it("without a state of its own says that it touched nothing, and the ways out", () => {
      const error = unknownDeployment("x", "c", running);
      assert.match(error.message, /nothing was touched[^]*no state of the stack x[^]*2 containers and 1 volume/);
      assert.match(error.remedy ?? "", /where that was deployed[^]*lost for good[^]*npm run down -- --data --lost-state --stack x/);
    });

    it("asks for another deployment apart from its own, and --yes answers for one of them only", () => {
      assert.deepStrictEqual(questions(ids, nothing, false), ["own"]);
      assert.deepStrictEqual(questions([], nothing, true), ["own"]);
      assert.deepStrictEqual(questions(ids, running, false), ["own", "foreign"]);
      assert.deepStrictEqual(questions(ids, running, true), ["own"]);
      assert.deepStrictEqual(questions([], running, true), ["foreign"]);
      assert.deepStrictEqual(questions([], running, false), ["foreign"]);
    });

    it("shows what will be deleted before it asks", () => {
      assert.match(ownList("c", kept, sizes), /cluster c for good:\n {2}volume c-data \(5 MB\)\n {2}its passwords/);
      assert.match(
        foreignList("c", running, sizes),
        /no passwords[^]*container c-1\n {2}container c-2\n {2}volume c-data \(5 MB\)/,
      );
    });

    it("with --data takes the old states of this stack with it, and of no other", () => {
      for (const file of ["stacks/pgha/dev.json", "stacks/pgha/dev.json.bak", "history/pgha/dev", "backups/pgha/dev"]) {
        assert.ok(isOfStack(file, "dev"), file);
      }
      for (const file of [
        "stacks/pgha/dev2.json",
        "history/pgha/dev2",
        "history/pgha",
        "meta.yaml",
        "locks/pgha/dev",
      ]) {
        assert.ok(!isOfStack(file, "dev"), file);
      }
    });

    it("does not call it gone while something is left", () => {
      const say = (own: Leftovers, data: boolean) => report("dev", "c", { own, foreign: nothing }, data ? ["own"] : []);
      assert.match(say(nothing, true), /nothing is left/);
      assert.match(say(kept, true), /still there: c-data, c\/postgres:18/);
      assert.match(say({ ...nothing, networks: ["c"] }, false), /still there: c\n/);
    });
  });

  describe("npm test", () => {
    const suite = (passed: number, failed: number, skipped: number) => ({ passed, failed, skipped, suite: true });
    const checker = (failed: number) => ({ passed: 0, failed, skipped: 0, suite: false });
    const closing = (...results: ReturnType<typeof suite>[]) => verdict(total(results), results);

    it("sums its suites in one line", () => {
      assert.deepStrictEqual(closing(checker(0), suite(3, 0, 0), suite(4, 0, 0)), {
        line: "7 passed, 0 failed",
        ok: true,
      });
      assert.deepStrictEqual(closing(suite(3, 0, 1)), { line: "3 passed, 0 failed, 1 skipped", ok: true });
    });

    it("is no success after a failure, a fault of a checker, no test, or a suite that skipped all", () => {
      assert.deepStrictEqual(closing(suite(3, 1, 0)), { line: "3 passed, 1 failed", ok: false });
      assert.deepStrictEqual(closing(checker(1), suite(3, 0, 0)), { line: "3 passed, 1 failed", ok: false });
      assert.ok(!closing(suite(0, 0, 0)).ok);
      assert.ok(!closing(suite(3, 0, 0), suite(0, 0, 5)).ok);
      assert.ok(!closing(checker(0)).ok);
    });
  });

  describe("the command line", () => {
    const options = { stack: { type: "string", default: "dev" }, data: { type: "boolean", default: false } } as const;

    it("knows its options and their defaults", () => {
      assert.deepStrictEqual({ ...parseOptions("down", ["--data"], options) }, { stack: "dev", data: true });
      assert.strictEqual(parseOptions("down", ["--stack=x"], options).stack, "x");
    });

    it("refuses what it does not know, and shows the way", () => {
      for (const args of [["--dat"], ["prod"], ["--stack"]]) {
        assert.throws(
          () => parseOptions("down", args, options),
          (error: UserError) => error.remedy === "npm run down -- --help",
          args[0],
        );
      }
    });

    it("works from any folder, explains itself, and keeps exit codes", () => {
      for (const command of ["up", "down", "test"]) {
        const { status, stdout } = bootstrap(command, "--help");
        assert.strictEqual(status, 0);
        assert.match(stdout, /^npm (run )?\w+ /);
      }
      const unknown = bootstrap("upp");
      assert.strictEqual(unknown.status, 1);
      assert.match(unknown.stderr, /^error: unknown command "upp"\n {2}use npm run up/);
      assert.match(bootstrap("bench", "nothing-like-it").stderr, /^error: there is no benchmark/);
    }).timeout(30_000);

    it("shows an error with its remedy, and a stack trace only to those who ask", () => {
      const error = new UserError("no Docker", "start it");
      assert.strictEqual(describeError(error, false), "error: no Docker\n  start it\n");
      assert.match(describeError(error, true), /at .*commands\.test\.ts/);
      assert.match(describeError(new Error("bug"), false), /^error: bug\n {2}PGHA_DEBUG=1/);
    });
  });

  describe("child processes", () => {
    it("are told of a signal once, and again only when somebody insists", () => {
      let now = 0;
      const passes = signalFilter(() => now);
      assert.ok(passes());
      now = 200;
      assert.ok(!passes(), "npm's copy of the terminal's");
      now = 3000;
      assert.ok(passes());
    });

    it("end at their time limit, with their own children, or when their output says it is hopeless", async () => {
      const started = Date.now();
      assert.strictEqual((await capture("sh", ["-c", "sleep 30 & sleep 30"], { timeout: 200 })).code, 124);
      const hopeless = await capture("sh", ["-c", "echo no such host; sleep 30"], {
        timeout: 20_000,
        onLine: (line) => line.includes("no such"),
      });
      assert.strictEqual(hopeless.code, 125);
      assert.ok(Date.now() - started < 5000);
    });

    it("answer with a code when they fail or are not there", async () => {
      assert.strictEqual((await capture("sh", ["-c", "exit 3"])).code, 3);
      assert.strictEqual((await capture("no-such-program", [])).code, 127);
    });
  });
});

describe("the machine", () => {
  it("may have any Node.js that the packages run on, as package.json says", () => {
    for (const good of ["20.19.0", "20.20.2", "22.13.1", "24.0.0", "25.1.0"]) assert.strictEqual(fault(good, "linux"), undefined, good);
    for (const bad of ["18.20.0", "20.18.1", "21.7.0", "22.12.0", "23.9.0"]) assert.match(fault(bad, "linux")?.join() ?? "", /20\.19, 22\.13, 24 or newer is needed, this is .*nodejs\.org/, bad);
    assert.strictEqual(JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8")).engines.node, "^20.19 || ^22.13 || >=24");
  });

  it("is not Windows itself, and the way that works there is named", () => {
    assert.match(fault("22.13.1", "win32")?.join() ?? "", /does not run on Windows itself,use WSL 2/);
  });

  it("gets scripts and SQL with the ends of line that images and checksums need", () => {
    const folder = path.join(repository, "images");
    const files = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => path.join(folder, name));
    for (const file of files.filter((name) => fs.statSync(name).isFile())) assert.ok(!fs.readFileSync(file).includes("\r"), file);
    assert.match(fs.readFileSync(path.join(repository, ".gitattributes"), "utf8"), /^\* text=auto eol=lf$/m);
  });
});
