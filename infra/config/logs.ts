import { z } from "zod";

const days = z.int().min(1).max(36_500);

/** Keys under `pgha:cluster.logs`. */
export const logsSchema = z.strictObject({
  enabled: z.boolean().default(false).describe("makes app.app_logs and what belongs to it; turned off again, it stays as it is"),
  partition: z.enum(["month", "week", "day"]).default("month").describe("what one partition holds; cannot be changed later"),
  hotDays: days.default(30).describe("days in the database; a partition is archived once all of it is older"),
  keepArchivesDays: days.default(365).describe("days until an archive may be purged, from when it was made"),
  archive: z
    .string()
    .regex(/^(s3:\/\/[a-z0-9.-]{3,63}(\/[^?#]*)?|[^:?#]+)$/, "use a directory, or s3://bucket/prefix")
    .optional()
    .describe("where partitions go: a directory on the machine that runs `pgha`, or `s3://bucket/prefix` (.pgha/archives/<cluster>)"),
  endpoint: z.url().optional().describe("URL of an S3-compatible store that is not AWS's"),
  region: z.string().regex(/^[a-z0-9-]+$/).optional().describe("region of the bucket (the environment's)"),
});

export type LogsConfig = z.output<typeof logsSchema>;
