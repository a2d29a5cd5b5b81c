import assert from "node:assert/strict";
import type { Control } from "../../../../infra/live/access";
import { freshPlans } from "../../../../infra/live/pooler/freshPlans";
import { playPooler, PlayedPooler } from "./playedPooler";

describe("plans from before a migration", () => {
  const played: PlayedPooler[] = [];
  const play = async () => played[played.push(await playPooler()) - 1];
  const control = (pooler: PlayedPooler, writer: PlayedPooler, url = pooler.url): Control =>
    ({ poolers: [url], authority: `${pooler.authority}\n${writer.authority}`, databases: ["app"], patroni: [], certificate: "", key: "", writers: [writer.url] });
  afterEach(() => played.splice(0).forEach((each) => each.close()));

  it("end with the poolers' connections, those of readers once the standbys know the migration", async () => {
    const [pooler, primary] = [await play(), await play()];
    primary.busy = true;
    const done = freshPlans(control(pooler, primary), ["app"]);
    for (let tries = 0; tries < 300 && primary.said.length < 3; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(pooler.said, ["RECONNECT app"]);
    primary.busy = false;
    assert.deepEqual(await done, []);
    assert.deepEqual(pooler.said, ["RECONNECT app", "RECONNECT app_ro"]);
  });

  it("are told of where a pooler does not take it", async () => {
    const [pooler, primary] = [await play(), await play()];
    const gone = "postgresql://pooler_admin:x@127.0.0.1:1/pgbouncer";
    assert.deepEqual(await freshPlans({ ...control(pooler, primary), poolers: [pooler.url, gone] }, ["app"]), ["127.0.0.1:1"]);
    assert.deepEqual(pooler.said, ["RECONNECT app", "RECONNECT app_ro"]);
  });
});
