import type { Catalogue, Definition } from "./catalogue";
import { mend } from "./mend";
import type { Drift } from "../../drift";

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
