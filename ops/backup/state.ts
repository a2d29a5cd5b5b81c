import { z } from "zod";
import { utc } from "../format";
import { proofSchema } from "./proof";

const times = z.object({ start: z.number(), stop: z.number() });

const backup = z.object({
  label: z.string(),
  type: z.enum(["full", "diff", "incr"]),
  timestamp: times,
  error: z.boolean().nullish(),
  lsn: z.object({ start: z.string().nullable(), stop: z.string().nullable() }).optional(),
  archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
  info: z.object({ size: z.number(), repository: z.object({ delta: z.number() }) }),
});

const problem = z.object({ at: z.number(), said: z.string(), code: z.number() });

/** What `backup-state` prints (images/backup/state.py): pgBackRest's "info", the archive's state, and notes. Times are seconds since 1970. */
export const stateSchema = z.object({
  name: z.string(),
  status: z.object({ code: z.number(), message: z.string() }),
  backup: z.array(backup).default([]),
  walArchive: z
    .object({
      last: z.string(),
      lastAt: z.number(),
      /** Segments that are missing; no time between `after` and `before` can be restored. */
      gaps: z.array(z.object({ from: z.string(), to: z.string(), after: z.number().optional(), before: z.number().optional() })),
    })
    .nullable(),
  notes: z.object({
    running: z.object({ type: z.string(), since: z.number() }).optional(),
    backupProblem: problem.optional(),
    stanzaProblem: problem.optional(),
  }),
  /** The oldest one first. */
  proofs: z.array(proofSchema).default([]),
});

export type BackupState = z.infer<typeof stateSchema>;
export type Gap = NonNullable<BackupState["walArchive"]>["gaps"][number];

/** From when to when any point in time can be restored, but for `gaps`. Seconds since 1970; undefined: nothing can be. */
export function windowOf({ backup, walArchive }: BackupState): { from: number; to: number } | undefined {
  if (backup.length === 0 || !walArchive) return undefined;
  return { from: backup[0].timestamp.stop, to: Math.max(walArchive.lastAt, backup[backup.length - 1].timestamp.stop) };
}

/** What failed, and has not succeeded since. */
export function problemLines({ notes: { backupProblem, stanzaProblem }, proofs }: BackupState): string[] {
  const proof = proofs.at(-1);
  return [
    ...(stanzaProblem ? [`nothing is archived: ${stanzaProblem.said}`] : []),
    ...(backupProblem ? [`the last backup failed, ${utc(backupProblem.at)}: ${backupProblem.said}`] : []),
    ...(proof && proof.problem !== null ? [`the last restore that was tried, ${utc(proof.at)}, failed: ${proof.problem}`] : []),
  ];
}
