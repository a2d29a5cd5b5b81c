import { commonOptions, parseCount, parseOptions } from "../../arguments";
import { print } from "../../terminal";
import { readManifests } from "../manifest";
import { expired, purgeArchive } from "../purge";
import { archiveOptions, passedOver, withArchive } from "./common";

const options = { ...commonOptions, ...archiveOptions, "keep-days": { type: "string" }, "dry-run": { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, to, json, "keep-days": days, "dry-run": dryRun } = parseOptions("logs", args, options);
  return withArchive({ stack, to }, async ({ client, store, logs }) => {
    const keepDays = days === undefined ? logs.keepArchivesDays : parseCount("logs", "--keep-days", days, 36_500);
    const old = expired(await readManifests(store, passedOver), keepDays, new Date());
    if (!dryRun)
      for (const manifest of old) {
        await purgeArchive(store, manifest);
        await client.query("UPDATE pgha.log_archives SET state = 'purged', changed_at = now() WHERE location = $1", [`${store.place}/${manifest.name}`]);
      }
    const word = dryRun ? "would be deleted" : "is deleted";
    print(json, old, () => old.map(({ name, rows }) => `${name} (${rows} rows) ${word}\n`).join("") || `no archive is older than ${keepDays} days\n`);
    return 0;
  });
}
