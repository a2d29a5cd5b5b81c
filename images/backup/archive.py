"""What the WAL archive holds, by the names of its files: whether a segment is missing, and how old the newest one is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, NamedTuple

ARCHIVE = Path("/var/lib/pgbackrest/repository/archive")
# Segments of 16 MiB to 4 GiB of WAL
PER_FILE = 256
SEGMENT = re.compile(r"^([0-9A-F]{8})([0-9A-F]{16})-[0-9a-f]{40}(\.[a-z0-9]+)?$")


class Segment(NamedTuple):
    timeline: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.timeline:08X}{self.number // PER_FILE:08X}{self.number % PER_FILE:08X}"


def segment_of(name: str) -> Segment:
    """From the first 24 characters of its name."""
    return Segment(int(name[:8], 16), int(name[8:16], 16) * PER_FILE + int(name[16:24], 16))


class Gap(NamedTuple):
    """Segments that are missing, the first and the last of them."""

    first: Segment
    last: Segment


def gaps(segments: Iterable[Segment], switches: dict[int, tuple[int, int]], begin: Segment) -> list[Gap]:
    """What is missing from `begin` on to the newest segment, along the timelines that lead there. `switches` has for each
    timeline the one that it came from, and the segment in which it left that."""
    there = set(segments)
    newest = max(there, default=begin)
    found: list[Gap] = []
    timeline, end = newest.timeline, newest.number
    while True:
        parent, switch = switches.get(timeline, (0, 0))
        first = begin.number if timeline <= begin.timeline else max(switch, begin.number)
        missing = [number for number in range(first, end + 1) if Segment(timeline, number) not in there]
        found += [Gap(Segment(timeline, low), Segment(timeline, high)) for low, high in reversed(runs(missing))]
        if timeline <= begin.timeline or parent == 0:
            return found[::-1]
        # The segment of the switch is read in its copy on the newer timeline
        timeline, end = parent, switch - 1


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Of consecutive numbers: [1, 2, 5] → [(1, 2), (5, 5)]."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def stored(archive: Path) -> dict[Segment, float]:
    """Every whole segment and when it was stored, seconds since 1970; those that are being written have another name."""
    return {segment_of(path.name): path.stat().st_mtime for path in archive.glob("????????????????/*") if SEGMENT.match(path.name)}


def switch_of(history: str) -> tuple[int, int] | None:
    """From the text of a history file: the timeline that it came from, and the segment in which it left that."""
    lines = re.findall(r"^\s*(\d+)\s+([0-9A-F]+)/([0-9A-F]+)", history, re.M)
    if not lines:
        return None
    parent, high, low = lines[-1]
    return int(parent), (int(high, 16) << 32 | int(low, 16)) // (2**32 // PER_FILE)


def histories(archive: Path) -> list[str]:
    return sorted(path.name[:16] for path in archive.glob("????????.history*"))
