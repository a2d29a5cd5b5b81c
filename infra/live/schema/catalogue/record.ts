import type { Client } from "pg";
import { isMissingDatabase, onPrimary, type Connection } from "../../postgres/connection";
import { prepareCatalogue, readCatalogue, readNoted, scopeOf, writeBefore, writeExpected, type Catalogue } from "./catalogue";
import type { Drift } from "../../drift";
import { compare } from "./drift";
import { expectAfterChange, isApplications, readExpected, readSuperusers, withoutApplications } from "./expected";

/** How much is held against what is expected: all that is declared, or what applications make by themselves as well. */
export type Watch = "declared" | "all";

/** Notes what is there before a change, or keeps what an earlier one that did not come to its end has noted. */
export async function beginChange(client: Client, found?: Catalogue): Promise<Catalogue> {
  await prepareCatalogue(client);
  const { before } = await readNoted(client);
  if (before) return before;
  const catalogue = found ?? (await readCatalogue(client));
  await writeBefore(client, catalogue);
  return catalogue;
}

/** The same in the cluster ("postgres") and each of these databases that exists. */
export async function beginChanges(connection: Connection, databases: string[]): Promise<Record<string, Catalogue>> {
  const before: Record<string, Catalogue> = {};
  for (const database of ["postgres", ...databases]) {
    const catalogue = await onPrimary(connection, database, (client) => beginChange(client)).catch(unlessMissing);
    if (catalogue) before[database] = catalogue;
  }
  return before;
}

/** Has what was changed since `before` expected from now on, in the cluster and each of these databases. Returns what differs all the same. */
export async function recordChange(connection: Connection, databases: string[], before: Record<string, Catalogue>, watch: Watch): Promise<Drift[]> {
  const left: Drift[] = [];
  for (const database of ["postgres", ...databases].filter((name) => before[name]))
    await onPrimary(connection, database, async (client) => {
      await prepareCatalogue(client);
      const live = await readCatalogue(client);
      const superusers = await readSuperusers(client);
      const expected = expectAfterChange(await readNoted(client), before[database], live, superusers);
      await writeExpected(client, expected);
      left.push(...judge(database, expected, live, superusers, watch).drift);
    });
  return left;
}

/** Has everything that is live and watched expected from now on: the answer to a difference that is wanted. */
export async function acceptLive(connection: Connection, databases: string[], watch: Watch = "declared"): Promise<void> {
  for (const database of ["postgres", ...databases])
    await onPrimary(connection, database, async (client) => {
      await prepareCatalogue(client);
      const live = await readCatalogue(client);
      const { objects } = await readNoted(client);
      await writeExpected(client, watch === "all" ? live : withoutApplications(live, objects, await readSuperusers(client)));
    });
}

export interface Compared {
  drift: Drift[];
  /** Databases of which nothing comparable was recorded yet. */
  unknown: string[];
  /** How many objects applications made by themselves, by database; they are no drift. */
  applications: Record<string, number>;
}

/** Where the live catalogues are others than recorded. A database that is gone is one difference. */
export async function readDrift(connection: Connection, databases: string[], watch: Watch = "declared"): Promise<Compared> {
  const compared: Compared = { drift: [], unknown: [], applications: {} };
  for (const database of ["postgres", ...databases])
    await onPrimary(connection, database, async (client) => {
      const live = await readCatalogue(client);
      const expected = await readExpected(client, live);
      if (!expected) return void compared.unknown.push(database);
      const { drift, made } = judge(database, expected, live, await readSuperusers(client), watch);
      compared.drift.push(...drift);
      if (made) compared.applications[database] = made;
    }).catch(unlessMissing);
  return compared;
}

function judge(database: string, expected: Catalogue, live: Catalogue, superusers: string[], watch: Watch): { drift: Drift[]; made: number } {
  const found = compare(scopeOf(database) === "cluster" ? "cluster" : database, expected, live);
  const drift = watch === "all" ? found : found.filter(({ object }) => expected[object] || live[object].table || !isApplications(object, live, superusers));
  return { drift, made: found.length - drift.length };
}

function unlessMissing(error: unknown): undefined {
  if (isMissingDatabase(error)) return undefined;
  throw error;
}
