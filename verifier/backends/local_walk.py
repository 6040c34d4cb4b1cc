"""A strict walk over a local folder: every file or an error; not the reading of files.

Built on `os` rather than on fsspec's local file system, whose `ls` leaves out entries that vanish, calls a linked
folder a file and rounds times. A folder that changes while it is listed is listed again until it holds still.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from verifier.backends.os_errors import translate_os_error
from verifier.backends.urls import join, printable
from verifier.errors import NetworkError, SourceError
from verifier.model import StoredFile

_PASSES = 5
_LINKS_ON_A_PATH = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one name stands for once its links are followed; size 0 for all that is not a regular file."""

    name: str
    is_folder: bool
    is_link: bool
    size: int
    modified_at: datetime | None
    identity: Identity

    def order(self) -> str:
        """The key that sorts entries so that whole paths come out in order."""
        return f"{self.name}/" if self.is_folder else self.name


def look(path: str, name: str = "") -> Entry:
    """Return what is at a path; a broken link is an entry of size 0. Raises OSError as the system does."""
    own = os.lstat(path)
    is_link = stat.S_ISLNK(own.st_mode)
    found = own
    if is_link:
        try:
            found = Path(path).stat()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                raise
    return Entry(
        name=name,
        is_folder=stat.S_ISDIR(found.st_mode),
        is_link=is_link,
        size=found.st_size if stat.S_ISREG(found.st_mode) else 0,
        modified_at=modified_at(found),
        identity=(found.st_dev, found.st_ino),
    )


def modified_at(found: os.stat_result) -> datetime | None:
    """Return the modification time to the microsecond, aware and UTC; None where no calendar reaches."""
    try:
        return _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000)
    except OverflowError:
        return None


@dataclass(slots=True)
class _Folder:
    """A folder on the way down: what is still to be visited, and the names that need no second visit."""

    real: str
    path: str
    entry: Entry
    links: int = 0
    waiting: list[Entry] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    restless: bool = False
    passes: int = 0

    def child(self, entry: Entry) -> _Folder:
        path = f"{self.path}{printable(entry.name)}/"
        return _Folder(f"{self.real}/{entry.name}", path, entry, self.links + entry.is_link)

    def placeholder(self) -> StoredFile:
        return StoredFile(self.path, 0, self.entry.modified_at)

    def forget(self, child: Entry) -> None:
        self.seen.discard(child.name)
        self.restless = True


class Walk:
    """One walk below a root; counts the folders it listed in `requests`."""

    def __init__(self, url: str, root: str) -> None:
        self.requests = 0
        self._url = url
        self._root = root
        self._stack: list[_Folder] = []

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield every file below a folder of the root, in order of path; none where the prefix is not a folder.

        Raises `NotFoundError` for a root that is not there and `SourceError` of every kind for all that goes wrong.
        """
        self._begin(prefix)
        while self._stack:
            folder = self._stack[-1]
            if folder.waiting:
                entry = folder.waiting.pop()
                if entry.is_folder:
                    yield from self._enter(folder, entry)
                else:
                    yield StoredFile(folder.path + printable(entry.name), entry.size, entry.modified_at)
            elif folder.restless:
                self._list_again(folder)
            else:
                self._stack.pop()
                if not folder.seen and folder.path != prefix:
                    yield folder.placeholder()

    def _begin(self, prefix: str) -> None:
        try:
            root = look(f"{self._root}/.")
        except NotADirectoryError as error:
            raise SourceError(
                f"{self._url}: expected a folder, got a file", hint="give the folder that holds the file"
            ) from error
        except OSError as error:
            raise translate_os_error(error, self._url) from error
        start = _Folder(self._root, "", root)
        if prefix:
            try:
                entry = look(f"{self._root}/{prefix}")
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise self._error(error, prefix) from error
            if not entry.is_folder:
                return
            start = _Folder(f"{self._root}/{prefix.rstrip('/')}", prefix, entry)
        if self._list(start):
            self._stack = [start]

    def _enter(self, parent: _Folder, entry: Entry) -> Iterator[StoredFile]:
        child = parent.child(entry)
        if entry.is_link and any(entry.identity == above.entry.identity for above in self._stack):
            yield child.placeholder()  # a loop: all that is in it is listed already
        elif child.links > _LINKS_ON_A_PATH:
            raise SourceError(f"{join(self._url, child.path)}: more than {_LINKS_ON_A_PATH} linked folders on one path")
        elif self._list(child):
            self._stack.append(child)
        else:
            parent.forget(entry)

    def _list_again(self, folder: _Folder) -> None:
        if folder.passes == _PASSES:
            raise NetworkError(f"{join(self._url, folder.path)}: the folder changes faster than it can be listed")
        if not self._list(folder):
            self._stack.pop()
            if self._stack:
                self._stack[-1].forget(folder.entry)

    def _list(self, folder: _Folder) -> bool:
        """Queue the entries of a folder that were not seen yet; False when the folder is gone."""
        self.requests += 1
        folder.passes += 1
        folder.restless = False
        try:
            with os.scandir(folder.real) as found:
                names = [entry.name for entry in found]
        except FileNotFoundError as error:
            if not folder.path:
                raise translate_os_error(error, self._url) from error
            return False
        except OSError as error:
            raise self._error(error, folder.path) from error
        fresh = [entry for name in names if name not in folder.seen and (entry := self._look(folder, name))]
        folder.seen.update(entry.name for entry in fresh)
        folder.waiting = sorted(fresh, key=Entry.order, reverse=True)
        return True

    def _look(self, folder: _Folder, name: str) -> Entry | None:
        try:
            return look(f"{folder.real}/{name}", name)
        except FileNotFoundError:
            folder.restless = True  # gone or renamed since its folder was read: harmless when we look again
            return None
        except OSError as error:
            raise self._error(error, folder.path + name) from error

    def _error(self, error: OSError, path: str) -> SourceError:
        return translate_os_error(error, join(self._url, printable(path)))
