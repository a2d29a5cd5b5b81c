import type { Client } from "pg";
import { scramVerifier, verifies } from "./scram";
import { inTransaction } from "../postgres/transaction";

/** Settings under which a statement with a password in it leaves no trace. */
export const UNLOGGED = {
  log_statement: "none",
  log_min_duration_statement: "-1",
  log_min_error_statement: "panic",
  "pg_stat_statements.track_utility": "off",
};

/**
 * Gives login roles their passwords where they differ: as verifiers, and past the server's logs.
 * Throws when SQL files made no such role.
 */
export async function setPasswords(client: Client, passwords: Record<string, string>): Promise<void> {
  for (const [role, password] of Object.entries(passwords)) {
    const { rows } = await client.query("SELECT rolpassword FROM pg_authid WHERE rolname = $1", [role]);
    if (!rows.length) throw new Error(`role ${role} is to get a password, but no file in sql/ makes it`);
    if (verifies(rows[0].rolpassword, password)) continue;
    await inTransaction(client, async () => {
      for (const [name, value] of Object.entries(UNLOGGED)) await client.query("SELECT set_config($1, $2, true)", [name, value]);
      await client.query(`ALTER ROLE ${client.escapeIdentifier(role)} PASSWORD ${client.escapeLiteral(scramVerifier(password))}`);
    });
  }
}
