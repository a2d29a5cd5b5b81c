"""When a backup is due, and how many are kept. Pure: times are seconds since 1970, UTC."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

DAY = 86_400
JITTER = 1800


@dataclass(frozen=True)
class Schedule:
    """/etc/pgha/backup.json. `full` and `differential` are days between backups, `incremental` hours, `proof` days between proofs of
    restore; 0: none."""

    stanza: str
    full: int
    differential: int
    incremental: int
    hour: int
    retentionDays: int
    minimumFulls: int
    proof: int


@dataclass(frozen=True)
class Backup:
    label: str
    type: str
    start: float
    stop: float


def jitter(stanza: str) -> int:
    """Seconds after the hour, of its own for each cluster: those of one machine or bucket do not begin together."""
    return int(hashlib.sha256(stanza.encode()).hexdigest(), 16) % JITTER


def due(now: float, backups: list[Backup], schedule: Schedule) -> str | None:
    """The type of the backup that is to be made now; one that was missed is made up for."""
    days = lambda since: days_between(since, now, schedule.hour * 3600 + jitter(schedule.stanza))
    fulls = [backup.start for backup in backups if backup.type == "full"]
    if not fulls or days(max(fulls)) >= schedule.full:
        return "full"
    anchors = [backup.start for backup in backups if backup.type != "incr"]
    if schedule.differential and days(max(anchors)) >= schedule.differential:
        return "diff"
    if schedule.incremental and now - max(backup.start for backup in backups) >= schedule.incremental * 3600:
        return "incr"
    return None


def days_between(since: float, now: float, begins: int) -> int:
    """Days that have begun between the two; they begin `begins` seconds after midnight."""
    return int((now - begins) // DAY - (since - begins) // DAY)


def proof_due(now: float, backups: list[Backup], proved: float | None, schedule: Schedule) -> bool:
    """An hour after the day's backups; the first one on the day after the first backup."""
    if not schedule.proof or not backups:
        return False
    since, begins = (proved, schedule.proof) if proved else (backups[0].stop, 1)
    return days_between(since, now, (schedule.hour + 1) * 3600 + jitter(schedule.stanza)) >= begins


def fulls_to_keep(now: float, backups: list[Backup], schedule: Schedule) -> int:
    """Those within the days that can be restored, and the one that they begin from; but never fewer than the minimum."""
    begins = now - schedule.retentionDays * DAY
    within = [backup for backup in backups if backup.type == "full" and backup.stop > begins]
    return max(schedule.minimumFulls, len(within) + 1)
