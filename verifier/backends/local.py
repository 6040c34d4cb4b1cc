"""The local file system as a store: looked-up files and checked reads; not the walk, which is `local_walk`.

Symlinks are followed, unless one leads back to a folder it is in: such a loop is listed as a placeholder. Broken links,
pipes, sockets and devices are listed with size 0 and cannot be read. A name that is not valid UTF-8 is listed with
`\\xNN` for each such byte and cannot be read under that name.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from verifier.backends.base import Access, Backend, Capabilities, Contact, Location, Writer
from verifier.backends.local_walk import Walk, look, modified_at
from verifier.backends.local_writer import LocalWriter
from verifier.backends.os_errors import translate_os_error
from verifier.backends.pace import before_bytes
from verifier.backends.urls import join, local_path
from verifier.errors import ChangedError, NetworkError, NotFoundError, SourceError, UsageError
from verifier.model import Checksum, StoredFile

PAGE_FILES = 1000
PIECE_BYTES = 1 << 20
_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")


def open_backend(location: Location) -> Backend:
    """Open a local folder as a store. Raises `UsageError` for options, of which it has none."""
    _refuse_options(location)
    return LocalBackend(location)


def open_writer(location: Location) -> Writer:
    """Open a local folder for new files; it need not be there yet. Raises `UsageError` for options."""
    _refuse_options(location)
    return LocalWriter(location)


def _refuse_options(location: Location) -> None:
    if location.options:
        raise UsageError(f"a local folder takes no options, got: {', '.join(sorted(location.options))}")


class LocalBackend:
    """A folder of this machine, with all that is below it."""

    capabilities = Capabilities(is_local=True, has_times=True, has_etags=False, is_flat=False, counts_requests=False)

    def __init__(self, location: Location) -> None:
        self.location = location
        self._root = local_path(location.url)
        self._requests = 0

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all files below a folder, in order of path; none where the prefix is not a folder."""
        if _climbs(prefix):
            return
        walk = Walk(self.location.url, self._root)
        page: list[StoredFile] = []
        try:
            for file in walk.files(f"{prefix.strip('/')}/" if prefix.strip("/") else ""):
                page.append(file)
                if len(page) == PAGE_FILES:
                    yield page
                    page = []
            if page:
                yield page
        finally:
            self._requests += walk.requests

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now, or None when it is not there or is a folder."""
        self._requests += 1
        try:
            entry = None if _climbs(path) else look(f"{self._root}/{path}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise translate_os_error(error, join(self.location.url, path)) from error
        return None if entry is None or entry.is_folder else StoredFile(path, entry.size, entry.modified_at)

    def open(self, file: StoredFile) -> LocalSource:
        """Open a listed file; raises at once when it cannot be read or is another than was listed."""
        self._requests += 1
        url = join(self.location.url, file.path)
        if _climbs(file.path):
            raise SourceError(f"{url}: the path leaves the zone")
        source = LocalSource(file, url, _open_regular(f"{self._root}/{file.path}", url))
        try:
            source.check_unchanged()
        except SourceError:
            source.close()
            raise
        return source

    def now(self) -> datetime:
        """Return this machine's clock."""
        return datetime.now(UTC)

    def access(self) -> Access:
        """Tell whether this user may write into the folder."""
        return Access(beyond_reading=("write", "delete") if os.access(self._root, os.W_OK) else ())

    def contact(self) -> Contact:
        """Return nothing: no server is asked."""
        return Contact()

    @property
    def requests(self) -> int:
        """Folders listed, files looked up and files opened so far."""
        return self._requests

    def close(self) -> None:
        """Do nothing: a folder keeps nothing open."""


class LocalSource:
    """One regular file, open; every read is compared with what was listed."""

    is_local = True

    def __init__(self, file: StoredFile, url: str, descriptor: int) -> None:
        self._file = file
        self._url = url
        self._descriptor = descriptor

    @property
    def path(self) -> str:
        """Path relative to the zone's root."""
        return self._file.path

    @property
    def size(self) -> int:
        """Size in bytes, as listed."""
        return self._file.size

    def read_range(self, start: int, end: int) -> bytes:
        """Return exactly the bytes from `start` up to `end`; raises `ChangedError` when the file is another now."""
        pieces = []
        while start < end:
            piece = self._read(start, end - start)
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes once, in order; raises `ChangedError` when the file changed meanwhile."""
        at = 0
        while at < self.size:
            piece = self._read(at, min(PIECE_BYTES, self.size - at))
            at += len(piece)
            yield piece
        self.check_unchanged()

    def check_unchanged(self) -> None:
        """Raise `ChangedError` unless size and time are as listed."""
        try:
            found = os.fstat(self._descriptor)
        except OSError as error:
            raise translate_os_error(error, self._url) from error
        if found.st_size != self.size:
            raise ChangedError(f"{self._url}: the file changed: expected {self.size} bytes, got {found.st_size}")
        if self._file.modified_at not in (None, modified_at(found)):
            raise ChangedError(f"{self._url}: the file changed: its modification time is not the listed one")

    def provider_checksum(self) -> Checksum | None:
        """Return None: a file system keeps no checksum of a whole file."""
        return None

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _read(self, start: int, count: int) -> bytes:
        before_bytes(count)
        try:
            piece = os.pread(self._descriptor, count, start)
        except OSError as error:
            raise translate_os_error(error, self._url) from error
        if not piece:
            self.check_unchanged()
            raise NetworkError(f"{self._url}: the file ended early: expected {self.size} bytes, got {start}")
        return piece


def _climbs(path: str) -> bool:
    return path.startswith("/") or "\0" in path or ".." in path.split("/")


def _open_regular(path: str, url: str) -> int:
    """Open a regular file without ever waiting for a pipe's other end or touching a device."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise SourceError(f"{url}: expected a regular file, got another kind of entry")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _missing(path, url) from error
    except OSError as error:
        raise translate_os_error(error, url) from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise ChangedError(f"{url}: the file became another kind of entry after it was listed")


def _missing(path: str, url: str) -> SourceError:
    if Path(path).is_symlink():
        return NotFoundError(f"{url}: the link leads to nothing")
    if _ESCAPED.search(path):
        return SourceError(f"{url}: the file's name is not valid UTF-8, so that it cannot be read by name")
    return ChangedError(f"{url}: the file was listed, but is gone now")
