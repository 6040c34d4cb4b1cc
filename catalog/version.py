"""The version of this program, as installed; loaded on its own, since what finds it takes longer than saying it."""

from __future__ import annotations

from importlib.metadata import version


def version_line() -> str:
    """Return what `--version` prints."""
    return f"landproof {version('landproof')}\n"
