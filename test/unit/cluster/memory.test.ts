import assert from "node:assert/strict";
import fc from "fast-check";
import { LEAST_MEMORY, neededMemory, planMemory } from "../../../infra/cluster/memory";
import { profiles } from "../../../infra/cluster/profiles";
import { ProfileName } from "../../../infra/cluster/spec";
import { tune } from "../../../infra/cluster/tuning";
import { GIB, KIB, MIB, parseSize } from "../../../infra/config/units";

const names = fc.constantFrom(...(Object.keys(profiles) as ProfileName[]));
const sizes = fc.oneof(fc.integer({ min: LEAST_MEMORY / MIB, max: 4096 }), fc.integer({ min: 4096, max: 256 * 1024 })).map((size) => size * MIB);
const bytes = (value: unknown) => parseSize(String(value))!;

describe("the memory of a server", () => {
  it("has room for all that is planned for it, in every profile, from 384 MiB to 256 GiB", () =>
    fc.assert(fc.property(names, sizes, fc.integer({ min: 1, max: 16 }), (profile, memory, cores) => {
      const plan = planMemory(profile, memory, cores);
      assert.ok(neededMemory(plan, cores) <= memory, `${profile}, ${memory / MIB} MiB: ${neededMemory(plan, cores) / MIB} MiB`);
      const settings = tune(profile, { memory, cores, disk: 20 * GIB });
      const set = {
        maxConnections: Number(settings.max_connections),
        sharedBuffers: bytes(settings.shared_buffers),
        walBuffers: bytes(settings.wal_buffers),
        workMem: bytes(settings.work_mem),
        maintenanceWorkMem: bytes(settings.maintenance_work_mem),
        autovacuumWorkMem: bytes(settings.autovacuum_work_mem),
      };
      assert.ok(neededMemory(set, cores) <= memory, `${profile}, ${memory / MIB} MiB as set: ${neededMemory(set, cores) / MIB} MiB`);
      assert.ok(set.workMem >= 512 * KIB && set.maxConnections >= 40);
    })));

  it("gives few connections more each where queries are large", () => {
    const [oltp, warehouse] = (["oltp", "warehouse"] as const).map((profile) => planMemory(profile, 16 * GIB, 8));
    assert.deepEqual([oltp.maxConnections, warehouse.maxConnections], [200, 60]);
    assert.ok(warehouse.workMem > 3 * oltp.workMem);
  });
});
