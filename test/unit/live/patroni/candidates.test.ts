import assert from "node:assert/strict";
import { chooseCandidate, describeUnfit, judgeCandidates } from "../../../../infra/live/patroni/candidates";
import { preferredSuccessors } from "../../../../infra/cluster/succession";
import { Member, readMember } from "../../../../infra/live/patroni/members";

const address = { host: "localhost", port: 1 };
const standby = (name: string, more: Partial<Member> = {}): Member => ({
  name, address, primary: false, state: "streaming", lag: 0, synchronous: true, barred: false, priority: 1, ...more,
});
const primary = standby("postgres-1", { primary: true, state: "running" });
const judge = (members: Member[], synchronousMode = true) => judgeCandidates({ members: [primary, ...members], synchronousMode, maximumLag: 1000 });

describe("who takes over in a switchover", () => {
  it("is a standby that streams, is near, and has all that was acknowledged", () => {
    const unfit = (more: Partial<Member>, synchronousMode = true) => judge([standby("postgres-2", more)], synchronousMode)[0].unfit;
    assert.equal(unfit({}), undefined);
    assert.match(unfit({ address: undefined })!, /does not answer/);
    assert.match(unfit({ state: "starting" })!, /is starting, not streaming/);
    assert.match(unfit({ lag: undefined })!, /unknown lag/);
    assert.equal(unfit({ lag: 1000 }), undefined);
    assert.match(unfit({ lag: 1001 })!, /lags 1001 bytes.*1000/);
    assert.match(unfit({ barred: true })!, /nofailover/);
    assert.match(unfit({ synchronous: false })!, /acknowledged rows/);
    assert.equal(unfit({ synchronous: false }, false), undefined);
    assert.equal(unfit({ replayLag: 16 * 2 ** 20 }), undefined, "what is received is not lost, only late");
    assert.match(unfit({ replayLag: 16 * 2 ** 20 + 1 })!, /bytes to replay/);
  });

  it("is never the primary, and nobody when nobody is fit, with each one's reason", () => {
    const judgements = judge([standby("postgres-2", { lag: 5000 }), standby("postgres-3", { address: undefined })]);
    assert.equal(chooseCandidate(judgements), undefined);
    assert.match(describeUnfit(judgements), /^postgres-2 lags .*; postgres-3 does not answer$/);
    assert.equal(describeUnfit(judge([])), "there is no standby");
  });

  it("is the one with the highest priority, then the preferred one, then the nearest", () => {
    const choose = (members: Member[], prefer?: string[]) => chooseCandidate(judge(members), prefer)?.name;
    assert.equal(choose([standby("b", { lag: 9 }), standby("c")]), "c");
    assert.equal(choose([standby("b", { lag: 9 }), standby("c", { replayLag: 900 })]), "c");
    assert.equal(choose([standby("b", { replayLag: 9 }), standby("c")]), "c");
    assert.equal(choose([standby("b", { lag: 9 }), standby("c")], ["b", "c"]), "b");
    assert.equal(choose([standby("b", { priority: 2, lag: 9 }), standby("c")], ["c"]), "b");
    assert.equal(choose([standby("b", { lag: 5000 }), standby("c")], ["b"]), "c", "preferred, but unfit");
  });

  it("is, while servers are replaced, one that has been already, else the last in the row", () => {
    const order = ["1", "2", "3", "4"];
    assert.deepEqual(preferredSuccessors(order, "1"), ["4", "3", "2"]);
    assert.deepEqual(preferredSuccessors(order, "3"), ["2", "1", "4"]);
    assert.deepEqual(preferredSuccessors(order, "4"), ["3", "2", "1"]);
  });

  it("is read from Patroni's words", () => {
    const read = (known: object) => readMember({ name: "x", state: "streaming", role: "replica", ...known });
    assert.ok(read({ role: "leader" }).primary);
    for (const role of ["sync_standby", "quorum_standby"]) assert.ok(read({ role }).synchronous, role);
    assert.ok(!read({}).synchronous && !read({}).primary && !read({}).barred);
    assert.ok(read({ tags: { nofailover: true } }).barred && read({ tags: { failover_priority: 0 } }).barred);
    assert.deepEqual([read({ lag: 5 }).lag, read({ lag: "unknown" }).lag, read({ lag: 5, replay_lag: 7 }).lag], [5, undefined, 5]);
    assert.equal(read({ replay_lag: 7 }).replayLag, 7);
  });
});
