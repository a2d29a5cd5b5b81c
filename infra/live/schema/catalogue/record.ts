import { isMissingDatabase, onPrimary, type Connection } from "../../postgres/connection";
import { expectAfter, prepareCatalogue, readCatalogue, readExpected, scopeOf, writeExpected, type Catalogue } from "./catalogue";
import type { Drift } from "../../drift";
import { compare } from "./drift";

/** The live catalogues of the cluster ("postgres") and of each of these databases that exists. */
export async function readCatalogues(connection: Connection, databases: string[]): Promise<Record<string, Catalogue>> {
  const read = async (database: string) => {
    const catalogue = await onPrimary(connection, database, async (client) => {
      await prepareCatalogue(client);
      return readCatalogue(client);
    }).catch(unlessMissing);
    return catalogue ? [[database, catalogue]] : [];
  };
  const entries = [];
  for (const database of ["postgres", ...databases]) entries.push(...(await read(database)));
  return Object.fromEntries(entries);
}

/** Has what was changed since `before` expected from now on, in the cluster and each of these databases. Returns what differs all the same. */
export async function recordChange(connection: Connection, databases: string[], before: Record<string, Catalogue>): Promise<Drift[]> {
  const left: Drift[] = [];
  for (const database of ["postgres", ...databases])
    await onPrimary(connection, database, async (client) => {
      await prepareCatalogue(client);
      const live = await readCatalogue(client);
      const expected = expectAfter(await readExpected(client), before[database], live);
      await writeExpected(client, expected);
      left.push(...compare(whereOf(database), expected, live));
    });
  return left;
}

/** Has everything that is live expected from now on: the answer to a difference that is wanted. */
export async function acceptLive(connection: Connection, databases: string[]): Promise<void> {
  for (const database of ["postgres", ...databases])
    await onPrimary(connection, database, async (client) => {
      await prepareCatalogue(client);
      await writeExpected(client, await readCatalogue(client));
    });
}

const whereOf = (database: string) => (scopeOf(database) === "cluster" ? "cluster" : database);

/** Where the live catalogues are others than recorded, and where nothing comparable was recorded yet. A database that is gone is one difference. */
export async function readDrift(connection: Connection, databases: string[]): Promise<{ drift: Drift[]; unknown: string[] }> {
  const found: Drift[] = [];
  const unknown: string[] = [];
  for (const database of ["postgres", ...databases]) {
    const drift = await onPrimary(connection, database, async (client) => {
      const expected = await readExpected(client);
      if (!expected) unknown.push(database);
      return expected ? compare(whereOf(database), expected, await readCatalogue(client)) : [];
    }).catch(unlessMissing);
    found.push(...(drift ?? []));
  }
  return { drift: found, unknown };
}

function unlessMissing(error: unknown): undefined {
  if (isMissingDatabase(error)) return undefined;
  throw error;
}
