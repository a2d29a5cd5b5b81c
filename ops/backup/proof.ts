import { z } from "zod";
import { formatBytes, formatSeconds, utc } from "../format";
import { layOut } from "../table";
import { Paint, Screen } from "../terminal";

/** What `prove-backup` prints (images/backup/proof.py). Times are seconds since 1970, lengths seconds. */
export const proofSchema = z.object({
  at: z.number(),
  seconds: z.number(),
  /** Of each step that was done: check, restore, replay, contents, pages. */
  steps: z.record(z.string(), z.number()),
  /** null: all is well. */
  problem: z.string().nullable(),
  /** Where the problem was seen. */
  step: z.string().nullable(),
  backup: z.string().optional(),
  bytes: z.number().optional(),
  /** The newest in the archive, which the replay reached. */
  segment: z.string().nullish(),
  /** Heaps and indexes that were read. */
  relations: z.number().optional(),
});

export type Proof = z.infer<typeof proofSchema>;

const WORDS: Record<string, string> = {
  check: "archiving", room: "room for it", restore: "the restore", replay: "the replay of WAL", contents: "heaps and B-trees", pages: "checksums of pages",
};

/** Seconds from the beginning until it would take connections. */
const recovery = ({ steps: { restore = 0, replay = 0 } }: Proof) => restore + replay;

/** What one proof shows. */
export function viewProof(proof: Proof, paint: Paint): string {
  const { problem, step, backup, bytes = 0, segment, relations, steps } = proof;
  if (problem !== null) return `${paint("not proved", "bad")}: ${WORDS[step ?? ""] ?? step}: ${problem}\n`;
  return [
    `${paint("proved", "good")}: ${backup}, ${formatBytes(bytes)}, replayed to the end of ${segment}, every page and ${relations} heaps and B-trees read`,
    `a restore of this size takes ${formatSeconds(recovery(proof))}: ${formatBytes(bytes / Math.max(steps.restore, 0.001))}/s, then ${formatSeconds(steps.replay)} of WAL`,
    "",
  ].join("\n");
}

const columns = [
  { title: "proof" }, { title: "result" }, { title: "backup" }, { title: "database", align: "right" as const },
  { title: "restore", align: "right" as const }, { title: "replay", align: "right" as const, spare: 1 }, { title: "in all", align: "right" as const },
];

/** The newest one first. */
export function viewProofs(proofs: Proof[], { paint, width }: Screen): string {
  if (!proofs.length) return "no restore has been tried yet\n";
  const length = (seconds: number | undefined) => ({ text: seconds === undefined ? "-" : formatSeconds(seconds) });
  const rows = proofs.toReversed().map(({ at, problem, backup = "-", bytes, steps, seconds }) => [
    { text: utc(at) }, problem === null ? { text: "proved", tone: "good" as const } : { text: problem, tone: "bad" as const }, { text: backup },
    { text: bytes === undefined ? "-" : formatBytes(bytes) }, length(steps.restore), length(steps.replay), length(seconds),
  ]);
  return [...layOut(columns, rows, width, paint), ""].join("\n");
}
