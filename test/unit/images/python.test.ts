import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";

/** These are Python, as are their tests: images need it, machines that run pgha do not. */
const tests = {
  "the keeper beside PgBouncer": "keeper_test.py",
  "Patroni's waits": "quick_patroni_test.py",
  "votes of Patroni's members": "binding_votes_test.py",
  "what a voter keeps": "vote_test.py",
  "when backups are made": "backup_test.py",
  "proofs of restore": "proof_test.py",
};

for (const [title, file] of Object.entries(tests))
  describe(title, function () {
    this.timeout(60_000);

    it(`passes ${file}`, function () {
      const { error, status, stderr } = spawnSync("python3", [path.join(__dirname, file)], { encoding: "utf8" });
      if (error && "code" in error && error.code === "ENOENT") this.skip();
      assert.equal(status, 0, stderr);
      assert.match(stderr, /^OK$/m);
    });
  });
