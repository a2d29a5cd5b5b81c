"""What a voter keeps, and how it ends what it receives."""

import os
import signal
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "images/postgres"))
import vote  # noqa: E402
from vote import Promise, Vote, ends_receiving  # noqa: E402


class EndsReceiving(unittest.TestCase):
    """By what pg_stat_activity shows, look by look: whether the startup process waits, how far it has replayed, the receiver."""

    def ends(self, *looks: tuple) -> bool:
        shown = iter(looks)

        def query(_):
            waits, lsn, receiver = next(shown)
            return [("startup", 11, waits, lsn), *([("walreceiver", receiver, True, lsn)] if receiver else [])]

        with mock.patch.object(vote, "PAUSE_SECONDS", 0), mock.patch.object(vote, "LOOKS", len(looks)), mock.patch.object(os, "kill") as kill:
            ended = ends_receiving(query)
        self.told = [call.args for call in kill.mock_calls]
        return ended

    def test_only_what_is_seen_after_the_signal_counts(self) -> None:
        self.assertTrue(self.ends((True, "0/1", 12), (True, "0/1", None), (True, "0/1", None)))
        self.assertEqual(self.told, [(11, signal.SIGHUP), (12, signal.SIGTERM)])
        self.assertFalse(self.ends((True, "0/1", None), (True, "0/1", None)), "the startup process may just be starting one")
        self.assertFalse(self.ends((False, "0/1", None), (False, "0/1", None), (False, "0/1", None)), "busy, and nothing says with what")
        self.assertTrue(self.ends((False, "0/1", None), (False, "0/2", None), (False, "0/2", None)), "busy with replaying")

    def test_a_receiver_that_was_started_meanwhile_is_ended_too(self) -> None:
        self.assertFalse(self.ends((True, "0/1", 12), (True, "0/1", 13), (True, "0/1", 13)))
        self.assertEqual(self.told, [(11, signal.SIGHUP), (12, signal.SIGTERM), (13, signal.SIGTERM)])

    def test_a_server_without_a_startup_process_is_no_standby(self) -> None:
        with mock.patch.object(os, "kill"):
            self.assertFalse(ends_receiving(lambda _: []))


class Promises(unittest.TestCase):
    def test_bind_to_one_version_of_sync(self) -> None:
        promise = Promise()
        self.assertFalse(promise.forbids("p1", "7", "e1"))
        promise.vote = Vote("p1", 7, "e1")
        cases = {("p1", "7", "e1"): True, ("p1", None, "e1"): True, ("p1", "10", "e1"): False, ("p2", "7", "e1"): False, ("p1", "7", "e2"): False}
        self.assertEqual({case: promise.forbids(*case) for case in cases}, cases)


if __name__ == "__main__":
    unittest.main()
