import assert from "node:assert/strict";
import { inspect } from "../../../../infra/live/docker/inspect";
import { besideDocker } from "../../support/playedDocker";

/** An engine that holds one volume of this deployment, and nothing else. */
function beside<T>(clusterId: string, work: () => Promise<T>): Promise<T> {
  const volume = { Name: "pgha-dev-postgres-1-data", Labels: { "pgha.cluster": "pgha-dev", "pgha.cluster-id": clusterId, "pgha.postgres": "17" } };
  return besideDocker((url) => (url.includes("/volumes") ? { Volumes: [volume] } : []), work);
}

describe("the look at a machine before anything is touched", () => {
  const look = (stack: string) => inspect({ stack, cluster: "pgha-dev", clusterId: "ours", hosts: [], ports: [], fixed: [{ label: "pgha.postgres", key: "postgres.version", value: "18" }] });

  it("refuses data of another deployment, and says how this stack is rid of it", async () => {
    const [fault] = await beside("theirs", () => look("dev"));
    assert.match(fault, /^the volumes pgha-dev-postgres-1-data hold data of another deployment .* `npm run down -- --data --lost-state`$/);
    const [other] = await beside("theirs", () => look("trial"));
    assert.match(other, /`npm run down -- --data --lost-state --stack trial`$/);
  });

  it("refuses to take up data that another version made", async () => {
    const faults = await beside("ours", () => look("dev"));
    assert.equal(faults.length, 1);
    assert.match(faults[0], /pgha:cluster\.postgres\.version 17 and cannot be taken up with 18/);
  });
});
