import type { Client } from "pg";
import { readNoted, type Catalogue, type Noted } from "./catalogue";

/**
 * What is expected after a change that led from `before` to `after`: that change and no more, so that what somebody
 * had changed by hand before stays a difference.
 */
export function expectAfter(expected: Catalogue, before: Catalogue, after: Catalogue): Catalogue {
  const result = { ...expected };
  for (const object of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!after[object]) delete result[object];
    else if (!before[object] || !result[object]) {
      if (JSON.stringify(before[object]) !== JSON.stringify(after[object])) result[object] = after[object];
    } else
      result[object] = Object.fromEntries(Object.keys(after[object]).map((attribute) => {
        const changed = before[object][attribute] !== after[object][attribute];
        return [attribute, changed ? after[object][attribute] : (result[object][attribute] ?? after[object][attribute])];
      }));
  }
  return result;
}

/** Roles of whose objects nobody but pgha and its operators makes any. */
export async function readSuperusers(client: Client): Promise<string[]> {
  return (await client.query("SELECT rolname FROM pg_roles WHERE rolsuper")).rows.map(({ rolname }) => rolname);
}

/** Whether an application made it by itself, in its own migrations: it, or the table that it is a part of, belongs to no superuser. */
export function isApplications(object: string, catalogue: Catalogue, superusers: string[]): boolean {
  const { table, owner } = catalogue[object];
  const whose = table ? catalogue[`table ${table}`]?.owner : owner;
  return whose !== undefined && !superusers.includes(whose);
}

/** A catalogue without what applications made by themselves, but for the objects that are noted as expected. */
export function withoutApplications(catalogue: Catalogue, objects: Set<string>, superusers: string[]): Catalogue {
  return Object.fromEntries(Object.entries(catalogue).filter(([object]) => objects.has(object) || !isApplications(object, catalogue, superusers)));
}

/** What is expected of a database that is now `live`; undefined where nothing was noted yet. While a change is under way, all that it made is. */
export async function readExpected(client: Client, live: Catalogue): Promise<Catalogue | undefined> {
  const noted = await readNoted(client);
  return noted.before ? expectAfterChange(noted, noted.before, live, await readSuperusers(client)) : noted.expected;
}

/** As `expectAfter`; where nothing comparable was noted, what was there before is expected as it was. */
export function expectAfterChange({ expected, objects }: Noted, before: Catalogue, after: Catalogue, superusers: string[]): Catalogue {
  return expectAfter(expected ?? withoutApplications(before, objects, superusers), before, after);
}
