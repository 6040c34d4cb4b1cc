"""A folder for what may hold personal data for a while: private, and gone in the end; not what is put into it.

One that a kill left behind is removed by the next. Whose owner lives is told by a lock, since a process id may be
given to another.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from verifier.errors import LandproofError, UsageError

PREFIX = "landproof-scratch-"
_LOCK = ".lock"
_UNFIT = set("*?[\\")
"""What DuckDB takes for a pattern of names, or for the end of a folder's."""


@contextmanager
def scratch_folder(parent: Path, needed_bytes: int) -> Iterator[Path]:
    """Yield a new folder, and remove it with all that is in it.

    Raises `UsageError` where there can be none, `LandproofError` where fewer bytes than are needed are free.
    """
    if not parent.is_dir():
        raise UsageError(f"--scratch: expected a folder, got {str(parent)!r}")
    if set(str(parent)) & _UNFIT:
        raise UsageError(f"--scratch: expected a folder without any of * ? [ \\ in its path, got {str(parent)!r}")
    _remove_left_behind(parent)
    _refuse_without_room(parent, needed_bytes)
    with TemporaryDirectory(prefix=PREFIX, dir=parent) as name:
        folder = Path(name)
        with (folder / f"{_LOCK}.new").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / f"{_LOCK}.new").rename(folder / _LOCK)  # nobody sees it unlocked
            yield folder


def _remove_left_behind(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            is_ours = stat.S_ISDIR(folder.lstat().st_mode) and folder.lstat().st_uid == os.geteuid()
            if not is_ours:
                continue
            with (folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        except OSError:
            continue  # in use, being made, or being removed by another


def _refuse_without_room(parent: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(parent).free
    if free < needed_bytes:
        raise LandproofError(
            f"scratch folder {parent}: too little room for the largest snapshot and the tables made of it:"
            f" expected {needed_bytes} bytes free, got {free}",
            hint="name a folder on a larger disk with --scratch DIR",
        )
