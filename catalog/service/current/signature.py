"""Tells states of a catalog's file apart without looking into it."""

from __future__ import annotations

from pathlib import Path

Signature = tuple[tuple[int, int, int, int] | None, ...]


def signature_of(path: Path) -> Signature:
    """Return what tells a state of a catalog's file and its log from another."""
    return tuple(_marks(Path(f"{path}{end}")) for end in ("", ".wal"))


def _marks(path: Path) -> tuple[int, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
