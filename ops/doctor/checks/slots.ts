import { formatBytes, formatSeconds } from "../../format";
import { byRow } from "../check";

interface Slot {
  name: string;
  database: string | null;
}

interface Held extends Slot {
  retained: number;
  most: number;
  seconds: number;
}

const drop = (name: string, database: string | null) => `SELECT pg_drop_replication_slot(${name});${database ? ` -- in database ${database}` : ""}`;
const SLOT = "quote_literal(slot_name) AS name, quote_ident(database) AS database";
const GONE = "Its consumer has to begin with a new copy. Where the slot is declared, remove it from the configuration instead.";

export const slots = [
  byRow<Held>({
    id: "slots-inactive",
    title: "Slots that nobody reads",
    needs: "primary",
    severity: "warning",
    cause: "A consumer or a standby that is down or gone. The slot keeps WAL for it, up to max_slot_wal_keep_size, and then it is lost.",
    mend: "SELECT pg_drop_replication_slot('name');",
    risk: GONE,
    sql: `SELECT ${SLOT}, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 AS retained, coalesce(extract(epoch FROM now() - inactive_since), 0)::float8 AS seconds,
        CASE WHEN current_setting('max_slot_wal_keep_size') = '-1' THEN 0 ELSE pg_size_bytes(current_setting('max_slot_wal_keep_size')) END::float8 AS most
      FROM pg_replication_slots WHERE NOT active AND NOT temporary AND restart_lsn IS NOT NULL AND wal_status IN ('reserved', 'extended')`,
    found({ name, database, retained, most, seconds }) {
      if (retained < (most > 0 ? most / 4 : 2 ** 30) && (retained < 256 * 2 ** 20 || seconds < 86_400)) return undefined;
      const limit = most > 0 ? ` of at most ${formatBytes(most)}` : ", and there is no limit";
      return { severity: most === 0 || retained > most / 2 ? "critical" : "warning", evidence: `${name} has had no consumer for ${formatSeconds(seconds)} and holds ${formatBytes(retained)}${limit}`, mend: drop(name, database) };
    },
  }),
  byRow<Slot & { status: string; reason: string | null }>({
    id: "slots-lost",
    title: "Slots that have lost their place",
    needs: "primary",
    severity: "critical",
    cause: "The consumer was away for longer than max_slot_wal_keep_size allows, or idle for too long: it misses changes.",
    mend: "SELECT pg_drop_replication_slot('name');",
    risk: GONE,
    sql: `SELECT ${SLOT}, coalesce(wal_status, 'unknown') AS status, invalidation_reason AS reason FROM pg_replication_slots
      WHERE NOT temporary AND (wal_status IN ('unreserved', 'lost') OR invalidation_reason IS NOT NULL)`,
    found: ({ name, database, status, reason }) =>
      status === "unreserved" && !reason
        ? { severity: "warning", evidence: `${name} needs WAL that the next checkpoint may remove`, mend: "Have its consumer read on now." }
        : { evidence: `${name} is ${status}${reason ? `: ${reason}` : ""}`, mend: drop(name, database) },
  }),
  byRow<Slot>({
    id: "slots-no-failover",
    title: "Logical slots that a failover loses",
    needs: "primary",
    severity: "warning",
    cause: "The slot was made without failover: on the next primary it is not there, and its consumer misses changes.",
    mend: "slots: [{ name: …, type: logical }] in the stack's configuration; for a subscription ALTER SUBSCRIPTION … SET (failover = true) while it is disabled",
    risk: "A slot that is made anew begins now: copy the consumer's data anew.",
    sql: `SELECT ${SLOT} FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT temporary AND NOT failover AND invalidation_reason IS NULL`,
    found: ({ name, database }) => ({ evidence: `${name} of database ${database}` }),
  }),
  byRow<{ what: string; used: number; most: number }>({
    id: "slots-full",
    title: "Slots or WAL senders near their limit",
    needs: "primary",
    severity: "warning",
    cause: "As many consumers as max_replication_slots or max_wal_senders: a standby that is made anew would find no place.",
    mend: "pgha:cluster.postgres.parameters: { max_replication_slots: …, max_wal_senders: … }",
    risk: "The change restarts the servers, one after the other.",
    sql: `SELECT 'replication slots' AS what, count(*)::float8 AS used, current_setting('max_replication_slots')::float8 AS most FROM pg_replication_slots
      UNION ALL SELECT 'WAL senders', count(*)::float8, current_setting('max_wal_senders')::float8 FROM pg_stat_replication`,
    found: ({ what, used, most }) => (most === 0 || used < 0.9 * most ? undefined : { evidence: `${used} of ${most} ${what} are taken` }),
  }),
  byRow<{ who: string; transactions: number }>({
    id: "vacuum-horizon",
    title: "Something holds VACUUM back",
    needs: "primary",
    severity: "warning",
    cause: "The oldest snapshot that anybody may still need: nothing deleted since can be cleaned up, in any table.",
    mend: "End it: the session, the slot, the prepared transaction, or the query on the standby.",
    risk: "As that of what is ended.",
    sql: `SELECT * FROM (
        SELECT concat_ws(' ', 'session', pid, 'of', usename) AS who, age(backend_xmin)::float8 AS transactions FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL SELECT 'slot ' || slot_name, greatest(age(xmin), age(catalog_xmin))::float8 FROM pg_replication_slots WHERE coalesce(xmin, catalog_xmin) IS NOT NULL
        UNION ALL SELECT 'standby ' || application_name, age(backend_xmin)::float8 FROM pg_stat_replication WHERE backend_xmin IS NOT NULL
        UNION ALL SELECT 'prepared transaction ' || quote_literal(gid), age(transaction)::float8 FROM pg_prepared_xacts) held ORDER BY 2 DESC LIMIT 3`,
    found: ({ who, transactions }) =>
      transactions < 20e6 ? undefined : { severity: transactions > 200e6 ? "critical" : "warning", evidence: `${who} holds a snapshot ${Math.round(transactions / 1e6)} million transactions old` },
  }),
];
