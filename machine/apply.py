"""Makes this machine what its bundle says: files, secrets, services. Does nothing where nothing differs; exits non-zero,
with the reason last, where a service does not come back.

A service is restarted or reloaded when the content of what it reads differs from what it was last started with, so that
an interrupted run is finished by the next one. The primary gives its leadership away before it is restarted.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import leadership
import secret_files
from atomic import write

STATE = Path("/var/lib/pgha-machine")
START_SECONDS = 5
HEALTH_SECONDS = 300


class Failed(Exception):
    pass


def log(text: str) -> None:
    print(f"apply: {text}", flush=True)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


def must(*command: str) -> None:
    done = run(*command)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")


def write_files(files: dict[str, dict[str, str]]) -> None:
    known = STATE / "files.json"
    before = set(json.loads(known.read_text())) if known.exists() else set()
    write(known, json.dumps(sorted(before | set(files))), "root:root", "0644")
    for path, file in files.items():
        if write(Path(path), file["content"], file["owner"], file["mode"]):
            log(f"wrote {path}")
    for path in sorted(before - set(files)):
        Path(path).unlink(missing_ok=True)
        log(f"removed {path}")
    write(known, json.dumps(sorted(files)), "root:root", "0644")


def write_hosts(block: str) -> None:
    """Replaces the cluster's part of /etc/hosts, in place: a container's is mounted."""
    first, last = "# pgha begin", "# pgha end"
    path = Path("/etc/hosts")
    text = path.read_text()
    kept = text.split(first)[0] + text.split(last)[-1].lstrip("\n") if first in text else text
    wanted = f"{kept.rstrip()}\n{first}\n{block.rstrip()}\n{last}\n"
    if wanted != text:
        path.write_text(wanted)
        log("wrote /etc/hosts")


def digest(paths: list[str]) -> str:
    sums = hashlib.sha256()
    for path in sorted(paths):
        sums.update(f"{path}\n".encode() + (Path(path).read_bytes() if Path(path).exists() else b"") + b"\0")
    return sums.hexdigest()


def is_active(unit: str) -> bool:
    return run("systemctl", "is-active", "--quiet", unit).returncode == 0


def is_healthy(service: dict[str, Any]) -> bool:
    return is_active(service["unit"]) and ("health" not in service or run(service["health"]).returncode == 0)


def journal(unit: str) -> str:
    return run("journalctl", "--unit", unit, "--lines", "20", "--no-pager", "--output", "cat").stdout.strip()


def settle(service: dict[str, Any], was_healthy: bool) -> None:
    """One that was well has to be so again; one that is new may have to wait for other machines, and has to run only."""
    unit = service["unit"]
    deadline = time.monotonic() + (HEALTH_SECONDS if was_healthy else START_SECONDS)
    while was_healthy and not is_healthy(service):
        if time.monotonic() > deadline:
            raise Failed(f"{unit} did not become healthy within {HEALTH_SECONDS} s:\n{journal(unit)}")
        time.sleep(1)
    while not was_healthy and time.monotonic() < deadline:
        time.sleep(1)
        if is_active(unit) and "health" not in service:
            return
    if not is_active(unit):
        raise Failed(f"{unit} does not keep running:\n{journal(unit)}")


def is_expected(service: dict[str, Any]) -> bool:
    """A new member of etcd or Postgres may have to wait for machines that are not there yet; one with data has to be well, as has any service without."""
    return "health" in service and ("formed" not in service or Path(service["formed"]).exists())


def judge(services: list[dict[str, Any]]) -> None:
    """Also where nothing was done: what an earlier run has left unwell stops this one, too."""
    deadline = time.monotonic() + HEALTH_SECONDS
    while unwell := [service["unit"] for service in services if not is_healthy(service)]:
        if time.monotonic() > deadline:
            raise Failed("\n".join(f"{unit} is not healthy:\n{journal(unit)}" for unit in unwell))
        time.sleep(1)


def act(service: dict[str, Any], applied: dict[str, Any], successors: list[str]) -> None:
    unit, last = service["unit"], applied.get(service["unit"], {})
    wanted = {"restart": digest(service["restart"]), "reload": digest(service.get("reload", []))}
    verb = ("start" if not is_active(unit) else "restart" if last.get("restart") != wanted["restart"]
            else "reload" if last.get("reload") != wanted["reload"] else None)
    if verb is None:
        return
    was_healthy = is_healthy(service)
    if verb == "restart" and service.get("leads") and was_healthy:
        leadership.wait_for_others()
        leadership.leave(successors)
    must("systemctl", "enable", "--quiet", unit)
    must("systemctl", verb, unit)
    settle(service, was_healthy)
    log(f"{verb} {unit}")
    applied[unit] = wanted


def prepare_host(units: list[dict[str, Any]], applied: dict[str, Any]) -> None:
    """What a container may refuse, and no service fails for: kernel settings, the clock."""
    for service in units:
        unit, wanted = service["unit"], digest(service["restart"])
        if applied.get(unit) == wanted:
            continue
        done = run("systemctl", "restart", unit)
        if done.returncode:
            log(f"warning: {unit}: {done.stderr.strip()}")
        else:
            applied[unit] = wanted


def main(bundle_path: str) -> None:
    text = Path(bundle_path).read_text()
    bundle = json.loads(text)
    STATE.mkdir(parents=True, exist_ok=True)
    known = STATE / "applied.json"
    applied: dict[str, Any] = json.loads(known.read_text()) if known.exists() else {}
    try:
        write_files(bundle["files"])
        write_hosts(bundle["hosts"])
        # The units that read secrets at a reboot find in it what to read
        write(STATE / "bundle.json", text, "root:root", "0644")
        must("systemctl", "daemon-reload")
        prepare_host(bundle["host"], applied)
        for unit in bundle["before"]:
            must("systemctl", "enable", "--quiet", unit)
        secret_files.fetch(bundle["secrets"])
        for unit in bundle["before"]:
            must("systemctl", "start", unit)
        # Volumes that have grown, before anything counts on it
        must("/usr/local/lib/pgha/disks")
        expected = [service for service in bundle["services"] if is_expected(service)]
        for service in bundle["services"]:
            act(service, applied, bundle["successors"])
        judge(expected)
    finally:
        write(known, json.dumps(applied, indent=2), "root:root", "0644")
    log("this machine is as its bundle says")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (Failed, leadership.Refused, secret_files.Missing) as error:
        sys.exit(f"apply: {error}")
