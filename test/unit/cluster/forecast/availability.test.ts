import assert from "node:assert/strict";
import fc from "fast-check";
import { assumed, availability, describeAvailability, Layout } from "../../../../infra/cluster/forecast/availability";
import { compareSchemes, weights } from "../../../../infra/cluster/forecast/schemes";

const spread: Layout = { zones: 3, machines: "each", postgres: 3, etcd: 3, proxies: 2, poolers: 2, postgresNeeded: 1 };
const count = fc.integer({ min: 1, max: 5 });
const layouts = fc.record({
  zones: fc.integer({ min: 1, max: 4 }), machines: fc.constantFrom("one" as const, "each" as const), postgres: count, etcd: fc.constantFrom(1, 3, 5),
  proxies: count, poolers: count, postgresNeeded: fc.constant(1),
});
const chance = fc.double({ min: 0.5, max: 1, noNaN: true });
const figures = fc.record({ zone: chance, host: chance, node: chance });
const close = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

describe("availability", () => {
  it("is computed by hand for one of each: everything in series", () => {
    const one: Layout = { ...spread, zones: 1, postgres: 1, etcd: 1, proxies: 1, poolers: 1 };
    const { zone, host, node } = assumed;
    close(availability(one), zone * host ** 3 * node ** 4);
    close(availability({ ...one, machines: "one" }), zone * host * node ** 4);
  });

  it("counts the primary inside its group: two servers are lost only together", () => {
    const perfect = { zone: 1, host: 1, node: 0.9 };
    const only = { ...spread, etcd: 1, proxies: 1, poolers: 1, zones: 1 };
    close(availability({ ...only, postgres: 2 }, perfect) / availability({ ...only, postgres: 1 }, perfect), (1 - 0.1 ** 2) / 0.9);
  });

  it("takes everything in a zone away with it", () => {
    const zones = { zone: 0.9, host: 1, node: 1 };
    close(availability({ ...spread, zones: 1 }, zones), 0.9);
    // Two edges in zones 1 and 2, a majority of etcd in any two: zone 3 alone is not enough
    close(availability(spread, zones), 0.9 ** 3 + 3 * 0.9 ** 2 * 0.1);
  });

  it("is a share, and 1 where nothing fails", () => {
    fc.assert(fc.property(layouts, figures, (layout, given) => {
      const share = availability(layout, given);
      assert.ok(share >= 0 && share <= 1 + 1e-9);
      close(availability(layout, { zone: 1, host: 1, node: 1 }), 1);
    }));
  });

  it("is never less for better parts, for another standby, for less that a write needs", () => {
    fc.assert(fc.property(layouts, figures, fc.constantFrom("zone", "host", "node"), (layout, given, part) => {
      const share = availability(layout, given);
      assert.ok(availability(layout, { ...given, [part]: (given[part as keyof typeof given] + 1) / 2 }) >= share - 1e-9);
      assert.ok(availability({ ...layout, postgres: layout.postgres + 1 }, given) >= share - 1e-9);
      if (layout.postgres > 1) assert.ok(availability({ ...layout, postgresNeeded: 2 }, given) <= share + 1e-9);
    }));
  });

  it("says so in hours a year and minutes a month, and what reaches each target", () => {
    const { percent, downHoursPerYear, downMinutesPerMonth, targets } = describeAvailability({ ...spread, zones: 1, machines: "one" });
    close(Math.round((1 - percent / 100) * 8766), Math.round(downHoursPerYear));
    assert.ok(Math.abs(downMinutesPerMonth - downHoursPerYear * 5) < 0.5);
    assert.deepEqual(targets.map(({ percent: target, met }) => [target, met]), [[99, true], [99.9, false], [99.95, false], [99.99, false], [99.999, false]]);
    assert.match(targets[1].advice, /a machine for each server, 3 zones/);
    assert.match(targets[4].advice, /not by more servers/);
  });

  it("advises what does reach the target", () => {
    fc.assert(fc.property(layouts, (layout) => {
      for (const { percent, met } of describeAvailability(layout).targets) assert.equal(met, availability(layout) * 100 >= percent);
    }), { numRuns: 20 });
  });
});

describe("the comparison of replication schemes", () => {
  it("has weights that make one, and totals between 0 and 1, the best first", () => {
    close(Object.values(weights).reduce((sum, weight) => sum + weight, 0), 1);
    const schemes = compareSchemes(spread, "quorum");
    assert.equal(schemes.length, 4 * 7);
    for (const [index, { total, scores }] of schemes.entries()) {
      assert.ok(total >= 0 && total <= 1 && total <= (schemes[index - 1]?.total ?? 1));
      for (const score of Object.values(scores)) assert.ok(score >= 0 && score <= 1);
    }
  });

  it("filters by hard constraints before it scores", () => {
    const modes = (constraints: object) => new Set(compareSchemes(spread, "asynchronous", constraints).map(({ mode }) => mode));
    assert.ok(compareSchemes(spread, "asynchronous")[0].mode === "asynchronous");
    assert.deepEqual(modes({ zeroLoss: true }).has("asynchronous"), false);
    assert.deepEqual([...modes({ neverUnprotected: true })], ["strict"]);
    assert.ok(compareSchemes(spread, "quorum", { survivesStandby: true }).every(({ mode, standbys }) => mode !== "strict" || standbys > 1));
    assert.ok(compareSchemes(spread, "quorum", { maxStandbys: 2 }).every(({ standbys }) => standbys <= 2));
    assert.deepEqual(compareSchemes(spread, "quorum", { neverUnprotected: true, survivesStandby: true, maxStandbys: 1 }), []);
  });
});
