"""When backups are due, how many are kept, and what is missing in an archive: images/backup."""

from __future__ import annotations

import sys
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[3] / "images/backup"))
sys.dont_write_bytecode = True

import archive
import pgbackrest
from archive import Gap, Segment, gaps, segment_of
from schedule import Backup, Schedule, due, fulls_to_keep, jitter, proof_due

WEEKLY = Schedule(stanza="shop", full=7, differential=1, incremental=0, hour=1, retentionDays=7, minimumFulls=2, proof=1)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


def backup(kind: str, start: str) -> Backup:
    return Backup(start, kind, at(start), at(start) + 60)


class Due(unittest.TestCase):
    def test_the_first_full_is_due_at_once(self) -> None:
        self.assertEqual(due(at("2026-03-04T17:00"), [], WEEKLY), "full")

    def test_a_differential_is_due_once_a_day_from_the_hour_on(self) -> None:
        made = [backup("full", "2026-03-01T17:00")]
        self.assertIsNone(due(at("2026-03-02T00:59"), made, WEEKLY))
        self.assertEqual(due(at("2026-03-02T01:31"), made, WEEKLY), "diff")
        self.assertIsNone(due(at("2026-03-02T23:00"), made + [backup("diff", "2026-03-02T01:31")], WEEKLY))

    def test_a_full_is_due_after_a_week(self) -> None:
        made = [backup("full", "2026-03-01T01:40"), backup("diff", "2026-03-07T01:40")]
        self.assertEqual(due(at("2026-03-08T01:31"), made, WEEKLY), "full")

    def test_what_was_missed_is_made_up_for(self) -> None:
        made = [backup("full", "2026-03-01T01:40")]
        self.assertEqual(due(at("2026-03-29T13:00"), made, WEEKLY), "full")
        self.assertEqual(due(at("2026-03-03T13:00"), made, WEEKLY), "diff")

    def test_begins_within_half_an_hour_and_at_another_moment_in_another_cluster(self) -> None:
        self.assertEqual(len({jitter(f"cluster-{n}") for n in range(20)}), 20)
        self.assertTrue(all(0 <= jitter(f"cluster-{n}") < 1800 for n in range(20)))

    def test_an_incremental_is_due_hours_after_any_other(self) -> None:
        hourly = Schedule(**{**WEEKLY.__dict__, "incremental": 4})
        made = [backup("full", "2026-03-01T02:00"), backup("incr", "2026-03-01T06:00")]
        self.assertIsNone(due(at("2026-03-01T09:59"), made, hourly))
        self.assertEqual(due(at("2026-03-01T10:00"), made, hourly), "incr")

    def test_none_where_none_is_wanted(self) -> None:
        never = Schedule(**{**WEEKLY.__dict__, "differential": 0})
        self.assertIsNone(due(at("2026-03-07T13:00"), [backup("full", "2026-03-01T02:00")], never))


class Proofs(unittest.TestCase):
    made = [backup("full", "2026-03-01T17:00")]

    def test_the_first_is_due_on_the_next_day_after_the_backups(self) -> None:
        self.assertFalse(proof_due(at("2026-03-02T01:59"), self.made, None, WEEKLY))
        self.assertTrue(proof_due(at("2026-03-02T02:31"), self.made, None, WEEKLY))
        self.assertFalse(proof_due(at("2026-03-05T12:00"), [], None, WEEKLY))

    def test_each_day_from_then_on_or_as_it_is_said(self) -> None:
        proved = at("2026-03-02T02:31")
        self.assertFalse(proof_due(at("2026-03-03T01:59"), self.made, proved, WEEKLY))
        self.assertTrue(proof_due(at("2026-03-03T02:31"), self.made, proved, WEEKLY))
        weekly, never = (Schedule(**{**WEEKLY.__dict__, "proof": days}) for days in (7, 0))
        self.assertFalse(proof_due(at("2026-03-08T12:00"), self.made, proved, weekly))
        self.assertTrue(proof_due(at("2026-03-09T12:00"), self.made, proved, weekly))
        self.assertFalse(proof_due(at("2027-03-09T12:00"), self.made, proved, never))


