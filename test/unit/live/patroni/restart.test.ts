import assert from "node:assert/strict";
import { askMembers, restartMembers } from "../../../../infra/live/patroni/restart";
import { fakePatroni } from "../../support/fakePatroni";

describe("a restart of the primary", () => {
  it("that takes longer than writers are held back goes on without the pause", async () => {
    let restarted = 0;
    const slow = () => new Promise<object>((resolve) => setTimeout(() => resolve({ restarted: ++restarted }), 800));
    const fake = await fakePatroni({ "postgres-1": { "GET /patroni": { patroni: { name: "postgres-1" }, role: "primary" }, "POST /restart": async () => ({ ...(await slow()) }), "GET /readiness": {} } });
    try {
      const { answering } = await askMembers(fake.control);
      await restartMembers(fake.control, answering, { seconds: 0.3 });
      assert.equal(restarted, 1);
    } finally {
      fake.close();
    }
  });
});
