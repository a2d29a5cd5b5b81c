import { counted } from "../../tools/words";
import { formatBytes, formatSeconds, utc } from "../format";
import { layOut } from "../table";
import { Screen } from "../terminal";
import { BackupState, problemLines, windowOf } from "./state";

const columns = [
  { title: "backup" }, { title: "type" }, { title: "done" }, { title: "took", align: "right" as const, spare: 1 },
  { title: "database", align: "right" as const }, { title: "in repository", align: "right" as const }, { title: "faults" },
];
const types = { full: "full", diff: "differential", incr: "incremental" };

/** What there is, what can be restored by it, and what went wrong. */
export function viewBackups(state: BackupState, { paint, width }: Screen, now: number): string {
  const rows = state.backup.map(({ label, type, timestamp: { start, stop }, info, error }) => [
    { text: label }, { text: types[type] }, { text: utc(stop) }, { text: formatSeconds(stop - start) },
    { text: formatBytes(info.size) }, { text: formatBytes(info.repository.delta) },
    error ? { text: "pages with wrong checksums", tone: "bad" as const } : { text: "none", tone: "good" as const },
  ]);
  const window = windowOf(state);
  const { running } = state.notes;
  return [
    counted(rows.length, "backup"),
    ...(rows.length ? layOut(columns, rows, width, paint) : []),
    window ? `any time from ${utc(window.from)} to ${utc(window.to)} can be restored` : "nothing can be restored yet",
    ...gapLines(state).map((line) => paint(line, "bad")),
    ...(state.walArchive ? [`newest WAL segment ${state.walArchive.last}, archived ${formatSeconds(Math.max(0, now - state.walArchive.lastAt))} ago`] : []),
    ...(running ? [`a ${running.type} backup is being made since ${utc(running.since)}`] : []),
    ...problemLines(state).map((line) => paint(line, "bad")),
    "",
  ].join("\n");
}

function gapLines({ walArchive }: BackupState): string[] {
  return (walArchive?.gaps ?? []).map(({ from, to, after, before }) =>
    `not from ${after === undefined ? "the first backup" : utc(after)} to ${before === undefined ? "now" : utc(before)}, nor later by a backup from before: WAL ${from}${from === to ? "" : ` to ${to}`} is missing`);
}
