"""Proof that what is kept can be restored: the newest state is restored beside the repository, replayed to the end of the archive, and
every page, heap and B-tree of every database is read. Nobody but this program reaches that server; it is deleted afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import pgbackrest
import proofs
import state
from archive import segment_of
from pgbackrest import Failure
from proofs import VOLUME

# Beside what is restored: WAL that is replayed, and what the checks sort
SPARE = 512 * 2**20
END_SECONDS = 60
SOCKET, LOCK, SECRETS = "/tmp/proof", "/tmp/proof.lock", Path("/run/secrets")
CONFIG = "proof.conf"
Steps = dict[str, float]


class Unproved(Exception):
    """What is not as it should be, in one line; `step` is where that was seen."""

    def __init__(self, step: str, said: str) -> None:
        super().__init__(said)
        self.step = step


def prove(stanza: str, say: Callable[[str], None]) -> dict[str, Any]:
    """The proof, which is kept, too: `problem` is None where all is well. Raises BlockingIOError while another one runs."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        clear()
        began, steps = time.time(), {}
        proof: dict[str, Any] = {"at": began, "problem": None, "step": None}
        try:
            proof |= run(stanza, steps, say)
        except Failure as failure:
            proof |= {"problem": str(failure), "step": "check"}
        except Unproved as wrong:
            proof |= {"problem": str(wrong), "step": wrong.step}
        except OSError as error:
            proof |= {"problem": str(error), "step": "room"}
        except Exception as error:  # one that is not kept would be tried again at once
            proof |= {"problem": repr(error), "step": "check"}
        finally:
            clear()
        proof |= {"seconds": time.time() - began, "steps": steps}
        proofs.keep(proof)
        return proof


def clear() -> None:
    """What a proof that was killed left, too."""
    shutil.rmtree(VOLUME / "proof", ignore_errors=True)


@contextlib.contextmanager
def step(name: str, steps: Steps, say: Callable[[str], None], doing: str) -> Iterator[None]:
    say(doing)
    began = time.monotonic()
    yield
    steps[name] = time.monotonic() - began


def run(stanza: str, steps: Steps, say: Callable[[str], None]) -> dict[str, Any]:
    with step("check", steps, say, "a segment of WAL is archived now"):
        pgbackrest.call(stanza, "check")
    told = pgbackrest.info(stanza)
    if not told.get("backup"):
        raise Unproved("restore", "there is no backup yet")
    backup, newest = told["backup"][-1], state.archive_state(told, time.time())
    size = backup["info"]["size"]
    found = {"backup": backup["label"], "bytes": size, "segment": newest and newest["last"]}
    if shutil.disk_usage(VOLUME).free < size + SPARE:
        raise Unproved("room", f"{(size + SPARE) // 2**20} MiB are needed beside the repository")
    data = VOLUME / "proof/data"
    data.mkdir(parents=True, mode=0o700)
    with step("restore", steps, say, f"{backup['label']} is restored"):
        restore(stanza, data)
    with serving(data) as ask:
        with step("replay", steps, say, "WAL is replayed"):
            while ask("SELECT pg_catalog.pg_is_in_recovery()") != "f":
                time.sleep(0.5)
        reached = ask("SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn())")
        if newest and segment_of(reached).number < segment_of(newest["last"]).number:
            raise Unproved("replay", f"replay ended in {reached}, the archive has {newest['last']}")
        with step("contents", steps, say, "every heap and B-tree is read"):
            found["relations"] = amcheck()
    with step("pages", steps, say, "the checksum of every page is counted"):
        checksums(data)
    return found


def environment() -> dict[str, str]:
    """For pgBackRest here, and for Postgres, which runs it to get WAL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PGBACKREST_")}
    return {**kept, "PGBACKREST_CONFIG": str(SECRETS / CONFIG)}


def restore(stanza: str, data: Path) -> None:
    """Raises Unproved with what pgBackRest says."""
    passphrase = (SECRETS / "repository_passphrase").read_text().strip()
    (SECRETS / CONFIG).write_text(f"""[global]
repo1-path={VOLUME}/repository
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={passphrase}
log-level-file=off
lock-path=/tmp/pgbackrest-proof
process-max=2
[{stanza}]
pg1-path={data}
""")
    line = ["pgbackrest", f"--stanza={stanza}", "--log-level-console=error", "--archive-mode=off", "--type=default", "restore"]
    done = subprocess.run(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Unproved("restore", str(Failure(done.returncode, done.stdout)))


@contextlib.contextmanager
def serving(data: Path) -> Iterator[Callable[[str], str]]:
    """Runs Postgres on it, which only this program reaches; gives what asks it. Raises Unproved with what it said last when it ends."""
    Path(SOCKET).mkdir(mode=0o700, exist_ok=True)
    log = data.parent / "log"
    (data.parent / "hba.conf").write_text("local all postgres peer\n")
    settings = ["listen_addresses=", f"unix_socket_directories={SOCKET}", f"hba_file={data.parent}/hba.conf"]
    with log.open("w") as written:
        line = ["serve-restored", str(data), *(word for each in settings for word in ("-c", each))]
        server = subprocess.Popen(line, stdout=written, stderr=subprocess.STDOUT, env=environment())

    def ask(sql: str) -> str:
        if server.poll() is not None:
            raise Unproved("replay", reason(log.read_text(errors="replace")))
        psql = ["psql", "-XAtqw", "-h", SOCKET, "-d", "postgres", "-c", sql]
        return subprocess.run(psql, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout.strip()

    try:
        yield ask
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()


def amcheck() -> int:
    """How many relations were read; raises Unproved with the first one that is damaged."""
    line = ["pg_amcheck", "--all", "--install-missing=pg_catalog", "--heapallindexed", "--parent-check", "--verbose", "-w", "-h", SOCKET]
    # What an owner has set for a database does not count
    settings = "-c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off"
    done = subprocess.run(line, env={**environment(), "PGOPTIONS": settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
    if done.returncode != 0:
        wrong = [text for text in done.stdout.splitlines() if not re.match(r"pg_amcheck: (checking|including|in database)", text)]
        raise Unproved("contents", " ".join(text.strip() for text in wrong[:2]) or f"pg_amcheck ended with {done.returncode}")
    return len(re.findall(r"^pg_amcheck: checking (?:heap table|btree index)", done.stdout, re.M))


def checksums(data: Path) -> None:
    done = subprocess.run(["pg_checksums", "--check", "-D", str(data)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        wrong = [text for text in done.stdout.splitlines() if "error" in text]
        raise Unproved("pages", wrong[0] if wrong else f"pg_checksums ended with {done.returncode}")


def reason(log: str) -> str:
    """What a program said last that was no good."""
    said = re.findall(r"(?:FATAL|ERROR|PANIC): +(?:\[\d+\]: )?(.*)", log)
    return said[-1] if said else "Postgres ended without a word"
