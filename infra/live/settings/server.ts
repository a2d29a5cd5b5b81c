import type { Client } from "pg";
import type { ServerState } from "./expected";

/** Reads what `ServerState` says, as superuser. `members`: names of the servers, whose slots Patroni makes and drops. */
export async function readServer(client: Client, members: string[]): Promise<ServerState> {
  const rows = async (sql: string, values: unknown[] = []) => (await client.query(sql, values)).rows;
  return {
    settings: await rows("SELECT name, setting, unit, vartype, pending_restart FROM pg_settings WHERE setting IS NOT NULL") as ServerState["settings"],
    altered: await rows("SELECT name, setting FROM pg_file_settings WHERE sourcefile ~ 'postgresql\\.auto\\.conf$' AND name IS NOT NULL ORDER BY seqno") as ServerState["altered"],
    errors: (await rows(`SELECT concat_ws(' ', regexp_replace(sourcefile, '.*/', '') || ':' || sourceline, coalesce(name, ''), error) AS text FROM pg_file_settings WHERE error IS NOT NULL AND error <> 'setting could not be applied'
      UNION ALL SELECT 'pg_hba.conf:' || line_number || ' ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL`)).map(({ text }) => text as string),
    accessRules: (await rows(`SELECT concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, netmask, auth_method, array_to_string(options, ' ')) AS rule
      FROM pg_hba_file_rules WHERE error IS NULL ORDER BY rule_number`)).map(({ rule }) => rule as string),
    slots: (await rows("SELECT slot_name::text AS name FROM pg_replication_slots WHERE slot_type = 'physical' AND NOT temporary AND slot_name <> ALL ($1) ORDER BY 1",
      [members.map((name) => name.replaceAll("-", "_"))])).map(({ name }) => name as string),
  };
}
