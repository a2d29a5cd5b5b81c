import { utc } from "../format";
import { UserError } from "../../tools/errors";
import { BackupState, Gap, windowOf } from "../backup/state";

/** Where a restore is to end. Times are seconds since 1970. */
export type Target = { kind: "latest" } | { kind: "time"; at: number; text: string } | { kind: "lsn"; lsn: bigint; text: string } | { kind: "name"; name: string };

type Backup = BackupState["backup"][number];

/** What is restored by: options of pgBackRest's restore. */
export interface Plan {
  backup: Backup;
  options: string[];
}

/** From what --to says; a time without a zone is refused, as everybody has another one. */
export function parseTarget(text: string): Target {
  if (text === "latest") return { kind: "latest" };
  if (/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(text)) return { kind: "lsn", lsn: lsnOf(text), text: text.toUpperCase() };
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    if (!/^[\d-]{10}[T ]\d{2}:\d{2}[\d:.]*(Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(Date.parse(text)))
      throw new UserError(`"${text}" is not a time with its zone`, "write it so: 2026-03-14T15:09:26Z, or 2026-03-14T16:09:26+01:00");
    return { kind: "time", at: Date.parse(text) / 1000, text };
  }
  if (/^\w[\w.-]{0,62}$/.test(text)) return { kind: "name", name: text };
  throw new UserError(`"${text}" is no time, LSN or name of a point`, "npx pgha restore --help");
}

/** The backup to begin from; throws a UserError that names the nearest points where the target cannot be reached. */
export function planRestore(state: BackupState, target: Target): Plan {
  const window = windowOf(state);
  if (!window) throw new UserError("nothing can be restored yet", "npx pgha backup list says why");
  const set = (backup: Backup, ...options: string[]): Plan => ({ backup, options: [`--set=${backup.label}`, ...options] });
  const { backup: backups } = state;
  const to = (backup: Backup, type: string, point: string) => set(backup, `--type=${type}`, `--target=${point}`, "--target-action=promote");
  if (target.kind === "latest") return refuseGap(state, set(backups[backups.length - 1], "--type=default"), Infinity);
  // Nobody knows when a point was named: it is looked for from the oldest backup on behind which nothing is missing
  if (target.kind === "name") {
    const gap = state.walArchive?.gaps.at(-1);
    return to(backups.find(({ archive: { start } }) => !gap || (start !== null && start > gap.to)) ?? backups[0], "name", target.name);
  }
  if (target.kind === "lsn") {
    const chosen = backups.findLast(({ lsn }) => lsn?.stop && lsnOf(lsn.stop) <= target.lsn);
    if (!chosen) throw new UserError(`${target.text} is before the end of every backup`, `the first point that can be reached is ${backups[0].lsn?.stop}, of ${utc(window.from)}`);
    const [number, end] = [target.lsn / SEGMENT, numberOf(state.walArchive!.last)];
    if (number > end) throw new UserError(`the archive ends with the segment ${state.walArchive!.last}, before ${target.text}`, "choose an earlier one, or --to latest");
    const missing = state.walArchive!.gaps.find(({ from }) => chosen.archive.stop !== null && from > chosen.archive.stop && numberOf(from) <= number);
    return refuseGap(state, to(chosen, "lsn", target.text), missing ? Infinity : -Infinity);
  }
  const chosen = backups.findLast(({ timestamp }) => timestamp.stop < target.at);
  if (!chosen) throw new UserError(`${utc(target.at)} is before the end of every backup`, `the first time that can be reached is ${utc(window.from + 1)}`);
  if (target.at > window.to)
    throw new UserError(`the archive ends at ${utc(window.to)}, before ${utc(target.at)}`, "choose that, or --to latest; WAL that is not full comes within a minute of the next commit");
  return refuseGap(state, to(chosen, "time", target.text.replace("T", " ").replace("Z", "+00")), target.at);
}

function refuseGap(state: BackupState, plan: Plan, at: number): Plan {
  const gap = (state.walArchive?.gaps ?? []).find(({ after = 0, from }) => after < at && plan.backup.archive.stop !== null && from > plan.backup.archive.stop);
  if (gap) throw new UserError(`WAL ${gap.from} to ${gap.to} is missing in the archive`, nearest(state, gap));
  return plan;
}

function nearest({ backup }: BackupState, { after, to }: Gap): string {
  const next = backup.find(({ archive: { start } }) => start !== null && start > to);
  return [`the last time before is ${after === undefined ? "none" : utc(after)}`, ...(next ? [`the first one after is ${utc(next.timestamp.stop + 1)}`] : [])].join("; ");
}

/** Bytes of a segment of WAL, as `initdb` makes it here. */
const SEGMENT = 2n ** 24n;
/** The number of a segment by its name, whatever its timeline. */
const numberOf = (name: string) => BigInt(`0x${name.slice(8, 16)}`) * 256n + BigInt(`0x${name.slice(16, 24)}`);

/** As a number: 1/0 → 4294967296. */
export function lsnOf(text: string): bigint {
  const [high, low] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
