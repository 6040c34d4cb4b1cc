"""A store in memory that answers in pieces of any size and may lie about its checksums; not one of our backends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from verifier.backends.base import Capabilities, Location
from verifier.changes import is_same_version
from verifier.errors import ChangedError, NotFoundError
from verifier.model import Checksum, StoredFile


class Shelf:
    """A remote store that keeps MD5 sums; `lies` are paths whose sum is of other bytes."""

    location = Location(kind="shelf", url="shelf://x")
    capabilities = Capabilities(is_local=False, has_times=True, has_etags=True, checksums=("md5",))
    requests = 0

    def __init__(self, files: dict[str, bytes], *, piece: int = 1 << 20, lies: Sequence[str] = ()) -> None:
        self.files = files
        self.piece = piece
        self.lies = lies
        self.opened = 0
        self.closed = 0
        self.bytes_given = 0

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield one page of all files."""
        yield [f for path in self.files if path.startswith(prefix) and (f := self.stat(path))]

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now."""
        data = self.files.get(path)
        return None if data is None else StoredFile(path, len(data), None, hashlib.md5(data).hexdigest())

    def open(self, file: StoredFile) -> Item:
        """Open a file, unless it is another one than was listed."""
        now = self.stat(file.path)
        if now is None:
            raise NotFoundError(f"{file.path} is gone")
        if not is_same_version(file, replace(now, modified_at=file.modified_at)):
            raise ChangedError(f"{file.path} changed")
        self.opened += 1
        return Item(self, file)

    def now(self) -> datetime | None:
        """Return None: it shows no clock."""
        return None

    def close(self) -> None:
        """Do nothing."""


class Item:
    """One file of a shelf, open."""

    is_local = False

    def __init__(self, shelf: Shelf, file: StoredFile) -> None:
        self._shelf = shelf
        self.path = file.path
        self.size = file.size

    def read_range(self, start: int, end: int) -> bytes:
        """Return exactly these bytes."""
        self._shelf.bytes_given += end - start
        return self._shelf.files[self.path][start:end]

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes in the shelf's pieces."""
        for at in range(0, self.size, self._shelf.piece):
            yield self.read_range(at, min(at + self._shelf.piece, self.size))

    def provider_checksum(self) -> Checksum:
        """Return the MD5, or for a lie that of nothing."""
        data = b"" if self.path in self._shelf.lies else self._shelf.files[self.path]
        return Checksum("md5", hashlib.md5(data).hexdigest())

    def close(self) -> None:
        """Count that it was closed."""
        self._shelf.closed += 1
