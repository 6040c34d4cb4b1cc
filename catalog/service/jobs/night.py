"""Whether a nightly run is at work beside the service; takes no lock, since trying one could make the run give up."""

from __future__ import annotations

import json
from pathlib import Path

from catalog.answers import Document
from catalog.nights.lock import night_lock_path


def night_at_work(database: Path, locks: Path = Path("/proc/locks")) -> Document | None:
    """Return what is told of the nightly run that has the lock: process, host, since when; None for none.

    Also where the system does not say which locks are held.
    """
    path = night_lock_path(database)
    try:
        inode = path.stat().st_ino
        held = any(_is_of(line, inode) for line in locks.read_text(encoding="ascii", errors="replace").splitlines())
        told = json.loads(path.read_text(encoding="utf-8")) if held else None
        return told and {"pid": int(told["pid"]), "host": str(told["host"]), "started_at": str(told["started_at"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_of(line: str, inode: int) -> bool:
    """Tell whether a line of the kernel's list is a held lock, of a whole file, on this one."""
    words = line.split()
    return "->" not in words and "FLOCK" in words and any(word.endswith(f":{inode}") for word in words)
