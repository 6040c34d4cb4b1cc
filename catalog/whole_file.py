"""Writes one text file so that no reader ever sees half of it; knows nothing of what is in it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from verifier.errors import UsageError


def write_report(path: Path, text: str) -> None:
    """Write a report in UTF-8: under another name in the same folder first, then by its own.

    What is there and no ordinary file, such as a pipe or /dev/stdout, is written to as it is. Raises `UsageError` where
    it cannot be written; then what was there before still is.
    """
    write_whole(path, text.encode("utf-8", "backslashreplace"), mode=None)


def write_whole(path: Path, content: bytes, *, mode: int | None) -> None:
    """Write bytes as `write_report` does, with permissions; None for those that the process gives to new files."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(path.resolve(), content, _usual_mode() if mode is None else mode)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(
            f"{path}: cannot be written: {reason}", hint="name a file in a folder that is there"
        ) from error


def _replace(path: Path, content: bytes, mode: int) -> None:
    number, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _usual_mode() -> int:
    """Return what open() would give; it can only be asked by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
