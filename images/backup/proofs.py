"""The proofs of restore that were made, on the volume of the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VOLUME = Path("/var/lib/pgbackrest")
FILE = VOLUME / "proofs.json"
KEPT = 400


def read() -> list[dict[str, Any]]:
    """The oldest one first."""
    try:
        return json.loads(FILE.read_text())
    except (FileNotFoundError, ValueError):
        return []


def keep(proof: dict[str, Any]) -> None:
    draft = FILE.with_suffix(".new")
    draft.write_text(json.dumps([*read(), proof][-KEPT:]))
    draft.replace(FILE)
