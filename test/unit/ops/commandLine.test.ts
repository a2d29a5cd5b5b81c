import * as assert from "node:assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { commonOptions, parseOptions, parseSeconds, UsageError, withOptionalNumber } from "../../../ops/arguments";
import { findEngine } from "../../../ops/engine";
import { Budget, budgetOf, explainFailure, parseOutputs } from "../../../ops/outputs";
import { UserError } from "../../../tools/errors";
import { declareStack } from "../support/monitor";

const launcher = path.join(__dirname, "../../../ops/pgha.js");
const pgha = (args: string[], env: NodeJS.ProcessEnv = {}, script = launcher) =>
  spawnSync(process.execPath, [script, ...args], { cwd: os.tmpdir(), encoding: "utf8", env: { ...process.env, ...env } });
const inFolder = (work: (folder: string) => void) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-ops-"));
  try {
    work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
};

describe("pgha: the command line", () => {
  it("knows its options, and --watch with or without a number", () => {
    const parse = (...args: string[]) => ({ ...parseOptions("status", args, commonOptions) });
    assert.deepStrictEqual(parse("--stack", "x"), { stack: "x", json: false });
    assert.throws(() => parse("--jsn"), (error: UsageError) => error.remedy === "npx pgha status --help");
    assert.throws(() => parse("dev"), UsageError);
    assert.deepStrictEqual(withOptionalNumber(["--watch"], "--watch", 2), ["--watch=2"]);
    assert.deepStrictEqual(withOptionalNumber(["--watch", "5", "--json"], "--watch", 2), ["--watch=5", "--json"]);
    assert.deepStrictEqual(withOptionalNumber(["--watch", "--json"], "--watch", 2), ["--watch=2", "--json"]);
    assert.deepStrictEqual(withOptionalNumber(["--json"], "--watch", 2), ["--json"]);
    assert.strictEqual(parseSeconds("status", "--watch", "0.5"), 0.5);
    for (const bad of ["0", "", "x", "99999"]) assert.throws(() => parseSeconds("status", "--watch", bad), UsageError, bad);
  });

  it("explains itself from any folder; wrong usage is code 2", () => {
    for (const args of [[], ["--help"], ["status", "--help"]]) {
      const { status, stdout } = pgha(args);
      assert.strictEqual(status, 0);
      assert.match(stdout, /^npx pgha .*(<command>|status)/);
    }
    for (const args of [["stauts"], ["status", "--jsn"], ["status", "--watch=0"], ["constructor"], ["drift", "--jsn"]]) {
      const { status, stderr } = pgha(args);
      assert.strictEqual(status, 2, args.join(" "));
      assert.match(stderr, /^error: .*\n {2}npx pgha .*--help\n$/);
    }
  }).timeout(30_000);

  it("says what is missing before it can say anything else", () => {
    inFolder((folder) => {
      fs.mkdirSync(path.join(folder, "ops"));
      fs.mkdirSync(path.join(folder, "tools"));
      fs.copyFileSync(path.join(launcher, "../../tools/machine.js"), path.join(folder, "tools", "machine.js"));
      const copy = path.join(folder, "ops", "pgha.js");
      fs.copyFileSync(launcher, copy);
      const { status, stderr } = pgha(["status"], {}, copy);
      assert.strictEqual(status, 1);
      assert.match(stderr, /^error: the npm packages of pgha are not installed\n {2}npm ci\n$/);
    });
  });
});

describe("pgha: finding the stack", () => {
  it("uses the engine that is there, and makes nothing", () => {
    inFolder((root) => {
      fs.writeFileSync(path.join(root, "Pulumi.yaml"), "name: pgha\n");
      const bin = path.join(root, "bin");
      const env = { HOME: path.join(root, "home"), PATH: bin };
      const remedy = (error: UserError) => error.remedy === "npm run up";
      assert.throws(() => findEngine(env, root), remedy);
      fs.mkdirSync(bin);
      fs.writeFileSync(path.join(bin, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
      assert.throws(() => findEngine(env, root), remedy);
      assert.ok(!fs.existsSync(path.join(root, ".pgha")));
      const { env: chosen, stack } = findEngine({ ...env, PULUMI_BACKEND_URL: "file:///given" }, root);
      assert.deepStrictEqual([chosen.PULUMI_BACKEND_URL, chosen.PULUMI_CONFIG_PASSPHRASE_FILE, stack], ["file:///given", undefined, "dev"]);
      assert.strictEqual(findEngine({ ...env, PULUMI_BACKEND_URL: "file:///given", PULUMI_STACK: "prod" }, root).stack, "prod");
      fs.mkdirSync(path.join(root, ".pgha", "state"), { recursive: true });
      fs.writeFileSync(path.join(root, ".pgha", "passphrase"), "x\n");
      const own = findEngine(env, root).env;
      assert.match(own.PULUMI_BACKEND_URL ?? "", /\.pgha\/state$/);
      assert.match(own.PULUMI_CONFIG_PASSPHRASE_FILE ?? "", /\.pgha\/passphrase$/);
    });
  });

  it("names what the outputs lack, without showing what they hold", () => {
    const remedy = (expected: string, text: RegExp) => (error: UserError) =>
      error.remedy?.endsWith(expected) === true && text.test(error.message) && !error.message.includes("s3cret");
    assert.throws(() => parseOutputs("{}", "dev"), remedy("npm run up", /dev is not deployed/));
    const some = JSON.stringify({ writeUrl: "postgresql://a:s3cret@b/c", patroniUrls: [], readUrl: 5 });
    assert.throws(() => parseOutputs(some, "x"), remedy("npm run up -- --stack x", /cluster, patroniUrls, poolerUrls, .*readUrl/));
  });

  it("reads the budget that the stack puts out, and says what to do where it has none", async () => {
    const { outputs } = await declareStack({ name: "budgeted", availability: { maxWriteOutage: 26 } });
    const plain = await new Promise<{ budget: Budget }>((resolve) => void pulumi.output(outputs).apply((values: any) => resolve(values)));
    const { budget } = plain;
    const parsed = parseOutputs(JSON.stringify(plain), "dev");
    assert.deepStrictEqual(budgetOf(parsed, "dev"), budget);
    assert.strictEqual(budgetOf(parsed, "dev").maxWriteOutage, 26);
    assert.throws(() => budgetOf({ ...parsed, budget: undefined }, "x"), (error: UserError) => error.remedy === "npm run up -- --stack x");
  }).timeout(20_000);

  it("turns the engine's failures into what to do", () => {
    assert.strictEqual(explainFailure("error: no stack named 'x' found", 255, "x").remedy, "npm run up -- --stack x");
    assert.match(explainFailure("error: passphrase must be set with …", 255, "x").remedy ?? "", /PULUMI_CONFIG_PASSPHRASE/);
    assert.match(explainFailure("one\ntwo\nthree\nfour", 1, "x").message, /: two\nthree\nfour$/);
  });
});
