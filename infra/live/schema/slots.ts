import type { Client } from "pg";
import { Items, literal } from "./declared/item";

/** A logical replication slot for a declared consumer; it outlives a failover. */
export interface LogicalSlot {
  name: string;
  /** Output plugin, such as pgoutput. */
  plugin: string;
}

/** Names of the slots that an update before has left, without those that are declared no more. Asked in database postgres. */
export async function recordedSlots(client: Client, dropped: string[]): Promise<string[]> {
  await client.query("DELETE FROM pgha.catalogue WHERE object = ANY ($1)", [dropped.map((name) => `logical slot ${name}`)]);
  const { rows } = await client.query("SELECT substr(object, length('logical slot ') + 1) AS name FROM pgha.catalogue WHERE object LIKE 'logical slot %'");
  return rows.map(({ name }) => String(name));
}

/** Notes a slot, so that it goes once it is declared no more: without its consumer it would hold back WAL. It is made outside of a transaction. */
export function slotItems(slots: LogicalSlot[]): Items {
  return Object.fromEntries(slots.map(({ name }) => [
    `slot ${name}`,
    {
      sql: "-- made by pg_create_logical_replication_slot, outside of the transaction",
      undo: `DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ${literal(name)} AND active) THEN
    RAISE EXCEPTION 'its consumer is connected; stop the consumer first, or declare the slot again';
  END IF;
  PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ${literal(name)} AND database = current_database();
END $$;`,
    },
  ]));
}

/**
 * Makes the declared slots that are missing in this client's database. Returns, in words, those that are lost: made anew, they would
 * begin at the present, and their consumers skip what they missed unnoticed. `recorded`: what was there before. Throws on a slot
 * that is another than declared.
 */
export async function alignSlots(client: Client, declared: LogicalSlot[], recorded: string[]): Promise<string[]> {
  const lost: string[] = [];
  for (const { name, plugin } of declared) {
    const slot = await findSlot(client, name);
    if (!slot && recorded.includes(name)) lost.push(describeLost(name, client.database, "was made before and is gone"));
    else if (!slot) await client.query("SELECT pg_create_logical_replication_slot($1, $2, false, false, true)", [name, plugin]);
    else if (slot.wal_status === "lost" || slot.invalidation_reason)
      lost.push(describeLost(name, client.database, `is lost (${slot.invalidation_reason ?? "WAL removed"})`));
    else if (slot.plugin !== plugin || slot.database !== client.database || !slot.failover) {
      const { slot_type: type, database, failover } = slot;
      const found = `${type}, plugin ${slot.plugin}, database ${database}, failover ${failover}`;
      throw new Error(`slots: "${name}" exists but is another than declared (${found}); choose another name, or drop it`);
    }
  }
  return lost;
}

/** How a lost slot begins anew: under its own name only when nobody takes it for the old one. */
export const ANEW = "declare it under another name, or take it out of slots, npm run up, and put it back; then have its consumer copy its data anew";

function describeLost(name: string, database: string | undefined, how: string): string {
  return `slots: "${name}" of database ${database} ${how}: whoever reads it has missed changes; ${ANEW}`;
}

async function findSlot(client: Client, name: string) {
  const { rows } = await client.query(
    "SELECT slot_type, plugin, database, active, failover, wal_status, invalidation_reason FROM pg_replication_slots WHERE slot_name = $1", [name]);
  return rows.at(0);
}
