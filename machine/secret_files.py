"""Reads this machine's parameters from AWS Systems Manager into files: those below /run are in memory and gone with it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path

from atomic import write

BUNDLE = Path("/var/lib/pgha-machine/bundle.json")
# A call takes ten names
BATCH = 10
PATIENCE_SECONDS = 300


class Missing(Exception):
    pass


def read(names: list[str]) -> dict[str, str]:
    command = ["aws", "ssm", "get-parameters", "--with-decryption", "--output", "json", "--names", *names]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Missing(done.stderr.strip())
    answer = json.loads(done.stdout)
    if answer["InvalidParameters"]:
        raise Missing(f"there is no parameter {', '.join(answer['InvalidParameters'])}")
    return {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}


def patiently(names: list[str], seconds: float) -> dict[str, str]:
    """A machine can be up before its role, or AWS away for a moment."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return read(names)
        except Missing as error:
            if time.monotonic() > deadline:
                raise
            print(f"secrets: {error}; trying again", flush=True)
            time.sleep(5)


def fetch(secrets: list[dict[str, str]], seconds: float = PATIENCE_SECONDS) -> None:
    Path("/run/secrets").mkdir(exist_ok=True)
    # As in a container: each file has an owner and a mode of its own
    Path("/run/secrets").chmod(0o1777)
    names = [secret["parameter"] for secret in secrets]
    values: dict[str, str] = {}
    for start in range(0, len(names), BATCH):
        values |= patiently(names[start:start + BATCH], seconds)
    for secret in secrets:
        write(Path(secret["path"]), values[secret["parameter"]].rstrip("\n") + "\n", secret["owner"], secret["mode"])


if __name__ == "__main__":
    try:
        # At a boot, however long it takes: the services that wait for this would not be started later
        fetch(json.loads(BUNDLE.read_text())["secrets"], math.inf)
    except Missing as error:
        sys.exit(f"secrets: {error}")
