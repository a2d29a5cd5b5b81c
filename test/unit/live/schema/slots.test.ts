import assert from "node:assert/strict";
import type { Client } from "pg";
import { mend } from "../../../../infra/live/schema/catalogue/mend";
import { alignSlots, slotItems } from "../../../../infra/live/schema/slots";

const sound = { slot_type: "logical", plugin: "pgoutput", database: "app", active: false, failover: true, wal_status: "reserved", invalidation_reason: null };

/** Plays a database with these slots; keeps what was made. */
function played(slots: Record<string, Partial<typeof sound> | { invalidation_reason: string }>) {
  const done: string[] = [];
  const query = async (sql: string, [name]: string[]) => {
    if (/FROM pg_replication_slots/.test(sql)) return { rows: name in slots ? [{ ...sound, ...slots[name] }] : [] };
    done.push(`${sql.match(/pg_(create|drop)/)![1]} ${name}`);
    return { rows: [] };
  };
  return { client: { query, database: "app" } as unknown as Client, done };
}

const declared = [{ name: "warehouse", plugin: "pgoutput" }];

describe("logical slots", () => {
  it("are made where they never were, and left alone where they are", async () => {
    const fresh = played({});
    assert.deepEqual([await alignSlots(fresh.client, declared, ["other"]), fresh.done], [[], ["create warehouse"]]);
    const there = played({ warehouse: {} });
    assert.deepEqual([await alignSlots(there.client, declared, ["warehouse"]), there.done], [[], []]);
  });

  it("that are lost are named with the way back, and not made anew: their consumers would skip what they missed", async () => {
    for (const [slots, says] of [
      [{}, /"warehouse" of database app was made before and is gone: whoever reads it has missed changes; declare it under another name/],
      [{ warehouse: { wal_status: "lost" } }, /"warehouse" of database app is lost \(WAL removed\)/],
      [{ warehouse: { invalidation_reason: "idle_timeout" } }, /"warehouse" of database app is lost \(idle_timeout\)/],
    ] as const) {
      const { client, done } = played(slots);
      const [lost, ...more] = await alignSlots(client, declared, ["warehouse"]);
      assert.match(lost, says);
      assert.deepEqual([more, done], [[], []]);
    }
  });

  it("that are declared no more are dropped, the lost ones too, but not while a consumer is connected", () => {
    const { "slot warehouse": { undo } } = slotItems(declared);
    assert.match(undo!, /WHERE slot_name = 'warehouse' AND active\) THEN\s+RAISE EXCEPTION 'its consumer is connected[^]*PERFORM pg_drop_replication_slot\(slot_name\) FROM pg_replication_slots WHERE slot_name = 'warehouse' AND database = current_database\(\)/);
  });

  it("are a difference when they are lost or gone, and no command that would make them anew in silence mends it", () => {
    const definition = { plugin: "pgoutput", state: "sound" };
    for (const found of [{ declared: definition }, { declared: definition, live: { ...definition, state: "lost, wal_removed" }, attribute: "state" }])
      assert.match(mend("logical slot warehouse", found), /has missed changes: declare it under another name/);
  });
});
