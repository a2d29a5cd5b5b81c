"""pgBackRest, asked by the program that makes backups and by `npx pgha`."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

from schedule import Backup, Schedule

SCHEDULE = Path("/etc/pgha/backup.json")
# The code of its error where somebody else has the lock. Source: pgBackRest's error.yaml
LOCK_ACQUIRE = 50


class Failure(Exception):
    """Its exit code, and what it said of it in one line."""

    def __init__(self, code: int, output: str) -> None:
        said = [line.split(": ", 1)[-1] for line in output.splitlines() if re.search(r"\bERROR: ", line)]
        super().__init__(re.sub(r"^\[\d+\]: ", "", said[0]) if said else f"code {code}")
        self.code = code


def read_schedule() -> Schedule:
    given = json.loads(SCHEDULE.read_text())
    return Schedule(**{field.name: given[field.name] for field in fields(Schedule)})


def call(stanza: str, command: str, *words: str, level: str = "error", shown: bool = False) -> str:
    """Its output, which is shown as it comes where that is asked for; raises Failure."""
    options, given = [word for word in words if word.startswith("--")], [word for word in words if not word.startswith("--")]
    line = ["pgbackrest", f"--stanza={stanza}", f"--log-level-console={level}", *options, command, *given]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        lines = []
        for text in process.stdout:
            lines.append(text)
            if shown:
                print(text, end="", flush=True)
    if process.returncode != 0:
        raise Failure(process.returncode, "".join(lines))
    return "".join(lines)


def info(stanza: str) -> dict[str, Any]:
    """What it says of the stanza, as documented under "info"; one without a stanza has a status of its own."""
    return json.loads(call(stanza, "info", "--output=json"))[0]


def backups_of(told: dict[str, Any]) -> list[Backup]:
    return [Backup(each["label"], each["type"], each["timestamp"]["start"], each["timestamp"]["stop"]) for each in told.get("backup", [])]