class Kept(unittest.TestCase):
    def test_the_days_that_can_be_restored_begin_with_a_full(self) -> None:
        weekly = [backup("full", f"2026-03-{day:02}T02:00") for day in (1, 8, 15, 22)]
        self.assertEqual(fulls_to_keep(at("2026-03-22T02:10"), weekly, WEEKLY), 2)
        month = Schedule(**{**WEEKLY.__dict__, "retentionDays": 20})
        self.assertEqual(fulls_to_keep(at("2026-03-22T02:10"), weekly, month), 4)

    def test_never_fewer_than_the_minimum_after_a_long_pause(self) -> None:
        old = [backup("full", "2026-01-01T02:00"), backup("full", "2026-01-08T02:00"), backup("full", "2026-03-22T02:00")]
        self.assertEqual(fulls_to_keep(at("2026-03-22T02:10"), old, Schedule(**{**WEEKLY.__dict__, "minimumFulls": 3})), 3)


def on(timeline: int, *numbers: int) -> list[Segment]:
    return [Segment(timeline, number) for number in numbers]


class Gaps(unittest.TestCase):
    def test_none_in_a_row(self) -> None:
        self.assertEqual(gaps(on(1, 3, 4, 5), {}, Segment(1, 3)), [])

    def test_a_dropped_segment_and_a_run_of_them(self) -> None:
        self.assertEqual(gaps(on(1, 3, 5, 9), {}, Segment(1, 3)), [Gap(Segment(1, 4), Segment(1, 4)), Gap(Segment(1, 6), Segment(1, 8))])

    def test_none_across_a_failover_whose_segment_is_on_the_new_timeline(self) -> None:
        self.assertEqual(gaps(on(1, 3, 4) + on(2, 5, 6), {2: (1, 5)}, Segment(1, 3)), [])

    def test_what_the_lost_primary_had_not_archived(self) -> None:
        self.assertEqual(gaps(on(1, 3) + on(2, 6, 7), {2: (1, 6)}, Segment(1, 3)), [Gap(Segment(1, 4), Segment(1, 5))])

    def test_a_timeline_that_nothing_came_from_does_not_count(self) -> None:
        """2 was promoted and lost; 3 came from 1."""
        self.assertEqual(gaps(on(1, 3, 4) + on(2, 5) + on(3, 5, 6), {2: (1, 5), 3: (1, 5)}, Segment(1, 3)), [])

    def test_from_a_backup_on_a_later_timeline_on(self) -> None:
        self.assertEqual(gaps(on(1, 1) + on(2, 6, 7), {2: (1, 4)}, Segment(2, 6)), [])

    def test_the_two_switches_of_one_segment(self) -> None:
        self.assertEqual(gaps(on(1, 3, 4) + on(3, 5, 6), {2: (1, 5), 3: (2, 5)}, Segment(1, 3)), [])


class Names(unittest.TestCase):
    def test_a_segment_by_its_name_and_back(self) -> None:
        name = "0000000A00000001000000FF"
        self.assertEqual(segment_of(name), Segment(10, 0x1FF))
        self.assertEqual(segment_of(name).name, name)

    def test_the_switch_in_a_history_file(self) -> None:
        history = "1\t0/5000110\tno recovery target specified\n\n2\t1/12000000\tno recovery target specified\n"
        self.assertEqual(archive.switch_of(history), (2, 0x112))

    def test_files_that_are_no_whole_segments_do_not_count(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "0000000100000000"
            files.mkdir()
            whole = f"000000010000000000000003-{'a' * 40}.zst"
            for name in (whole, f"000000010000000000000005-{'c' * 40}.zst.pgbackrest.tmp", f"000000010000000000000004.partial-{'b' * 40}.zst"):
                (files / name).touch()
            self.assertEqual(list(archive.stored(Path(folder))), [Segment(1, 3)])


class Calls(unittest.TestCase):
    def test_a_file_stands_after_the_command_options_before_it(self) -> None:
        with mock.patch("subprocess.Popen") as started:
            started.return_value.__enter__.return_value.stdout = iter(())
            started.return_value.__enter__.return_value.returncode = 0
            pgbackrest.call("shop", "repo-get", "archive/shop/18-1/00000002.history", "--repo=1")
        self.assertEqual(started.call_args.args[0][3:], ["--repo=1", "repo-get", "archive/shop/18-1/00000002.history"])

    def test_a_failure_says_what_pgbackrest_said(self) -> None:
        failure = pgbackrest.Failure(28, "2026 P00  ERROR: [028]: they do not match the database\nHINT: more\n")
        self.assertEqual(str(failure), "they do not match the database")


if __name__ == "__main__":
    unittest.main()
