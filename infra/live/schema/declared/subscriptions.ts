import type { Client } from "pg";
import { authorityFile } from "../../../cluster/spec";
import type { Subscription } from "../../../config/databases";
import { isConnectionLoss } from "../../postgres/connection";
import { UNLOGGED } from "../roles";
import { identifier, Items, literal } from "./item";

/** A subscription as it is to be; its password comes apart from it. */
export interface SubscriptionPlan {
  name: string;
  /** libpq's connection string, without the password. */
  connection: string;
  publications: string[];
  /** Made by the publisher, which declares it: two clusters never make and drop each other's slots. */
  slot: string;
  copyData: boolean;
  enabled: boolean;
}

export function planSubscription({ name, host, port, database, user, authority, publications, slot, copyData, enabled }: Subscription): SubscriptionPlan {
  const certificate = authority ? authorityFile(name) : "/etc/pgha/ca.crt";
  const connection = `host=${host} port=${port} dbname=${database} user=${user} sslmode=verify-full sslrootcert=${certificate} application_name=${name}`;
  return { name, connection, publications: [...publications].sort(), slot: slot ?? name, copyData, enabled };
}

/** Notes a subscription, so that it is not forgotten once it is declared no more. */
export function subscriptionItems(plans: SubscriptionPlan[]): Items {
  return Object.fromEntries(plans.map(({ name }) => [
    `subscription ${name}`,
    {
      sql: "-- made by CREATE SUBSCRIPTION, outside of the transaction",
      exists: `SELECT FROM pg_subscription WHERE subname = ${literal(name)} AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      drop: `ALTER SUBSCRIPTION ${identifier(name)} DISABLE; ALTER SUBSCRIPTION ${identifier(name)} SET (slot_name = NONE); DROP SUBSCRIPTION ${identifier(name)}; (it goes on receiving until then)`,
    },
  ]));
}

/**
 * Makes the subscriptions that are missing and alters those that differ; drops none. Not in a transaction: Postgres does
 * not alter the publications of one there. Returns what stands in the way of receiving newly published tables.
 */
export async function alignSubscriptions(client: Client, plans: SubscriptionPlan[], passwords: Record<string, string>): Promise<string[]> {
  const warnings: string[] = [];
  for (const plan of plans) {
    const password = passwords[plan.name];
    if (!password) throw new Error(`subscription ${plan.name} has no password; set it: pulumi config set --secret pgha:${plan.name}Password`);
    await unlogged(client, () => align(client, plan, `${plan.connection} password=${conninfoValue(password)}`)).catch((error: Error & { code?: string }) => {
      // 08: what the publisher's connection came to
      if (isConnectionLoss(error) && !error.code?.startsWith("08")) throw error;
      throw new Error(`subscription ${plan.name}: ${error.message.replaceAll(password, "…")}`);
    });
    if (plan.enabled)
      await client.query(`ALTER SUBSCRIPTION ${identifier(plan.name)} REFRESH PUBLICATION WITH (copy_data = ${plan.copyData})`)
        .catch((error: Error) => warnings.push(`subscription ${plan.name} was not refreshed, newly published tables are not received yet: ${error.message}`));
  }
  return warnings;
}

async function align(client: Client, { name, publications, slot, copyData, enabled }: SubscriptionPlan, connection: string): Promise<void> {
  const subscription = `SUBSCRIPTION ${identifier(name)}`;
  const list = publications.map(identifier).join(", ");
  const { rows: [live] } = await client.query(
    `SELECT subconninfo, subpublications, subslotname, subenabled FROM pg_subscription
     WHERE subname = $1 AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`, [name]);
  if (!live)
    return void (await client.query(`CREATE ${subscription} CONNECTION ${literal(connection)} PUBLICATION ${list}
      WITH (create_slot = false, slot_name = ${literal(slot)}, copy_data = ${copyData}, enabled = ${enabled}, failover = true)`));
  if (live.subslotname !== slot) throw new Error(`it uses the slot ${live.subslotname}, not ${slot}; declare that one, or drop the subscription first`);
  if (live.subconninfo !== connection) await client.query(`ALTER ${subscription} CONNECTION ${literal(connection)}`);
  if (live.subenabled !== enabled) await client.query(`ALTER ${subscription} ${enabled ? "ENABLE" : "DISABLE"}`);
  if ([...live.subpublications].sort().join() !== publications.join())
    await client.query(`ALTER ${subscription} SET PUBLICATION ${list} WITH (refresh = ${enabled}, copy_data = ${copyData})`);
}

async function unlogged(client: Client, work: () => Promise<void>): Promise<void> {
  for (const [name, value] of Object.entries(UNLOGGED)) await client.query("SELECT set_config($1, $2, false)", [name, value]);
  try {
    await work();
  } finally {
    for (const name of Object.keys(UNLOGGED)) await client.query(`RESET ${name}`);
  }
}

function conninfoValue(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
