import assert from "node:assert/strict";
import fc from "fast-check";
import { profiles } from "../../../infra/cluster/profiles";
import { knownSettings } from "../../../infra/cluster/settings";
import { ProfileName, Resources, Settings } from "../../../infra/cluster/spec";
import { tune } from "../../../infra/cluster/tuning";
import { GIB, MIB, parseSize, postgresSize } from "../../../infra/config/units";

const names = Object.keys(profiles) as ProfileName[];
const resources = fc.record({
  memory: fc.integer({ min: 2, max: 4096 }).map((n) => n * 128 * MIB),
  cores: fc.integer({ min: 1, max: 512 }),
  disk: fc.integer({ min: 5, max: 65_536 }).map((n) => n * GIB),
});

function forEveryServer(check: (settings: Settings, resources: Resources, profile: ProfileName) => void) {
  fc.assert(fc.property(fc.constantFrom(...names), resources, (profile, server) => check(tune(profile, server), server, profile)));
}
const bytes = (value: Settings[string]) => parseSize(String(value)) ?? assert.fail(`${value} is not a size`);

describe("tuning", () => {
  it("uses settings that both major versions know", () =>
    forEveryServer((settings) => {
      for (const name of Object.keys(settings)) for (const version of [17, 18] as const) assert.ok(name in knownSettings(version), `${name} ${version}`);
    }));

  it("keeps WAL within the disk", () =>
    forEveryServer((settings, { disk }) => {
      assert.ok(bytes(settings.max_wal_size) + bytes(settings.max_slot_wal_keep_size) <= disk * 0.6);
      assert.ok(bytes(settings.min_wal_size) <= bytes(settings.max_wal_size));
      assert.ok(bytes(settings.wal_keep_size) <= bytes(settings.max_slot_wal_keep_size));
    }));

  it("never turns durability off, but for bulk loads", () =>
    forEveryServer((settings, _, profile) => {
      assert.ok(!("fsync" in settings) && !("full_page_writes" in settings));
      assert.equal("synchronous_commit" in settings, profile === "bulk");
    }));

  it("gives a larger server no less memory", () =>
    fc.assert(
      fc.property(fc.constantFrom(...names), resources, (profile, server) => {
        const larger = tune(profile, { ...server, memory: server.memory * 2 });
        for (const name of ["shared_buffers", "work_mem", "maintenance_work_mem", "effective_cache_size"])
          assert.ok(bytes(larger[name]) >= bytes(tune(profile, server)[name]), name);
      }),
    ));

  it("meets the reference values where the server is large enough", () => {
    const settings = tune("oltp", { memory: 64 * GIB, cores: 16, disk: 500 * GIB });
    for (const [name, value] of Object.entries({ shared_buffers: "16GB", max_wal_size: "8GB", min_wal_size: "1GB", wal_buffers: "64MB", wal_compression: "on", wal_writer_delay: "50ms", commit_delay: 100, commit_siblings: 20, wal_keep_size: "2GB" }))
      assert.equal(settings[name], value, name);
    const bulk = tune("bulk", { memory: 64 * GIB, cores: 16, disk: 500 * GIB });
    assert.deepEqual([bulk.max_wal_size, bulk.synchronous_commit, bulk.wal_buffers], ["16GB", "off", "32MB"]);
  });
});

describe("sizes", () => {
  it("are read as written, whatever the spelling of the unit", () => {
    assert.equal(parseSize("2GiB"), 2 * GIB);
    assert.equal(parseSize("1.5 GB"), 1.5 * GIB);
    assert.equal(parseSize("512mb"), 512 * MIB);
    for (const text of ["", "2", "GB", "-1GB", "2 bananas"]) assert.equal(parseSize(text), undefined, text);
  });

  it("come back from Postgres's spelling as the same bytes", () =>
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (kib) => assert.equal(parseSize(postgresSize(kib * 1024)), kib * 1024))));
});
