import { describeFailure } from "../failure";
import { formatBytes } from "../format";
import { connect, ConnectOptions, hangUp } from "../postgresUrl";
import { Member, Slot, Wal } from "./report";

const OLDEST = `SELECT min(('x' || substr(name, 9, 8))::bit(32)::bigint * 4294967296 + ('x' || substr(name, 17, 8))::bit(32)::bigint
    * (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'))::text AS oldest
  FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'`;

const WAITING = `SELECT count(*)::int AS segments, min(modification) AS since FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'`;

const ARCHIVED = `SELECT last_archived_wal AS archived FROM pg_stat_archiver WHERE last_archived_wal ~ '^[0-9A-F]{24}$'`;

const SLOTS = `SELECT slot_name AS name, slot_type AS type, database, active, wal_status AS status, invalidation_reason AS reason,
    pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text AS retained
  FROM pg_replication_slots WHERE NOT temporary ORDER BY 1`;

/** Asks the primary what WAL it still has, and who keeps it. Never throws. */
export async function askWal(url: string, options: ConnectOptions): Promise<Wal> {
  try {
    const { client } = await connect(url, options);
    try {
      const { rows: [{ oldest }] } = await client.query<{ oldest: string | null }>(OLDEST);
      const { rows: [{ segments, since }] } = await client.query<{ segments: number; since: Date | null }>(WAITING);
      const { rows: [told] } = await client.query<{ archived: string }>(ARCHIVED);
      const { rows } = await client.query<Record<"name" | "type" | "database" | "status" | "reason" | "retained", string | null> & { active: boolean }>(SLOTS);
      const slots = rows.map(({ name, type, database, active, status, reason, retained }): Slot => ({
        name: String(name), type: type === "logical" ? "logical" : "physical", database: database ?? undefined, active,
        walStatus: status ?? undefined, reason: reason ?? undefined, retainedBytes: retained === null ? undefined : Number(retained),
      }));
      return { oldest: oldest === null ? undefined : Number(oldest), slots, archived: told?.archived, ...(since && { waiting: { segments, since: since.toISOString() } }) };
    } finally {
      hangUp(client);
    }
  } catch (error) {
    return { error: describeFailure(error), slots: [] };
  }
}

/** Slots whose consumers have lost their place, or will. Those of members are Patroni's: it makes them anew. */
export function slotProblems({ slots }: Wal, members: Member[]): string[] {
  const own = members.map(({ name }) => name.replaceAll("-", "_"));
  return slots.filter(({ name }) => !own.includes(name)).flatMap(({ name, type, database, walStatus, reason, active, retainedBytes = 0 }) => {
    const where = type === "logical" ? ` in database ${database}` : "";
    if (walStatus === "lost" || reason)
      return [`the ${type} slot ${name} is lost${reason ? ` (${reason})` : ""}: its consumer misses changes. SELECT pg_drop_replication_slot('${name}')${where}, make it again, and copy its data anew`];
    if (walStatus === "unreserved" || (walStatus === "extended" && !active))
      return [`the ${type} slot ${name} ${active ? "is behind" : "has no consumer"} and holds ${formatBytes(retainedBytes)} of WAL: it is lost when it holds more`];
    return [];
  });
}

/** Whether a standby needs WAL that its primary has no more; it comes back by a new copy only. */
export function lacksWal({ role, state, position }: Member, { oldest }: Wal = { slots: [] }): boolean {
  return role === "standby" && state !== "streaming" && position !== undefined && oldest !== undefined && position < oldest;
}
