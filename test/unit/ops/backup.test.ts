import assert from "node:assert/strict";
import { Proof, viewProof, viewProofs } from "../../../ops/backup/proof";
import { reasonOf } from "../../../ops/backup/server";
import { BackupState, stateSchema, windowOf } from "../../../ops/backup/state";
import { viewBackups } from "../../../ops/backup/view";
import { backupLine, backupProblems, readBackups } from "../../../ops/status/backup";
import { plain } from "../../../ops/terminal";
import { judge } from "../../../ops/status/verdict";
import { healthy } from "./evidence";

const at = (text: string) => Date.parse(`${text}Z`) / 1000;

/** As `backup-state` prints it, by pgBackRest 2.60: a full one and an incremental one. */
const told = (walArchive: BackupState["walArchive"], notes: BackupState["notes"] = {}): BackupState =>
  stateSchema.parse({
    name: "shop", status: { code: 0, message: "ok", lock: {} }, cipher: "aes-256-cbc",
    backup: [
      { label: "20261120-010000F", type: "full", error: false, timestamp: { start: at("2026-11-20T01:00"), stop: at("2026-11-20T01:02") },
        archive: { start: "000000010000000000000002", stop: "000000010000000000000002" }, info: { size: 23_702_026, delta: 1, repository: { delta: 2_870_976 } } },
      { label: "20261120-010000F_20261121-010000I", type: "incr", error: true, timestamp: { start: at("2026-11-21T01:00"), stop: at("2026-11-21T01:00:03") },
        archive: { start: "000000010000000000000009", stop: "000000010000000000000009" }, info: { size: 23_702_026, delta: 1, repository: { delta: 8_300 } } },
    ],
    walArchive, notes,
  });
const archive = (gaps: { from: string; to: string; after?: number; before?: number }[] = []) => ({ last: "00000001000000000000000B", lastAt: at("2026-11-21T11:59"), gaps });
const now = new Date("2026-11-21T12:00:00Z");

describe("what can be restored", () => {
  it("is any time from the end of the first backup to the newest segment of WAL", () => {
    assert.deepEqual(windowOf(told(archive())), { from: at("2026-11-20T01:02"), to: at("2026-11-21T11:59") });
  });

  it("is nothing without a backup, or without an archive", () => {
    assert.equal(windowOf({ ...told(archive()), backup: [] }), undefined);
    assert.equal(windowOf(told(null)), undefined);
  });

  it("is shown with every backup, what is missing, and pages that a backup found damaged", () => {
    const gap = { from: "000000010000000000000005", to: "000000010000000000000006", after: at("2026-11-20T09:00"), before: at("2026-11-20T09:20") };
    const text = viewBackups(told(archive([gap])), { paint: plain, width: Infinity }, now.getTime() / 1000);
    assert.match(text, /^2 backups\n/);
    assert.match(text, /20261120-010000F +full +2026-11-20 01:02:00 UTC +2 min +23 MB +2\.7 MB +none/);
    assert.match(text, /incremental .* pages with wrong checksums/);
    assert.match(text, /any time from 2026-11-20 01:02:00 UTC to 2026-11-21 11:59:00 UTC can be restored/);
    assert.match(text, /not from 2026-11-20 09:00:00 UTC to 2026-11-20 09:20:00 UTC, nor later by a backup from before: WAL 000000010000000000000005 to 000000010000000000000006 is missing/);
  });
});

describe("proofs of restore", () => {
  const proof: Proof = {
    at: at("2026-11-21T03:00"), seconds: 62, steps: { check: 2, restore: 20, replay: 5, contents: 30, pages: 5 },
    problem: null, step: null, backup: "20261121-010000F", bytes: 20 * 2 ** 30, segment: "00000001000000000000000B", relations: 812,
  };
  const failed: Proof = { at: at("2026-11-20T03:00"), seconds: 3, steps: { check: 2 }, problem: "unable to find a valid repository", step: "restore" };

  it("say what was read, and how long a restore takes", () => {
    assert.equal(viewProof(proof, plain), "proved: 20261121-010000F, 20 GB, replayed to the end of 00000001000000000000000B, every page and 812 heaps and B-trees read\n"
      + "a restore of this size takes 25 s: 1 GB/s, then 5 s of WAL\n");
  });

  it("say where it was not as it should be, and why", () => {
    assert.equal(viewProof(failed, plain), "not proved: the restore: unable to find a valid repository\n");
  });

  it("are listed, the newest one first", () => {
    const lines = viewProofs([failed, proof], { paint: plain, width: Infinity }).split("\n");
    assert.match(lines[1], /^ *2026-11-21 03:00:00 UTC +proved +20261121-010000F +20 GB +20 s +5 s +1 min 2 s$/);
    assert.match(lines[2], /^ *2026-11-20 03:00:00 UTC +unable to find a valid repository +- +- +- +- +3 s$/);
    assert.equal(viewProofs([], { paint: plain, width: 80 }), "no restore has been tried yet\n");
  });

  it("are a problem of the status where the last one failed, or is old", () => {
    const problems = (proofs: Proof[], time = now) => backupProblems(readBackups({ ...told(archive()), proofs }), { slots: [] }, time, { full: 0, differential: 0, proof: 1 });
    assert.deepEqual(problems([failed, proof]), []);
    assert.deepEqual(problems([proof, failed]), ["the last restore that was tried, 2026-11-20 03:00:00 UTC, failed: unable to find a valid repository"]);
    assert.deepEqual(problems([]), []);
    assert.deepEqual(problems([proof], new Date("2026-11-23T04:00:00Z")), ["the last restore was tried 2026-11-21T03:00 UTC"]);
    assert.deepEqual(problems([], new Date("2026-11-23T04:00:00Z")), ["no restore has been tried yet: npx pgha prove"]);
  });
});

