"""New files in a local folder, each under its name only once it is whole and on the disk; not the reading of any.

A file is written as `.NAME.landproof-part` beside its place, flushed, and linked to its name, which never takes the
place of anything. A part that a kill left behind is a marker to every scan, and the next write of that file removes it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from verifier.backends.base import Location
from verifier.backends.os_errors import translate_os_error
from verifier.backends.urls import join, local_path
from verifier.errors import DeniedError, ExistsError, NetworkError, SourceError

PART_SUFFIX = ".landproof-part"
_LONGEST_NAME = 255
_TRIES = 10
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
_HINT = "check who may write into the folder, with: ls -ld"


class LocalWriter:
    """A folder of this machine that takes new files, with the folders they need."""

    def __init__(self, location: Location) -> None:
        self._url = location.url
        self._root = Path(local_path(location.url))

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new file of `size` bytes, whole or not at all.

        Raises `ExistsError` when something is there already, `NetworkError` when the whole write may be tried again.
        """
        url = join(self._url, path)
        if path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise SourceError(f"{url}: the path leaves the zone")
        target = self._root / path
        with _translated(url):
            if os.path.lexists(target):
                raise _exists(url)
            _make_folders(target.parent)
            with _part_of(target, url) as (part, descriptor):
                _fill(descriptor, pieces, size, url)
                os.fsync(descriptor)
                _give_name(part, target, url)
            _flush_folder(target.parent)

    def close(self) -> None:
        """Do nothing: a folder keeps nothing open."""


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = translate_os_error(error, f"{url}: writing")
        raise DeniedError(found.message, hint=_HINT) if isinstance(found, DeniedError) else found from error


def _exists(url: str) -> ExistsError:
    return ExistsError(f"{url}: something is there already")


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it; each is on the disk before anything is put into it."""
    if not folder.is_dir():
        _make_folders(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir()
        _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some filesystems flush no folders
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _part_of(target: Path, url: str) -> Iterator[tuple[Path, int]]:
    """Yield a fresh file, locked, that nobody else writes to; its name is gone at the end, whatever happened."""
    part = target.with_name(_part_name(target.name))
    descriptor = _open_part(part, url)
    try:
        yield part, descriptor
    finally:
        # Unlinked before the lock is given back, so that it cannot be somebody else's by then.
        with suppress(FileNotFoundError):
            part.unlink()
        os.close(descriptor)


def _part_name(name: str) -> str:
    wanted = f".{name}{PART_SUFFIX}"
    if len(os.fsencode(wanted)) <= _LONGEST_NAME:
        return wanted
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()}{PART_SUFFIX}"


def _open_part(part: Path, url: str) -> int:
    """Open a part that is new. One without a lock was left by a kill; one with a lock is being written by another."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        except FileExistsError:
            _remove_stale(part, url)
            continue
        if _lock(descriptor) and os.fstat(descriptor).st_nlink == 1:
            return descriptor
        os.close(descriptor)  # taken for a stale one before it was locked
    raise _busy(url)


def _remove_stale(part: Path, url: str) -> None:
    """Remove a part that nobody has locked; never emptied, since a kill may have left it linked to its name."""
    try:
        descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        if not _lock(descriptor):
            raise _busy(url)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), part.lstat()):
                part.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(url: str) -> SourceError:
    hint = "wait until the other copy has ended, then copy again"
    return SourceError(f"{url}: another program is writing this file now", hint=hint)


def _fill(descriptor: int, pieces: Iterable[bytes], size: int, url: str) -> None:
    written = 0
    for piece in pieces:
        left = memoryview(piece)
        while left:
            count = os.write(descriptor, left)
            left = left[count:]
        written += len(piece)
    if written != size:
        raise NetworkError(f"{url}: writing: expected {size} bytes, got {written}")


def _give_name(part: Path, target: Path, url: str) -> None:
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError as error:
        raise _exists(url) from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A filesystem without links: looked first, since renaming takes the place of what is there.
        if os.path.lexists(target):
            raise _exists(url) from error
        part.rename(target)
