import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";

/** The programs of the machines are Python, as are their tests. */
describe("the programs of an EC2 machine", function () {
  this.timeout(60_000);

  it("pass machine_test.py", function () {
    const { error, status, stderr } = spawnSync("python3", [path.join(__dirname, "machine_test.py")], { encoding: "utf8" });
    if (error && "code" in error && error.code === "ENOENT") this.skip();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^OK$/m);
  });
});