describe("the backups in the status", () => {
  const problems = (state: BackupState, wal?: object) => backupProblems(readBackups(state), { slots: [], ...wal }, now, { full: 7, differential: 1 });

  it("are well when they are made and archived", () => {
    assert.deepEqual(problems(told(archive())), []);
    assert.match(backupLine(readBackups(told(archive())), now.toISOString()), /^any time from .*; last full 1 d 10 h ago; WAL 00000001000000000000000B archived 1 min ago$/);
  });

  it("are a problem when WAL has waited for more than two tries, not at once", () => {
    assert.deepEqual(problems(told(archive()), { waiting: { segments: 1, since: "2026-11-21T11:59:00Z" } }), []);
    assert.match(problems(told(archive()), { waiting: { segments: 9, since: "2026-11-21T11:50:00Z" } })[0], /waits for the archive since 10 min \(9 segments\)/);
  });

  it("are a problem when Postgres was told that WAL is archived which is not", () => {
    const late = told({ ...archive()!, lastAt: at("2026-11-21T11:55") });
    assert.match(problems(late, { archived: "00000001000000000000000E" })[0], /^WAL after 00000001000000000000000B was not archived and is given up/);
    assert.deepEqual(problems(told(archive()), { archived: "00000001000000000000000E" }), [], "it is under way");
    assert.deepEqual(problems(late, { archived: "00000001000000000000000B" }), [], "nothing was written since");
  });

  it("are a problem when WAL was dropped, until there is a newer backup", () => {
    const gap = { from: "00000001000000000000000A", to: "00000001000000000000000A", after: at("2026-11-21T11:00") };
    assert.match(problems(told(archive([gap])))[0], /0A is not in the archive: nothing newer can be restored until the next backup/);
    assert.deepEqual(problems(told(archive([{ ...gap, before: at("2026-11-20T20:00") }]))), []);
  });

  it("are a problem when they are late, when the last one failed, and when the repository is another cluster's", () => {
    const late = { ...told(archive()), backup: told(archive()).backup.slice(0, 1) };
    assert.deepEqual(backupProblems(readBackups(late), undefined, new Date("2026-11-23T12:00:00Z"), { full: 7, differential: 1 }), ["the last backup is of 2026-11-20T01:02 UTC"]);
    assert.deepEqual(backupProblems(readBackups(late), undefined, new Date("2026-11-29T12:00:00Z"), { full: 7, differential: 0 }), ["the last full backup is of 2026-11-20T01:02 UTC"]);
    const failed = { at: at("2026-11-21T10:00"), said: "no space left", code: 41 };
    assert.deepEqual(problems(told(archive(), { backupProblem: failed })), ["the last backup failed, 2026-11-21 10:00:00 UTC: no space left"]);
    assert.deepEqual(problems(told(archive(), { stanzaProblem: { ...failed, said: "they do not match the database" } })), ["nothing is archived: they do not match the database"]);
  });

  it("degrade the verdict when their server does not answer", () => {
    const { level, problems } = judge({ ...healthy(), backup: { error: "it does not run", backups: 0, gaps: [], faults: [] } });
    assert.deepEqual([level, problems], ["degraded", ["backups cannot be asked for: it does not run"]]);
  });
});

describe("pgBackRest's own words", () => {
  it("are given without its time and code", () => {
    assert.equal(reasonOf("2026-11-28 07:25:59.301 P00  ERROR: [103]: unable to find a valid repository:\n  more\n"), "unable to find a valid repository:");
    assert.equal(reasonOf("something else\nat last\n"), "at last");
  });
});
