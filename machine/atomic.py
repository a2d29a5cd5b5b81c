"""Files that are never half written, and never readable by others meanwhile."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path


def write(path: Path, content: str, owner: str, mode: str) -> bool:
    """False where the file has this content already. `owner` as in "root:pgha", `mode` in octal."""
    user, group = owner.split(":")
    ids, bits = (pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid), int(mode, 8)
    if path.exists() and path.read_text() == content:
        os.chown(path, *ids)
        path.chmod(bits)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    os.chown(new, *ids)
    new.chmod(bits)
    new.rename(path)
    return True
