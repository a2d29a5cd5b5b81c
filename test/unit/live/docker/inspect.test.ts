import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "../../../../infra/live/docker/inspect";

/** An engine that holds one volume of this deployment, and nothing else. */
async function beside<T>(clusterId: string, work: () => Promise<T>): Promise<T> {
  const volume = { Name: "pgha-dev-postgres-1-data", Labels: { "pgha.cluster": "pgha-dev", "pgha.cluster-id": clusterId, "pgha.postgres": "17" } };
  const engine = createServer(({ url }, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(url!.includes("/volumes") ? { Volumes: [volume] } : [])));
  await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
  const { DOCKER_HOST } = process.env;
  process.env.DOCKER_HOST = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  try {
    return await work();
  } finally {
    if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = DOCKER_HOST;
    engine.closeAllConnections();
    engine.close();
  }
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
