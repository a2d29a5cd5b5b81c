"""Gives the leadership of this machine's Postgres away, through the Patroni beside it. Does nothing on a standby."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BUNDLE = Path("/var/lib/pgha-machine/bundle.json")
OTHERS_SECONDS = 300
SWITCH_SECONDS = 60
# Of the 120 s that pgha-leave.service has at a shutdown
CHECKPOINT_SECONDS = 45


class Refused(Exception):
    pass


def call(method: str, path: str, body: dict[str, Any] | None = None, seconds: float = 10) -> Any:
    context = ssl.create_default_context(cafile="/etc/pgha/ca.crt")
    context.load_cert_chain("/etc/pgha/tls.crt", "/run/secrets/tls_key")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"https://localhost:8008{path}", data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        # Its state comes with 503 where it is not the primary, too
        text = error.read().decode()
        if method != "GET":
            raise Refused(f"Patroni answered {error.code}: {text.strip()}") from None
    except OSError as error:
        raise Refused(f"Patroni does not answer: {error}") from None
    return json.loads(text) if text.startswith("{") else text


def others() -> list[dict[str, Any]]:
    name = call("GET", "/patroni")["patroni"]["name"]
    return [member for member in call("GET", "/cluster")["members"] if member["name"] != name]


def is_primary() -> bool:
    return call("GET", "/patroni").get("role") in ("primary", "master")


def wait_for_others() -> None:
    """One server at a time is away: every other one runs, and every standby among them streams."""
    deadline = time.monotonic() + OTHERS_SECONDS
    while unwell := [f"{member['name']} is {member['state']}" for member in others() if member["state"] not in ("running", "streaming")]:
        if time.monotonic() > deadline:
            raise Refused(f"not restarted while another member is not well: {', '.join(unwell)}")
        time.sleep(1)


def candidates(successors: list[str]) -> list[str]:
    """Standbys that may take over, in the order in which they are wanted; in synchronous modes only those that have every commit."""
    streaming = [member for member in others() if member["state"] == "streaming"]
    synchronous = [member for member in streaming if member["role"] in ("sync_standby", "quorum_standby")]
    names = [member["name"] for member in synchronous or streaming]
    return sorted(names, key=lambda name: successors.index(name) if name in successors else len(successors))


def leave(successors: list[str]) -> None:
    if not is_primary() or not others():
        return
    name = call("GET", "/patroni")["patroni"]["name"]
    # So that its shutdown has little left to write
    try:
        subprocess.run(["runuser", "-u", "postgres", "--", "psql", "-XAtqc", "CHECKPOINT", "postgres"], capture_output=True, timeout=CHECKPOINT_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"leadership: the checkpoint takes longer than {CHECKPOINT_SECONDS} s; going on without it", flush=True)
    reasons = ["no standby streams"]
    for candidate in candidates(successors):
        try:
            call("POST", "/switchover", {"leader": name, "candidate": candidate}, SWITCH_SECONDS)
        except Refused as error:
            reasons.append(f"{candidate}: {error}")
            continue
        deadline = time.monotonic() + SWITCH_SECONDS
        while is_primary() or call("GET", "/patroni").get("state") != "running":
            if time.monotonic() > deadline:
                raise Refused(f"{candidate} took over, but {name} does not follow it")
            time.sleep(0.5)
        print(f"leadership: {candidate} is the primary", flush=True)
        return
    raise Refused(f"the primary {name} could not hand over: {reasons[-1]}")


if __name__ == "__main__":
    # At shutdown, whoever asked for it: Patroni's own stop releases the leadership, only later
    try:
        leave(json.loads(BUNDLE.read_text())["successors"])
    except Refused as error:
        sys.exit(f"leadership: {error}")
