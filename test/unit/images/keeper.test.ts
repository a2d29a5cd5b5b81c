import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";

/** The keeper is Python, as are its tests: images need it, machines that run pgha do not. */
describe("the keeper beside PgBouncer", function () {
  this.timeout(60_000);

  it("passes keeper_test.py", function () {
    const { error, status, stderr } = spawnSync("python3", [path.join(__dirname, "keeper_test.py")], { encoding: "utf8" });
    if (error && "code" in error && error.code === "ENOENT") this.skip();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^OK$/m);
  });
});
