import assert from "node:assert/strict";
import { BackupState, stateSchema } from "../../../ops/backup/state";
import { lsnOf, parseTarget, planRestore } from "../../../ops/restore/target";
import { progressOf } from "../../../ops/restore/throwaway";

const at = (text: string) => Date.parse(`${text}Z`) / 1000;
const segment = (number: number) => `0000000100000000${number.toString(16).padStart(8, "0")}`.toUpperCase();
const backup = (label: string, day: string, number: number) => ({
  label, type: label.endsWith("F") ? "full" : "diff", timestamp: { start: at(`${day}T01:00`), stop: at(`${day}T01:02`) },
  archive: { start: segment(number), stop: segment(number) }, lsn: { start: `0/${number}000028`, stop: `0/${number}000120` }, info: { size: 1, repository: { delta: 1 } },
});
const state = (gaps: object[] = []): BackupState => stateSchema.parse({
  name: "shop", status: { code: 0, message: "ok" }, notes: {},
  backup: [backup("20261120-010000F", "2026-11-20", 2), backup("20261120-010000F_20261121-010000D", "2026-11-21", 5)],
  walArchive: { last: segment(9), lastAt: at("2026-11-21T12:00"), gaps },
});
const planned = (to: string, of = state()) => planRestore(of, parseTarget(to));

describe("the point of a restore", () => {
  it("is a time with its zone, an LSN, a name, or as far as it goes", () => {
    assert.deepEqual(parseTarget("latest"), { kind: "latest" });
    assert.deepEqual(parseTarget("2026-11-21T12:00:00+01:00"), { kind: "time", at: at("2026-11-21T11:00"), text: "2026-11-21T12:00:00+01:00" });
    assert.deepEqual(parseTarget("1/a0"), { kind: "lsn", lsn: 2n ** 32n + 160n, text: "1/A0" });
    assert.deepEqual(parseTarget("before-release"), { kind: "name", name: "before-release" });
  });

  it("is refused as a time without a zone, and as an option of pgBackRest", () => {
    for (const text of ["2026-11-21 12:00", "2026-11-21", "2026-13-45T00:00Z"]) assert.throws(() => parseTarget(text), /not a time with its zone/);
    for (const text of ["", "a b", "x'; DROP", "--type"]) assert.throws(() => parseTarget(text), /no time, LSN or name/);
  });

  it("begins from the newest backup that ended before it", () => {
    assert.deepEqual(planned("2026-11-20T23:00Z").options, ["--set=20261120-010000F", "--type=time", "--target=2026-11-20 23:00+00", "--target-action=promote"]);
    assert.equal(planned("2026-11-21T01:02:30Z").backup.label, "20261120-010000F_20261121-010000D");
    assert.equal(planned("2026-11-21T01:01Z").backup.label, "20261120-010000F", "while the second one was made");
    assert.equal(planned("0/5000119").backup.label, "20261120-010000F");
    assert.equal(planned("0/5000120").backup.label, "20261120-010000F_20261121-010000D");
    assert.equal(planned("a-point").backup.label, "20261120-010000F", "nobody knows when it was named");
    assert.deepEqual(planned("latest").options, ["--set=20261120-010000F_20261121-010000D", "--type=default"]);
  });

  it("is refused before the first backup and beyond the archive, with the nearest that can be reached", () => {
    const refused = (to: string, of?: BackupState) => {
      try {
        planned(to, of);
      } catch (error) {
        return `${(error as Error).message}; ${(error as { remedy?: string }).remedy}`;
      }
      return assert.fail("it was planned");
    };
    assert.match(refused("2026-11-20T01:00Z"), /before the end of every backup; .* 2026-11-20 01:02:01 UTC/);
    assert.match(refused("0/100"), /before the end of every backup; .* 0\/2000120/);
    assert.match(refused("2026-11-21T12:00:01Z"), /the archive ends at 2026-11-21 12:00:00 UTC.*--to latest/);
    assert.match(refused("latest", { ...state(), backup: [] }), /nothing can be restored yet/);
    assert.equal(planned("2026-11-20T23:00:00.123456+01:00").options[2], "--target=2026-11-20 23:00:00.123456+01:00", "to the microsecond");
    assert.match(refused("FFFF/0"), /the archive ends with the segment 000000010000000000000009, before FFFF\/0/);
    const lost = state([{ from: segment(3), to: segment(4), after: at("2026-11-20T09:00"), before: at("2026-11-20T10:00") }]);
    assert.match(refused("2026-11-20T12:00Z", lost), /0003 to 0+10+4 is missing in the archive; the last time before is 2026-11-20 09:00:00 UTC; the first one after is 2026-11-21 01:02:01 UTC/);
    assert.match(refused("0/4800000", lost), /0003 to 0+10+4 is missing in the archive/);
    assert.equal(planned("0/2F00000", lost).backup.label, "20261120-010000F", "before it, by its place");
    assert.equal(planned("a-point", lost).backup.label, "20261120-010000F_20261121-010000D", "behind it");
    assert.equal(planned("2026-11-20T08:00Z", lost).backup.label, "20261120-010000F", "before the gap");
    assert.equal(planned("2026-11-21T02:00Z", lost).backup.label, "20261120-010000F_20261121-010000D", "by a backup from after it");
  });
});

describe("positions in the WAL", () => {
  it("are compared as numbers", () => assert.ok(lsnOf("A/0") > lsnOf("9/FFFFFFFF")));
});

describe("the progress of a restore", () => {
  it("is read from pgBackRest's own lines", () => {
    assert.equal(progressOf("P01 DETAIL: restore file /a/1 (8KB, 12.50%) checksum x\nP01 DETAIL: restore file /a/2 (bundle 1/2, 8KB, 45.2%) checksum y\n"), "45.2%");
    assert.equal(progressOf("nothing yet"), undefined);
  });
});
