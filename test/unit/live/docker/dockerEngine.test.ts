import assert from "node:assert/strict";
import { demandData, engineNow } from "../../../../infra/live/docker/engineIdentity";
import { besideDocker } from "../../support/playedDocker";

/** A played engine: its ids, one for each question, and whether it has volumes of the cluster. */
function on<T>(ids: string[], volumes: string[], work: () => Promise<T>): Promise<T> {
  const answers = ids.map((ID) => ({ ID, Name: "laptop" }));
  return besideDocker((url) => (url.includes("/info") ? (answers.length > 1 ? answers.shift() : answers[0]) : { Volumes: volumes.map((Name) => ({ Name })) }), work);
}

describe("the Docker engine that a cluster runs on", () => {
  const news = { stack: "trial", cluster: "x", clusterId: "0a", engine: { id: "B", name: "laptop" } };

  it("is known by its id, and has none where each answer has another one, as Podman's", async () => {
    assert.deepEqual(await on(["A"], [], engineNow), { id: "A", name: "laptop" });
    assert.deepEqual(await on(["A", "B"], [], engineNow), { id: "", name: "laptop" });
  });

  it("may not be exchanged for one without the data; one with it is the same, installed anew", async () => {
    await assert.rejects(
      on(["B"], [], () => demandData({ id: "A", name: "desk" }, news)),
      /nothing was touched: x runs on the Docker engine of desk \(A\), and this is another one, of laptop \(B\); .*--empty --stack trial/,
    );
    await on(["B"], ["x-postgres-1-data"], () => demandData({ id: "A", name: "desk" }, news));
    await on(["B"], [], () => demandData({ id: "", name: "desk" }, news));
  });
});
