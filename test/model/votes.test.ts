import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const model = path.join(__dirname, "votes.pml");

describe("who may acknowledge what, when (docs/votes.md)", function () {
  this.timeout(240_000);
  let folder: string;
  beforeEach(function () {
    // Debian's packages spin and gcc: the images need neither
    if (spawnSync("spin", ["-V"]).error || spawnSync("gcc", ["--version"]).error) this.skip();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgha-model-"));
  });
  afterEach(() => folder && fs.rmSync(folder, { recursive: true, force: true }));

  const run = (program: string, ...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };
  /** Whether the checker finds an acknowledged commit that whoever leads has not; it has looked at everything. */
  const loses = (...defined: string[]) => {
    run("spin", ...defined, "-a", model);
    run("gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000", "-o", "pan", "pan.c");
    const said = run(path.join(folder, "pan"), "-m200000");
    assert.doesNotMatch(said, /max search depth too small|out of memory|pan: reached/);
    return /errors: 1/.test(said);
  };

  it("loses no acknowledged commit, whoever stands still for however long", () => assert.ok(!loses()));

  for (const [guard, defined] of Object.entries({
    "a voter receives nothing more from the old leader": ["-DNO_HOLD"],
    "nor again by what it saw before": ["-DNO_BIND"],
    "votes are used once": ["-DNO_MOVE"],
    "a primary takes its lease again only where nobody led meanwhile": ["-DNO_RETAKE", "-DENDS=2", "-DMOVES=3"],
  }))
    it(`needs each guard: ${guard}`, () => assert.ok(loses(...defined)));
});
