import assert from "node:assert/strict";
import { UNKNOWN } from "../../../../tools/providers/resource";
import { standInDocker } from "../../../../tools/providers/standInDocker";

const container = standInDocker.resources["docker:index/container:Container"];

describe("stand-in preview of a container", () => {
  it("knows what is given and nothing of what Docker fills in", () => {
    const plan = container.plan({ name: "c", image: "i", labels: [], envs: ["B=1", "A=1"], memory: 64 });
    assert.equal(plan.name, "c");
    assert.equal(plan.memory, 64);
    assert.deepEqual(plan.envs, ["A=1", "B=1"]);
    for (const key of ["command", "entrypoints", "hostname", "networkDatas", "exitCode", "labels", "healthcheck"]) {
      assert.equal(plan[key], UNKNOWN, key);
    }
    assert.deepEqual(plan.uploads, []);
    assert.equal(plan.readOnly, false);
    assert.equal(plan.user, null);
  });

  it("takes a set with one unknown element for unknown", () => {
    assert.equal(container.plan({ name: "c", image: "i", envs: [UNKNOWN, "A=1"] }).envs, UNKNOWN);
  });

  it("of an update keeps what Docker said", () => {
    const state = { id: "1", name: "c", image: "i", hostname: "h", memory: 64, user: "postgres", wait: true };
    const plan = container.plan({ name: "c", image: "i", memory: 128 }, state);
    assert.equal(plan.id, "1");
    assert.equal(plan.hostname, "h");
    assert.equal(plan.user, "postgres");
    assert.equal(plan.memory, 128);
    assert.equal(plan.wait, false);
  });
});
