"""One nightly run of a catalog at a time: the lock that says who holds it; not the lock on the catalog itself."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from catalog.schedule import format_moment
from verifier.errors import CatalogError


def night_lock_path(database: Path) -> Path:
    """Return where the lock file of the nightly runs of a catalog stands."""
    return database.with_name(database.name + ".nightly.lock")


@contextmanager
def only_night(database: Path, now: datetime) -> Iterator[None]:
    """Hold the lock until the block ends. Raises CatalogError at once where another run has it or it cannot be made."""
    path = night_lock_path(database)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        hint = "the folder of the catalog must be there, and writable for a nightly run"
        raise CatalogError(f"lock {path} cannot be made: {reason}", hint=hint) from error
    try:
        _take(descriptor, path)
        about = {"pid": os.getpid(), "host": socket.gethostname(), "started_at": format_moment(now)}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(about).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"another nightly run is at work: {_holder(descriptor)}; lock {path}"
        raise CatalogError(message, hint="wait for it; nightly.time_limit bounds how long one may take") from None


def _holder(descriptor: int) -> str:
    try:
        about = json.loads(os.pread(descriptor, 4096, 0))
        return f"PID {int(about['pid'])} on {str(about['host'])[:253]} since {str(about['started_at'])[:40]}"
    except (OSError, ValueError, KeyError, TypeError):
        return "who is not told"
