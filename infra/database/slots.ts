import type { Client } from "pg";

/** A logical replication slot for a declared consumer; it outlives a failover. */
export interface LogicalSlot {
  name: string;
  /** Output plugin, such as pgoutput. */
  plugin: string;
}

/**
 * Makes the declared slots that are missing in this client's database, and drops those that are declared no more.
 * Throws on a slot that is another than declared, and on dropping one in use: its consumer would lose its place.
 */
export async function alignSlots(client: Client, declared: LogicalSlot[], previous: LogicalSlot[]): Promise<void> {
  for (const { name } of previous.filter(({ name }) => !declared.some((slot) => slot.name === name))) {
    const slot = await findSlot(client, name);
    if (slot?.active)
      throw new Error(`slots: "${name}" is declared no more but its consumer is connected; `
        + "stop the consumer first, or declare the slot again");
    if (slot) await client.query("SELECT pg_drop_replication_slot($1)", [name]);
  }
  for (const { name, plugin } of declared) {
    const slot = await findSlot(client, name);
    if (!slot) await client.query("SELECT pg_create_logical_replication_slot($1, $2, false, false, true)", [name, plugin]);
    else if (slot.plugin !== plugin || slot.database !== client.database || !slot.failover) {
      const { slot_type: type, database, failover } = slot;
      const found = `${type}, plugin ${slot.plugin}, database ${database}, failover ${failover}`;
      throw new Error(`slots: "${name}" exists but is another than declared (${found}); choose another name, or drop it`);
    }
  }
}

async function findSlot(client: Client, name: string) {
  const { rows } = await client.query(
    "SELECT slot_type, plugin, database, active, failover FROM pg_replication_slots WHERE slot_name = $1", [name]);
  return rows.at(0);
}
