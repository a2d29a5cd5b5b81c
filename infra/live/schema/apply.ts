import type { Client } from "pg";
import type { Catalogue } from "./catalogue/catalogue";
import { describeDrift } from "../drift";
import { beginChange, beginChanges, recordChange, type Watch } from "./catalogue/record";
import { isConnectionLoss, onPrimary, type Connection } from "../postgres/connection";
import { createDatabase, refuseOtherLocale } from "./creation";
import { applyItems } from "./declared/apply";
import type { Declared } from "./declared/declare";
import { leaveDatabases, retireSchedules } from "./declared/left";
import { alignSubscriptions } from "./declared/subscriptions";
import { planMigrations, type SqlFiles } from "./migrations";
import { readApplied, type Applied } from "./records";
import { reaching } from "../reach/reach";
import { setPasswords } from "./roles";
import { applyMigrations } from "./run";
import { alignSlots, recordedSlots } from "./slots";

export interface LogDays {
  partition: string;
  hotDays: number;
  keepArchivesDays: number;
}

/** What the databases of a cluster are to hold. */
export interface Schema {
  database: string;
  files: SqlFiles;
  declared: Declared;
  /** The log system, where there is to be one. */
  logs?: LogDays;
  /** What counts as drift; default declared. */
  watch?: Watch;
  /** Of each login role. */
  passwords: Record<string, string>;
  /** Of each subscription, at its publisher. */
  subscriptionPasswords: Record<string, string>;
}

export interface Outcome extends Applied {
  /** What is not as declared and is not mended by itself, a line each. */
  warnings: string[];
}

/**
 * Brings the cluster to the declared schema; what is there already is left alone, so that it may be run again at any time.
 * Starts over once when the primary goes away: each file is one transaction with its record.
 */
export async function applySchema(connection: Connection, schema: Schema, previous?: Declared): Promise<Outcome> {
  return reaching(connection.reach, connection.hosts, (hosts) => apply({ ...connection, hosts }, schema, previous));
}

async function apply(connection: Connection, schema: Schema, previous?: Declared): Promise<Outcome> {
  const names = schema.declared.databases.map(({ name }) => name);
  const attempt = async () => {
    const before = await beginChanges(connection, names);
    const record = () => recordChange(connection, names, before, schema.watch ?? "declared");
    const { warnings, lost } = await applyAll(connection, schema, before, previous).catch(async (error) => {
      // What was kept is known; where even this fails, the next run knows what was there before
      if (!isConnectionLoss(error)) await record().catch(() => undefined);
      throw error;
    });
    warnings.push(...(await record()).map((each) => `${describeDrift(each)}; mend: ${each.mend}`));
    if (lost.length) throw new Error([...lost, ...warnings].join("\n"));
    return { ...(await readApplied(connection, schema.database))!, warnings };
  };
  return attempt().catch((error: Error) => {
    // Two runs at once, each in another database, may meet in what all databases share
    if (!isConnectionLoss(error) && !/tuple concurrently (updated|deleted)/.test(error.message)) throw error;
    return attempt();
  });
}

/** `before` gets what databases held that are made here. */
async function applyAll(connection: Connection, schema: Schema, before: Record<string, Catalogue>, previous?: Declared) {
  const { database, declared, passwords, subscriptionPasswords } = schema;
  const migrations = planMigrations(schema.files, database);
  const within = <T>(name: string, work: (client: Client) => Promise<T>) => onPrimary(connection, name, async (client) => {
    before[name] ??= await beginChange(client, {});
    return work(client);
  });
  await within("postgres", async (client) => {
    await refuseOtherLocale(client, declared.databases);
    await applyMigrations(client, migrations, "cluster");
    await createDatabase(client, declared.databases.find(({ name }) => name === database) ?? { name: database });
  });
  await within(database, async (client) => {
    await applyMigrations(client, migrations, "database");
    if (schema.logs) await enableLogs(client, schema.logs);
  });
  const { warnings, recorded } = await within("postgres", async (client) => {
    for (const each of declared.databases) await createDatabase(client, each);
    const left = await applyItems(client, declared.cluster);
    await setPasswords(client, passwords);
    return { warnings: left, recorded: await recordedSlots(client, slotsDropped(declared, previous)) };
  });
  const lost: string[] = [];
  await retireSchedules(connection, declared);
  for (const { name, items, slots, subscriptions } of declared.databases)
    await within(name, async (client) => {
      warnings.push(...(await applyItems(client, items)));
      lost.push(...(await alignSlots(client, slots, recorded)));
      warnings.push(...(await alignSubscriptions(client, subscriptions, subscriptionPasswords)));
    });
  warnings.push(...(await leaveDatabases(connection, declared)));
  return { warnings, lost };
}

function slotsDropped(declared: Declared, previous?: Declared): string[] {
  const names = (all?: Declared) => all?.databases.flatMap(({ slots }) => slots.map(({ name }) => name)) ?? [];
  return names(previous).filter((name) => !names(declared).includes(name));
}

async function enableLogs(client: Client, { partition, hotDays, keepArchivesDays }: LogDays): Promise<void> {
  await client.query("SELECT pgha.enable_logs($1, $2, $3)", [partition, hotDays, keepArchivesDays]).catch((error: Error) => {
    throw new Error(`logs: ${error.message}`, { cause: error });
  });
}
