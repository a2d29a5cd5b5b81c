import assert from "node:assert/strict";
import * as path from "node:path";
import * as entries from "../../../infra/resources/entries";

const infra = path.join(__dirname, "../../../infra");

describe("what states of deployed stacks call", () => {
  it("each entry leads to its module", () => {
    for (const [name, load] of Object.entries(entries)) assert.ok(Object.values(load()).some((one) => typeof one === "function"), name);
  });

  it("a state of before resources/entries.ts still refreshes: its text names the module", () => {
    const before = { "database/live": ["readLive"], "settings/apply": ["liveConfiguration", "primaryDrift"], "patroni/configuration": ["managedPart"] };
    for (const [module, names] of Object.entries(before))
      for (const name of names) assert.equal(typeof require(path.join(infra, module))[name], "function", `${module} ${name}`);
  });
});
