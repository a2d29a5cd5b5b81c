import { z } from "zod";

const count = (min: number, max: number) => z.int().min(min).max(max);

/** Keys under `pgha:cluster.backup`. */
export const backupSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("backs the cluster up by pgBackRest, WAL and all; on Docker alone yet"),
  full: count(1, 90).default(7).describe("days from one full backup to the next"),
  differential: count(0, 90).default(1).describe("days from any backup to the next differential one; 0: none"),
  incremental: count(0, 24).default(0).describe("hours from any backup to the next incremental one; 0: none"),
  hour: count(0, 23).default(1).describe("hour of the day, UTC, from which full and differential backups are made"),
  retentionDays: count(1, 3650).default(7).describe("days back that any point in time can be restored"),
  minimumFulls: count(1, 100).default(2).describe("full backups that are kept however old they are"),
  proof: count(0, 90).default(1).describe("days from one restore that is tried by itself to the next; 0: none"),
});

export type BackupConfig = z.output<typeof backupSchema>;
