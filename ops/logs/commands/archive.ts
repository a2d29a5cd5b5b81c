import { commonOptions, parseCount, parseOptions } from "../../arguments";
import { formatBytes, formatSeconds } from "../../format";
import { UserError } from "../../../tools/errors";
import { print, say } from "../../terminal";
import { Archived, archiveLogs, Leaving } from "../archive";
import { archiveOptions, withArchive } from "./common";

const options = { ...commonOptions, ...archiveOptions, "hot-days": { type: "string" }, "dry-run": { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack, to, json, "hot-days": days, "dry-run": dryRun } = parseOptions("logs", args, options);
  return withArchive({ stack, to }, async ({ client, store, logs }) => {
    const hotDays = days === undefined ? logs.hotDays : parseCount("logs", "--hot-days", days, 36_500);
    if (dryRun) {
      const { rows } = await client.query<Leaving>("SELECT * FROM pgha.archive_old_logs($1)", [hotDays]);
      print(json, rows, () => rows.map(({ partition, lower, upper, state }) => `${partition}  ${day(lower)} – ${day(upper)}  ${state}\n`).join("") || "nothing is due\n");
      return 0;
    }
    const { done, failed } = await archiveLogs(client, store, { hotDays, progress: say });
    print(json, done, () => done.map(describe).join("") || (failed.length ? "" : "nothing is due\n"));
    if (failed.length === 0) return 0;
    const reasons = failed.map(({ partition, error }) => `${partition}: ${error.message}`);
    throw new UserError(`${failed.length} of ${failed.length + done.length} partitions are not archived; nothing of them is dropped\n${reasons.join("\n")}`, "run it again");
  });
}

const day = (time: Date) => time.toISOString().slice(0, 10);

function describe({ partition, name, rows, bytes, seconds }: Archived): string {
  const total = Object.values(seconds).reduce((sum, part) => sum + part);
  const steps = Object.entries(seconds).map(([step, part]) => `${step} ${formatSeconds(part)}`).join(", ");
  return `${partition} → ${name}: ${rows} rows, ${formatBytes(bytes)}, ${Math.round(rows / Math.max(total, 0.001))} rows/s (${steps})\n`;
}
