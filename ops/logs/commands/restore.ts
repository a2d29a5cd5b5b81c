import { commonOptions, parseWords, UsageError } from "../../arguments";
import { print, say } from "../../terminal";
import { readManifests } from "../manifest";
import { findArchive, restoreArchive } from "../restore";
import { archiveOptions, passedOver, withArchive } from "./common";

export async function run(args: string[]): Promise<number> {
  const { values: { stack, to, json, into }, words } = parseWords("logs", args, { ...commonOptions, ...archiveOptions, into: { type: "string" } });
  if (words.length !== 1) throw new UsageError("restore takes one archive", "npx pgha logs list");
  if (into !== undefined && !/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(into)) throw new UsageError(`--into takes a table as app.logs_of_march, not "${into}"`, "npx pgha logs --help");
  return withArchive({ stack, to }, async ({ client, store }) => {
    const manifest = findArchive(await readManifests(store, passedOver), words[0]);
    if (into === undefined && manifest.partition.includes('"')) throw new UsageError(`say where ${manifest.name} goes`, "--into app.logs_of_march");
    const table = into === undefined ? `${manifest.partition}_restored` : into.includes(".") ? into : `app.${into}`;
    say(`${manifest.name} → ${table}`);
    await restoreArchive(client, store, manifest, table);
    print(json, { table, ...manifest }, () => `${table} holds ${manifest.rows} rows of ${manifest.from.slice(0, 10)} to ${manifest.until.slice(0, 10)}\n`);
    return 0;
  });
}
