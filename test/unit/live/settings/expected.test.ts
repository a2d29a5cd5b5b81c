import assert from "node:assert/strict";
import fc from "fast-check";
import { compareConfiguration, compareServer, isValue, ServerState } from "../../../../infra/live/settings/expected";

describe("settings as they are written and as pg_settings shows them", () => {
  for (const [declared, setting, unit, vartype] of [
    ["64MB", "8192", "8kB", "integer"], ["64MB", "65536", "kB", "integer"], ["1GB", "64", "16MB", "integer"], ["10min", "600", "s", "integer"], ["50ms", "50", "ms", "integer"],
    ["1d", "86400", "s", "integer"], ["200", "200", null, "integer"], ["100", "100", "us", "integer"], ["-1", "-1", "kB", "integer"], ["0.9", "0.9", null, "real"],
    ["true", "on", null, "bool"], ["0", "off", null, "bool"], ["on", "pglz", null, "enum"], ["LZ4", "lz4", null, "enum"], ["%m [%p] ", "%m [%p] ", null, "string"],
  ] as const)
    it(`${declared} is ${setting}${unit ? ` × ${unit}` : ""}`, () => {
      assert.ok(isValue(declared, { setting, unit, vartype }));
      assert.ok(!isValue(declared, { setting: vartype === "bool" ? (setting === "on" ? "off" : "on") : `${setting}7`, unit, vartype }));
    });
});

describe("a live configuration of Patroni", () => {
  const expected = { ttl: 20, slots: { archive: { type: "physical" } }, postgresql: { parameters: { work_mem: "9MB" } } };
  it("differs in what is missing, different or not declared", () => {
    const live = { ttl: 30, pause: true, slots: {}, postgresql: { parameters: { work_mem: "9MB", fsync: "off" } } };
    assert.deepEqual(compareConfiguration(expected, live).map(({ object, change }) => [object, change]), [
      ["Patroni's pause", "unexpected"], ["Patroni's postgresql.parameters.fsync", "unexpected"], ["Patroni's slots.archive.type", "missing"], ["Patroni's ttl", "different"],
    ]);
  });
  it("never differs from itself", () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const name = fc.stringMatching(/^[a-z_]{1,8}$/);
    fc.assert(fc.property(fc.dictionary(name, fc.oneof(value, fc.dictionary(name, value))), (configuration) => assert.deepEqual(compareConfiguration(configuration, JSON.parse(JSON.stringify(configuration))), [])), { numRuns: 50 });
  });
});

describe("a server", () => {
  const declared = { configuration: { slots: { archive: {} }, postgresql: { parameters: { work_mem: "9MB", max_connections: "200" } } }, accessRules: ["local all postgres peer", "hostssl all all samenet scram-sha-256"] };
  const sound: ServerState = {
    settings: [{ name: "work_mem", setting: "9216", unit: "kB", vartype: "integer", pending_restart: false }, { name: "max_connections", setting: "200", unit: null, vartype: "integer", pending_restart: false }],
    altered: [], errors: [], accessRules: ["local all postgres peer", "hostssl all all samenet scram-sha-256"], slots: ["archive"],
  };
  const lines = (state: Partial<ServerState>, primary = true) => compareServer("postgres-1", declared, { ...sound, ...state }, primary).map(({ object, change }) => `${object} ${change}`);
  it("that is as declared is no difference", () => assert.deepEqual(lines({}), []));
  it("is told by each thing that is not", () => {
    assert.deepEqual(lines({ altered: [{ name: "work_mem", setting: "77MB" }] }), ["setting work_mem by ALTER SYSTEM unexpected"]);
    assert.deepEqual(lines({ settings: [{ ...sound.settings[0], setting: "1" }] }), ["setting work_mem different"]);
    assert.deepEqual(lines({ settings: [{ ...sound.settings[1], setting: "100", pending_restart: true }] }), ["setting max_connections different"]);
    assert.deepEqual(lines({ errors: ["pg_hba.conf:9 invalid"] }), ["file pg_hba.conf:9 invalid unexpected"]);
    assert.deepEqual(lines({ accessRules: [...sound.accessRules, "host all all all trust"] }), ["pg_hba rule host all all all trust unexpected"]);
    assert.deepEqual(lines({ accessRules: sound.accessRules.slice(1) }), ["pg_hba rule local all postgres peer missing"]);
    assert.deepEqual(lines({ accessRules: [...sound.accessRules].reverse() }), ["pg_hba rules different"]);
    assert.deepEqual(lines({ slots: [] }), ["physical slot archive missing"]);
    assert.deepEqual(lines({ slots: ["archive", "stray"] }), ["physical slot stray unexpected"]);
    assert.deepEqual(lines({ slots: ["anything"] }, false), [], "standbys' slots are Patroni's business");
  });
});
