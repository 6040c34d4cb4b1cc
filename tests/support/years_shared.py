"""A catalog of years, made once for all workers of one test run; not what is in it."""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .years import Years, build_years
from .years_plan import Plan

SMALL = {"datasets": 20, "days": 90}


def shared_years(temporary: pytest.TempPathFactory, name: str, **sizes: int) -> Years:
    """Return a catalog of years that nobody may write to: made by the first worker that asks, found by the others.

    Below the folder that TEST_YEARS names, if any, it stays for later runs; its end is then as old as it is.
    """
    base = temporary.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    shared = Path(os.environ.get("TEST_YEARS", shared))
    folder, note = shared / name, shared / f"{name}.pickle"
    with _held(shared / f"{name}.lock"):
        if not note.exists():
            now = datetime.now(UTC).replace(second=0, microsecond=0)
            years = build_years(folder, Plan(now=now, **sizes))
            note.write_bytes(pickle.dumps(years))
        made: Years = pickle.loads(note.read_bytes())
    return made


def copied(years: Years, folder: Path) -> Years:
    """Return a copy of its own for a test that writes."""
    shutil.copytree(years.folder, folder)
    return Years(folder=folder, now=years.now, datasets=years.datasets)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
