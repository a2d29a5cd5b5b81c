import type { Address } from "../../cluster/endpoints";
import type { Access, Control } from "../access";
import { runOnce } from "../postgres/sql";
import { call } from "./client";

/** A logical slot that a member has for good: its own on a primary, Postgres's ready copy on a standby. */
export interface FailoverSlot {
  name: string;
  database: string;
  /** Its consumer is connected. */
  active: boolean;
  /** ISO 8601; since when no consumer is. */
  unreadSince?: string;
}

/** Seconds that a copy may take: Postgres looks every 30 s at the latest, and a new one waits until its consumer has read on. */
export const COPY_SECONDS = 90;
const ANSWER_SECONDS = 3;

/** Of those slots that are to outlive a failover; undefined where the member does not answer, or is of a version that does not say. */
export async function readSlots(access: Access, address: Address): Promise<FailoverSlot[] | undefined> {
  const answer = await call(access, address, "GET", "/slots", undefined, ANSWER_SECONDS).catch(() => undefined);
  return answer?.slots as FailoverSlot[] | undefined;
}

/** Notes on the primary what copies wait for, which Postgres does every 15 s by itself. A failure costs time only. */
export async function hastenCopies({ writers, authority }: Control): Promise<void> {
  if (writers.length) await runOnce(writers[0], authority, "SELECT pg_log_standby_snapshot()", 2000).catch(() => undefined);
}

/** Which slots would be lost, who holds that up, and the ways out. */
export function describeLacking(slots: FailoverSlot[]): string {
  const reader = ({ active, unreadSince: since }: FailoverSlot) =>
    active ? "whose consumer is connected, but has not confirmed anything new" : `which nobody has read${since ? ` since ${since}` : ""}`;
  const named = slots.map((slot) => `"${slot.name}" of database ${slot.database}, ${reader(slot)}`).join("; ");
  const drops = slots.map(({ name }) => `SELECT pg_drop_replication_slot('${name}')`).join("; ");
  return `no standby that could take over has a ready copy of the logical ${slots.length > 1 ? "slots" : "slot"} ${named}. Lost with the change, `
    + `its consumer would miss changes. Have the consumer read on, or, where nobody needs it, take it out of pgha:cluster.slots and drop it: ${drops}`;
}
