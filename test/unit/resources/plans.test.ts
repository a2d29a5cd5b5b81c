import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { playPooler, PlayedPooler } from "../live/pooler/playedPooler";
import { declareStack, isSecret, type Registered } from "../support/monitor";

describe("Plans", () => {
  const played: PlayedPooler[] = [];
  let plans: Registered;
  let provider: pulumi.dynamic.ResourceProvider;

  before(async () => {
    const { resources } = await declareStack({});
    plans = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:Plans")!;
    const module = { handler: undefined as unknown as () => pulumi.dynamic.ResourceProvider };
    new Function("exports", "require", plans.inputs.__provider)(module, require);
    provider = module.handler();
    for (let n = 0; n < 2; n++) played.push(await playPooler());
  });
  after(() => played.forEach((each) => each.close()));

  it("keeps what commands the cluster secret", () => assert.ok(isSecret(plans.inputs.control)));

  it("changes with a file that is applied, and then has the poolers make their connections anew, by the code that stands in the state", async () => {
    const [pooler, primary] = played;
    const control = { poolers: [pooler.url], writers: [primary.url], authority: `${pooler.authority}\n${primary.authority}`, databases: ["app"], patroni: [], certificate: "", key: "" };
    const inputs = { control, database: "app", checksums: { "database/0001_a.sql": "x" } };
    assert.equal((await provider.diff!("plans", inputs, { ...inputs, control: {} })).changes, false);
    const more = { ...inputs, checksums: { ...inputs.checksums, "database/0002_b.sql": "y" } };
    assert.equal((await provider.diff!("plans", inputs, more)).changes, true);
    await provider.create!(inputs);
    assert.deepEqual((await provider.update!("plans", inputs, more)).outs, more);
    assert.deepEqual(pooler.said, ["RECONNECT app", "RECONNECT app_ro", "RECONNECT app", "RECONNECT app_ro"]);
  });
});
