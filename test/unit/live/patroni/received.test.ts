import assert from "node:assert/strict";
import { hasReceived } from "../../../../infra/live/patroni/received";
import { readMembers } from "../../../../infra/live/patroni/members";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

describe("before a switchover, while the poolers are paused", () => {
  let fake: FakePatroni | undefined;
  afterEach(() => fake?.close());

  /** A primary whose position moves on with every answer, and a standby that has received what `received` says. */
  async function has(received: (asked: number) => object, milliseconds = 300): Promise<boolean> {
    const position = { location: 1000 };
    let asked = 0;
    const whole: Answers = {
      "GET /cluster": { members: [{ name: "postgres-1", role: "leader", state: "running" }, { name: "postgres-2", role: "quorum_standby", state: "streaming", lag: 0 }] },
      "GET /config": { synchronous_mode: "quorum" },
    };
    fake = await fakePatroni({
      "postgres-1": { ...whole, "GET /patroni": () => ({ patroni: { name: "postgres-1" }, xlog: { location: position.location } }) },
      "postgres-2": { ...whole, "GET /patroni": () => ((position.location += 5), { patroni: { name: "postgres-2" }, xlog: received(asked++) }) },
    });
    const { members: [from, to] } = await readMembers(fake.control);
    asked = 0;
    position.location = 1000;
    return hasReceived(fake.control, { from, to }, milliseconds).finally(() => fake!.close());
  }

  it("the new primary is waited for until it has what the old one had written", async () => {
    assert.ok(await has(() => ({ received_location: 1000 }), 10_000), "what is written meanwhile is not waited for");
    assert.ok(await has((asked) => ({ received_location: asked < 3 ? 999 : 1000 }), 10_000));
  });

  it("one that lacks anything, or does not say, does not become it", async () => {
    assert.ok(!(await has(() => ({ received_location: 999 }))));
    assert.ok(!(await has(() => ({}))));
  });
});
