import assert from "node:assert/strict";
import fc from "fast-check";
import { knownSettings } from "../../../../infra/cluster/settings";
import { describeEffect, effectsOf } from "../../../../infra/live/settings/effects";

const configuration = (parameters: object, further: object = {}) => ({ ttl: 20, ...further, postgresql: { use_slots: true, parameters: { ...parameters } } });
const effects = (before: object, after: object) =>
  Object.fromEntries(effectsOf(configuration(before), configuration(after), 18).map((effect) => [effect.setting.replace("postgresql.parameters.", ""), describeEffect(effect)]));

describe("what a changed setting does to a running cluster", () => {
  it("tells reload from restart by Postgres' own word", () => {
    assert.deepEqual(effects({ work_mem: "4MB", shared_buffers: "1GB" }, { work_mem: "8MB", shared_buffers: "2GB" }), {
      shared_buffers: "1GB → 2GB: restart, standbys first",
      work_mem: "4MB → 8MB: reload",
    });
  });

  it("restarts the primary first when one of the five shared settings goes down, and the standbys first when it goes up", () => {
    for (const name of ["max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction"]) {
      assert.deepEqual(effects({ [name]: 200 }, { [name]: 150 }), { [name]: "200 → 150: restart, primary first" });
      assert.deepEqual(effects({ [name]: 150 }, { [name]: "200" }), { [name]: "150 → 200: restart, standbys first" });
    }
  });

  it("has one order for all restarts of a change", () => {
    const { shared_buffers } = effects({ max_connections: 200, shared_buffers: "1GB" }, { max_connections: 150, shared_buffers: "2GB" });
    assert.equal(shared_buffers, "1GB → 2GB: restart, primary first");
  });

  it("names what goes, and leaves alone what was never declared", () => {
    const live = configuration({ work_mem: "4MB", by_hand: 1 }, { note: "by hand" });
    const found = effectsOf(live, configuration({}), 18, configuration({ work_mem: "4MB" }));
    assert.deepEqual(found.map(describeEffect), ["4MB → not set: reload"]);
  });

  it("reloads Patroni's own timers", () => {
    assert.deepEqual(effectsOf(configuration({}), configuration({}, { ttl: 30 }), 17).map(describeEffect), ["20 → 30: reload"]);
  });

  it("tells every change once, sorted, and nothing of what stays", () => {
    const settings = fc.dictionary(fc.constantFrom(...Object.keys(knownSettings(18))), fc.integer({ min: 1, max: 999 }));
    fc.assert(
      fc.property(settings, settings, (before, after) => {
        const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
        const found = effectsOf(configuration(before), configuration(after), 18).map(({ setting }) => setting.replace("postgresql.parameters.", ""));
        assert.deepEqual(found, changed.map((name) => `postgresql.parameters.${name}`).sort().map((name) => name.slice(22)));
      }),
    );
  });
});
