"""Any store that fsspec has a driver for and we have none: strict listing and checked reads; not the drivers.

Only `ls`, `info` and `cat_file` are asked for: fsspec's `find` and `walk` leave out folders that fail. How much a store
hides from its driver, or a driver from us, cannot be known; what it shows is checked. Options go to the driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from verifier.backends.base import Access, Backend, Capabilities, Contact, Location
from verifier.backends.fsspec_driver import Driver
from verifier.backends.fsspec_entries import Entry, entries_of, entry_of
from verifier.backends.object_source import PIECE_BYTES, Answer, ObjectSource
from verifier.backends.retry import retried
from verifier.backends.urls import join, shown
from verifier.errors import ChangedError, NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile

PAGE_FILES = 1000
CHUNK_BYTES = 8 * PIECE_BYTES
"""How much of a file is asked for at once, since a driver may dial anew for each request."""

_DEEPEST = 256


def open_backend(location: Location) -> Backend:
    """Open a store by fsspec's driver; nothing is sent yet.

    Raises `UsageError` where there is no such driver, or it takes other options.
    """
    return FsspecBackend(location)


class FsspecBackend:
    """A folder at a store, with all that is below it."""

    def __init__(self, location: Location) -> None:
        self.location = location
        has_times = location.url.startswith("ftp://")  # others may show some, which is no promise
        self.capabilities = Capabilities(
            is_local=False, has_times=has_times, has_etags=False, is_flat=False, counts_requests=False
        )
        self._driver = Driver(location)

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all files below a folder, in no order; none where the prefix is not a folder."""
        start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        if _climbs(prefix):
            return
        if start:
            found = self._look(start[:-1])
            if found is None or not found.is_folder:
                self._entries("", is_start=True)  # where the root is not there, nothing can be said of its folders
                return
        page: list[StoredFile] = []
        for file in self._files(start):
            page.append(file)
            if len(page) >= PAGE_FILES:
                yield page
                page = []
        if page:
            yield page

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now, or None when it is not there or is a folder."""
        found = None if _climbs(path) else self._look(path)
        return None if found is None or found.is_folder else found.file(path)

    def open(self, file: StoredFile) -> ObjectSource:
        """Return a source for a listed file; nothing is sent before it is read."""
        where = f"{self.location.url}: reading {shown(file.path)}"
        if _climbs(file.path):
            raise SourceError(f"{where}: the path leaves the zone")
        return ObjectSource(_Shelf(self, where), file, where)

    def now(self) -> None:
        """Return nothing: a driver shows no clock."""

    def access(self) -> Access:
        """Return nothing that is known: what the credentials are worth is not a question to a driver."""
        return Access()

    def contact(self) -> Contact:
        """Return server and user, as far as the driver's options name them."""
        return self._driver.contact()

    @property
    def requests(self) -> int:
        """Calls of the driver so far, retries included; each may be several requests of its own."""
        return self._driver.requests

    def close(self) -> None:
        """Let the driver go."""
        self._driver.close()

    def fetch(self, path: str, start: int, end: int, where: str) -> bytes:
        """Ask the driver once for a range of a file."""
        at = self._driver.at(path)
        got = self._driver.call(where, lambda driver: driver.cat_file(at, start, end))
        if not isinstance(got, bytes) or len(got) > end - start:
            raise SourceError(f"{where}: expected {end - start} bytes, got what is no such range")
        return got

    def _files(self, start: str) -> Iterator[StoredFile]:
        waiting: list[tuple[str, Entry | None]] = [(start, None)]
        while waiting:
            folder, known = waiting.pop()
            entries = self._entries(folder, is_start=known is None)
            for name, entry in entries.items():
                if entry.is_folder:
                    waiting.append((f"{folder}{name}/", entry))
                else:
                    yield entry.file(folder + name)
            if known and not entries:
                yield StoredFile(folder, 0, known.modified_at)

    def _entries(self, folder: str, *, is_start: bool) -> Mapping[str, Entry]:
        """List one folder, whose path ends in a slash."""
        path = folder.removesuffix("/")
        where, at = f"{join(self.location.url, shown(path))}: listing", self._driver.at(path)
        if folder.count("/") > _DEEPEST:
            raise SourceError(f"{where}: more than {_DEEPEST} folders inside each other")

        def attempt(_: float) -> object:
            return self._driver.call(where, lambda driver: driver.ls(at, detail=True))

        try:
            listed = retried(attempt)
        except NotFoundError as error:
            if is_start:
                raise
            raise NetworkError(f"{where}: the folder is gone since it was listed") from error
        found = entries_of(listed, at, where)
        if is_start and not found and at.strip("/") and self._look(path) is None:
            raise NotFoundError(f"{where}: no such file or folder")
        return found

    def _look(self, path: str) -> Entry | None:
        where, at = f"{self.location.url}: looking up {shown(path)}", self._driver.at(path)
        try:
            facts = retried(lambda _: self._driver.call(where, lambda driver: driver.info(at)))
        except NotFoundError:
            return None
        return entry_of(facts, where)


class _Shelf:
    """What one source asks of the store."""

    def __init__(self, backend: FsspecBackend, where: str) -> None:
        self._backend = backend
        self._where = where
        self.stat = backend.stat

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Return a body whose bytes are asked for as they are read; a driver has its own limits of time."""
        if not 0 < end - start <= PIECE_BYTES:
            self.check(file)
        promised = f"bytes {start}-{end - 1}/{file.size}" if end > start else None
        return Answer(body=_Body(self, file, start, end), content_range=promised, length=end - start)

    def fetch(self, file: StoredFile, start: int, end: int) -> bytes:
        """Ask once for a range."""
        try:
            return self._backend.fetch(file.path, start, end, self._where)
        except NotFoundError as error:
            raise ChangedError(f"{self._where}: the file was listed, but is gone now") from error

    def check(self, file: StoredFile) -> None:
        """Raise `ChangedError` unless size and time are the listed ones."""
        found = self.stat(file.path)
        if found is None:
            raise ChangedError(f"{self._where}: the file was listed, but is gone now")
        if (found.size, found.modified_at) != (file.size, file.modified_at):
            raise ChangedError(f"{self._where}: the file changed: size or time are not the listed ones")


class _Body:
    """The bytes of one range; the last ones come only once the file is seen to be unchanged."""

    def __init__(self, shelf: _Shelf, file: StoredFile, start: int, end: int) -> None:
        self._shelf, self._file = shelf, file
        self._next, self._end = start, end
        self._held = memoryview(b"")

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer where the store gave fewer."""
        if not self._held and count:
            chunk = self._shelf.fetch(self._file, self._next, min(self._next + CHUNK_BYTES, self._end))
            self._held = memoryview(chunk)
        piece, self._held = bytes(self._held[:count]), self._held[count:]
        self._next += len(piece)
        if self._next == self._end or len(piece) < count:
            self._shelf.check(self._file)
        return piece, None

    def close(self) -> None:
        """Do nothing: no request is under way."""


def _climbs(path: str) -> bool:
    return path.startswith("/") or "\0" in path or ".." in path.split("/")
