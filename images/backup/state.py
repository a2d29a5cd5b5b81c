"""What can be restored, and what went wrong: `backup-state` prints it, the program that makes backups keeps it."""

from __future__ import annotations

import functools
import json
import time
from pathlib import Path
from typing import Any

import archive
import pgbackrest
import proofs
from archive import Segment

# Not on the volume: a repository that is full must not lose the word of it
NOTES = Path("/var/lib/pgha/notes.json")
# Files come in parallel, and not always in their order
SETTLED_SECONDS = 120
SHOWN_PROOFS = 30


def read_notes() -> dict[str, Any]:
    try:
        return json.loads(NOTES.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def note(**changed: Any) -> None:
    """Keeps these beside what was noted before; None forgets."""
    kept = {key: value for key, value in {**read_notes(), **changed}.items() if value is not None}
    draft = NOTES.with_suffix(".new")
    draft.write_text(json.dumps(kept))
    draft.replace(NOTES)


@functools.cache
def switch(stanza: str, file: str) -> tuple[int, int] | None:
    return archive.switch_of(pgbackrest.call(stanza, "repo-get", file))


def switches(stanza: str, folder: Path) -> dict[int, tuple[int, int]]:
    """Of each timeline the one that it came from, and the segment in which it left that."""
    read = {int(name[:8], 16): switch(stanza, f"archive/{stanza}/{folder.name}/{name}") for name in archive.histories(folder)}
    return {timeline: found for timeline, found in read.items() if found}


def archive_state(told: dict[str, Any], now: float) -> dict[str, Any] | None:
    """Its newest segment, and what is missing since the oldest backup that is kept; None where there is no archive yet."""
    stanza = told["name"]
    folders = sorted((archive.ARCHIVE / stanza).glob("*-*"), key=lambda path: int(path.name.split("-")[-1]))
    times = archive.stored(folders[-1]) if folders else {}
    if not times:
        return None
    newest = max(times)
    found: dict[str, Any] = {"last": newest.name, "lastAt": times[newest], "gaps": []}
    backups = told.get("backup", [])
    if backups:
        begin = archive.segment_of(backups[0]["archive"]["start"])
        top = max((segment for segment, at in times.items() if at < now - SETTLED_SECONDS), default=begin)
        missing = archive.gaps([segment for segment in times if segment <= top], switches(stanza, folders[-1]), begin)
        found["gaps"] = [{"from": gap.first.name, "to": gap.last.name, **around(gap, times)} for gap in missing]
    return found


def around(gap: archive.Gap, times: dict[Segment, float]) -> dict[str, float]:
    """When the segments next to it were stored: no time between can be restored, by a backup from before it."""
    before = [at for segment, at in times.items() if segment < gap.first]
    after = [at for segment, at in times.items() if segment > gap.last]
    return {**({"after": max(before)} if before else {}), **({"before": min(after)} if after else {})}


def state() -> dict[str, Any]:
    stanza = pgbackrest.read_schedule().stanza
    told = pgbackrest.info(stanza)
    return {**told, "walArchive": archive_state(told, time.time()), "notes": read_notes(), "proofs": proofs.read()[-SHOWN_PROOFS:]}
