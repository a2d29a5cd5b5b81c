"""Making backups, and deleting those that need not be kept."""

from __future__ import annotations

import time

import pgbackrest
import state
from schedule import Schedule, fulls_to_keep


def make_stanza(stanza: str) -> None:
    """Makes it, or sees that the one there is of this cluster: another one's is refused, and never taken over."""
    pgbackrest.call(stanza, "stanza-create")
    state.note(stanzaProblem=None)


def back_up(stanza: str, kind: str) -> None:
    """full, diff or incr."""
    began = time.time()
    state.note(running={"type": kind, "since": began})
    try:
        pgbackrest.call(stanza, "backup", f"--type={kind}", level="info", shown=True)
        state.note(backupProblem=None)
    finally:
        state.note(running=None)


def expire(schedule: Schedule, *options: str) -> str:
    """What it says of that."""
    kept = fulls_to_keep(time.time(), pgbackrest.backups_of(pgbackrest.info(schedule.stanza)), schedule)
    return pgbackrest.call(schedule.stanza, "expire", f"--repo1-retention-full={kept}", *options, level="info")
