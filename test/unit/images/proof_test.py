"""The proof of restore, with programs that are played: what each of them says becomes the problem, and nothing of it is left."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[3] / "images/backup"))
sys.dont_write_bytecode = True

import proof
import proofs

INFO = [{"name": "shop", "backup": [{"label": "20261121-010000F", "timestamp": {"start": 1, "stop": 2}, "info": {"size": 1000},
                                     "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000002"}}]}]
# Each as the real one: what it says, and how it ends
PLAYED = {
    "pgbackrest": f"""case "$*" in *info*) echo '{json.dumps(INFO)}';; *check*) $CHECK;; *restore*) $RESTORE;; esac""",
    "serve-restored": "$SERVE; trap 'exit 0' INT; while :; do sleep 0.05; done",
    "psql": 'case "$*" in *recovery*) echo ${RECOVERY-f};; *) echo ${REACHED-000000020000000000000007};; esac',
    "pg_amcheck": '''$AMCHECK
echo 'pg_amcheck: including database "app"'; echo 'pg_amcheck: checking heap table "app.pg_catalog.pg_class"'; echo 'pg_amcheck: checking btree index "app.app.one"' ''',
    "pg_checksums": "$CHECKSUMS",
}


class Proving(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, lines in PLAYED.items():
            program = self.folder / name
            program.write_text(f"#!/bin/bash\n{lines}\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        volume = self.folder / "volume"
        volume.mkdir()
        for change in (
            mock.patch.object(proof, "VOLUME", volume),
            mock.patch.object(proof, "SOCKET", str(self.folder / "socket")),
            mock.patch.object(proof, "LOCK", str(self.folder / "lock")),
            mock.patch.object(proof, "SECRETS", self.folder),
            mock.patch.object(proofs, "FILE", volume / "proofs.json"),
            mock.patch.object(proof.state, "archive_state", lambda *_: {"last": "000000020000000000000007"}),
        ):
            change.start()
            self.addCleanup(change.stop)
        (self.folder / "repository_passphrase").write_text("secret\n")

    def prove(self, **played: str) -> dict:
        said: list[str] = []
        with mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}", **played}):
            found = proof.prove("shop", said.append)
        self.assertEqual(proofs.read()[-1], found)
        self.assertFalse((proof.VOLUME / "proof").exists())
        return found

    def fails(self, step: str, said: str, **played: str) -> None:
        found = self.prove(**played)
        self.assertEqual((found["step"], found["problem"]), (step, said))

    def test_all_is_well(self) -> None:
        found = self.prove()
        self.assertEqual((found["problem"], found["backup"], found["relations"]), (None, "20261121-010000F", 2))
        self.assertEqual(list(found["steps"]), ["check", "restore", "replay", "contents", "pages"])

    def test_what_pgbackrest_says_is_the_problem(self) -> None:
        said = "bash -c 'echo \"2026 P00  ERROR: [082]: WAL segment 7 was not archived\"; exit 82'"
        script = self.folder / "says"
        script.write_text(f"#!/bin/bash\n{said}\n")
        script.chmod(0o755)
        self.fails("check", "WAL segment 7 was not archived", CHECK=str(script))
        self.fails("restore", "WAL segment 7 was not archived", RESTORE=str(script))

    def test_a_server_that_ends_while_it_replays(self) -> None:
        script = self.folder / "ends"
        script.write_text("#!/bin/bash\necho '2026 LOG:  redo starts'; echo '2026 FATAL:  could not locate a valid checkpoint record'; kill -9 $PPID\n")
        script.chmod(0o755)
        self.fails("replay", "could not locate a valid checkpoint record", SERVE=str(script), RECOVERY="")

    def test_a_replay_that_ends_before_the_archive(self) -> None:
        self.fails("replay", "replay ended in 000000010000000000000006, the archive has 000000020000000000000007", REACHED="000000010000000000000006")

    def test_a_damaged_index_and_a_damaged_page(self) -> None:
        script = self.folder / "damaged"
        script.write_text("#!/bin/bash\necho 'btree index \"app.app.one\":'; echo '    ERROR:  item order invariant violated'; kill $PPID\n")
        script.chmod(0o755)
        self.fails("contents", 'btree index "app.app.one": ERROR:  item order invariant violated', AMCHECK=str(script))
        script.write_text("#!/bin/bash\necho 'pg_checksums: error: checksum verification failed in file \"base/5/1\", block 0'; kill $PPID\n")
        self.fails("pages", 'pg_checksums: error: checksum verification failed in file "base/5/1", block 0', CHECKSUMS=str(script))

    def test_a_disk_without_room_is_named_before_anything_is_written(self) -> None:
        with mock.patch.object(proof.shutil, "disk_usage", return_value=mock.Mock(free=1)):
            self.fails("room", "512 MiB are needed beside the repository")

    def test_only_one_at_a_time(self) -> None:
        import fcntl

        with open(proof.LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self.assertRaises(BlockingIOError):
                proof.prove("shop", print)


if __name__ == "__main__":
    unittest.main()
