import * as assert from "node:assert";
import { otherPlugins } from "../../../tools/engine/itsPlugins";

const noted = (standIns?: string[]) => ({ deployment: { resources: [{ urn: "urn:engine", type: "pulumi-nodejs:dynamic/pgha:DockerEngine", inputs: { standIns } }] } });

describe("the kind of plugin that a state was last updated by", () => {
  it("is told where it is another one, either way, with the way to stay", () => {
    assert.strictEqual(
      otherPlugins(noted(["docker", "random"]), []),
      "plugins: stand-ins for docker and random at the last update, the official plugins now; nothing is made anew for that (PGHA_PLUGINS=stand-in stays with those)",
    );
    assert.match(otherPlugins(noted([]), ["docker"])!, /^plugins: the official plugins at the last update, stand-ins for docker now; .*PGHA_PLUGINS=official refuses others/);
  });

  it("is not talked of where it is the same, or where nothing was noted", () => {
    for (const [before, now] of [[[], []], [["docker", "random"], ["docker", "random"]], [undefined, []]] as [string[] | undefined, string[]][])
      assert.strictEqual(otherPlugins(noted(before), now), undefined);
    assert.strictEqual(otherPlugins({ deployment: {} }, ["docker"]), undefined);
  });
});
