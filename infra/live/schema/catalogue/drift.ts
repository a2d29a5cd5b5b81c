import type { Catalogue, Definition } from "./catalogue";
import { mend } from "./mend";

/** One way in which the live database is another than declared. */
export interface Drift {
  /** The database, or "cluster"; "postgres-1" of what one server has. */
  where: string;
  /** "column app.accounts.name". */
  object: string;
  change: "missing" | "unexpected" | "different";
  /** What of it differs. */
  attribute?: string;
  declared?: string;
  live?: string;
  /** SQL or a command that would mend it; nothing is done by itself. */
  mend: string;
}

/** Everything in which `live` differs; parts of a table that is itself missing or unexpected are not named one by one. */
export function compare(where: string, expected: Catalogue, live: Catalogue): Drift[] {
  const objects = [...new Set([...Object.keys(expected), ...Object.keys(live)])].sort();
  return objects.flatMap((object): Drift[] => {
    const [declared, found] = [expected[object], live[object]];
    const table = (declared ?? found).table;
    if (table && !expected[`table ${table}`] !== !live[`table ${table}`]) return [];
    if (!found) return [{ where, object, change: "missing", mend: mend(object, { declared }) }];
    if (!declared) return [{ where, object, change: "unexpected", mend: mend(object, { live: found }) }];
    return differing(declared, found).map((attribute) => ({
      where, object, change: "different" as const, attribute, declared: declared[attribute], live: found[attribute],
      mend: mend(object, { declared, live: found, attribute }),
    }));
  });
}

/** Attributes that only one of two versions of pgha knows of are no difference. */
function differing(declared: Definition, live: Definition): string[] {
  return Object.keys(live).filter((attribute) => attribute in declared && declared[attribute] !== live[attribute]);
}

/** One line for a person. */
export function describeDrift({ where, object, change, attribute, declared, live }: Drift): string {
  const lists = attribute === "rights";
  const [is, was] = lists ? [besides(live, declared), besides(declared, live)] : [live, declared];
  const what = change === "missing" ? "is missing" : change === "unexpected" ? "is not declared" : `${attribute} is ${shorten(is)}, declared ${shorten(was)}`;
  return `${where}: ${object} ${what}`;
}

/** The words of one list that the other one has not. */
function besides(list = "", other = ""): string {
  return list.split(" ").filter((each) => !other.split(" ").includes(each)).join(" ") || "none";
}

function shorten(text = ""): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
