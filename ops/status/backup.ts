import { backupServerFor } from "../backup/server";
import { BackupState, problemLines, windowOf } from "../backup/state";
import { describeFailure } from "../failure";
import { formatSeconds, utc } from "../format";
import { Outputs } from "../outputs";
import { Backups, Wal } from "./report";

/** Milliseconds: it lists the archive. */
const PATIENCE = 10_000;
/** Seconds that a segment may wait for the archive; a failed attempt is repeated after one minute. */
const WAITS_TOO_LONG = 150;
const DAY = 86_400;

const iso = (seconds: number | undefined) => (seconds === undefined ? undefined : new Date(seconds * 1000).toISOString());

/** Asks the backup server; undefined where there is none. Never throws. */
export async function askBackups(outputs: Outputs): Promise<Backups | undefined> {
  if (!outputs.cluster.backup?.length) return undefined;
  const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE, new Error(`no answer in ${PATIENCE / 1000} s`)).unref());
  try {
    return readBackups(await Promise.race([backupServerFor(outputs)!.state(), late]));
  } catch (error) {
    return { error: describeFailure(error), backups: 0, gaps: [], faults: [] };
  }
}

export function readBackups(state: BackupState): Backups {
  const { backup, walArchive, notes } = state;
  const window = windowOf(state);
  return {
    backups: backup.length,
    lastFull: iso(backup.findLast(({ type }) => type === "full")?.timestamp.stop),
    last: iso(backup.at(-1)?.timestamp.stop),
    lastSegment: walArchive?.last,
    lastSegmentAt: iso(walArchive?.lastAt),
    window: window && { from: iso(window.from)!, to: iso(window.to)! },
    gaps: (walArchive?.gaps ?? []).map(({ from, to, after, before }) => ({ from, to, after: iso(after), before: iso(before) })),
    running: notes.running?.type,
    proofAt: iso(state.proofs.at(-1)?.at),
    faults: problemLines(state),
  };
}

/** What of the backups is not as it should be by `now`; `promised` are the days between them. */
export function backupProblems(found: Backups, wal: Wal | undefined, now: Date, promised?: { full: number; differential: number; proof?: number }): string[] {
  const age = (time: string) => (now.getTime() - Date.parse(time)) / 1000;
  const waiting = wal?.waiting && age(wal.waiting.since) > WAITS_TOO_LONG
    ? [`WAL waits for the archive since ${formatSeconds(age(wal.waiting.since))} (${wal.waiting.segments} segments): what is newer cannot be restored`] : [];
  // Where too much waits, pgBackRest tells Postgres that it is archived, and leaves it out
  const { lastSegment = "", lastSegmentAt } = found;
  const dropped = wal?.archived && lastSegmentAt && wal.archived.slice(0, 8) === lastSegment.slice(0, 8) && wal.archived > lastSegment && age(lastSegmentAt) > WAITS_TOO_LONG
    ? [`WAL after ${lastSegment} was not archived and is given up: nothing newer can be restored until the next backup`] : [];
  if (found.error) return [`backups cannot be asked for: ${found.error}`, ...waiting];
  const old = (time: string | undefined, days: number) => time !== undefined && days > 0 && age(time) > (days + 1) * DAY;
  const stale = promised && old(found.lastFull, promised.full) ? [`the last full backup is of ${found.lastFull!.slice(0, 16)} UTC`]
    : promised && old(found.last, promised.differential) ? [`the last backup is of ${found.last!.slice(0, 16)} UTC`] : [];
  const untried = old(found.proofAt ?? found.window?.from, promised?.proof ?? 0)
    ? [found.proofAt ? `the last restore was tried ${found.proofAt.slice(0, 16)} UTC` : "no restore has been tried yet: npx pgha prove"] : [];
  const gaps = found.gaps.filter(({ before }) => before === undefined || found.last === undefined || before > found.last);
  return [
    ...waiting,
    ...dropped,
    ...found.faults,
    ...stale,
    ...untried,
    ...gaps.map(({ from, to }) => `WAL ${from}${from === to ? "" : ` to ${to}`} is not in the archive: nothing newer can be restored until the next backup`),
  ];
}

/** One line: what can be restored. */
export function backupLine({ error, window, lastFull, lastSegment, lastSegmentAt, running, proofAt }: Backups, now: string): string {
  const ago = (time: string) => `${formatSeconds(Math.max(0, (Date.parse(now) - Date.parse(time)) / 1000))} ago`;
  if (error) return "no answer";
  return [
    window ? `any time from ${utc(Date.parse(window.from) / 1000)} to ${utc(Date.parse(window.to) / 1000)}` : "nothing can be restored yet",
    ...(lastFull ? [`last full ${ago(lastFull)}`] : []),
    ...(lastSegmentAt ? [`WAL ${lastSegment} archived ${ago(lastSegmentAt)}`] : []),
    ...(proofAt ? [`restore tried ${ago(proofAt)}`] : []),
    ...(running ? [`a ${running} backup is being made`] : []),
  ].join("; ");
}
