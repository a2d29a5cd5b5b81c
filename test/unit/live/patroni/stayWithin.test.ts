import assert from "node:assert/strict";
import { stayWithin } from "../../../../infra/live/patroni/leaveLeadership";
import { Answers, FakePatroni, fakePatroni } from "../../support/fakePatroni";

describe("a primary that the configuration no longer has", () => {
  let fake: FakePatroni | undefined;
  afterEach(() => fake?.close());

  /** Three members, this one the primary; standbys lag by so many bytes. */
  async function cluster(primary: number, lag = 0) {
    const members = [1, 2, 3].map((n) => ({ name: `postgres-${n}`, role: n === primary ? "leader" : "replica", state: n === primary ? "running" : "streaming", lag }));
    const answers = (n: number): Answers => ({
      "GET /cluster": { members },
      "GET /config": {},
      "GET /patroni": { patroni: { name: `postgres-${n}` } },
      "GET /slots": { slots: [] },
    });
    fake = await fakePatroni(Object.fromEntries([1, 2, 3].map((n) => [`postgres-${n}`, answers(n)])));
    return fake.control;
  }

  it("hands over before anything else is done", async () => {
    // No proxy is played: the way to a switchover ends where it looks for one
    await assert.rejects(stayWithin(["postgres-1", "postgres-2"], await cluster(3), 0), /no proxy leads to a primary that takes writes/);
  });

  it("stays what it is where the configuration has it, and where nobody answers", async () => {
    await stayWithin(["postgres-1", "postgres-2"], await cluster(1), 0);
    const { control } = (fake!.close(), (fake = await fakePatroni({ "postgres-1": undefined })));
    await stayWithin(["postgres-2"], control, 0);
  });

  it("is not taken away while none of those that stay can take over: it says why", async () => {
    await assert.rejects(stayWithin(["postgres-1", "postgres-2"], await cluster(3, 2 ** 30), 0),
      /^Error: postgres-3 is the primary and is to go, but none of those that stay can take over: no standby is fit to take over: postgres-1 .*postgres-2 .*run up again$/);
    assert.deepEqual(fake!.commands, []);
  });
});
