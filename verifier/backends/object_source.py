"""An object of an object store, read so that it gives exactly the listed bytes or raises; not the store's requests.

Every answer is compared with the listed identity and size; after a passing fault reading goes on from the exact offset.
Stores hand out the bytes as they are stored, never decompressed, whatever their Content-Encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from verifier.backends.pace import before_bytes, before_request
from verifier.backends.retry import Tries
from verifier.errors import ChangedError, NetworkError, NotFoundError, SourceError
from verifier.model import Checksum, StoredFile

PIECE_BYTES = 1 << 20
PIECE_SECONDS = 120.0
"""How long one piece of a body may take to arrive."""

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Body(Protocol):
    """The open body of one answer."""

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short."""

    def close(self) -> None:
        """Give the connection back: to be used again when the body was read to its end, else to be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a store sends for a range of an object: the facts in its headers, and its body.

    `content_range` and `length` are as the headers say, None where they do not; `etag` is without quotes. `checksum` is
    the store's own of the whole object, where it can be trusted to be that.
    """

    body: Body
    content_range: str | None
    length: int | None
    etag: str | None = None
    modified_at: datetime | None = None
    checksum: Checksum | None = None


class Shelf(Protocol):
    """What a source needs of its backend."""

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for the bytes from `start` up to `end`, pinned to the listed identity where the store can.

        The whole object (an empty one, too) is asked for without a range. Raises `SourceError`.
        """

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now."""


class ObjectSource:
    """A listed object; requests are sent when it is read. `where` names it in messages."""

    is_local = False

    def __init__(self, shelf: Shelf, file: StoredFile, where: str) -> None:
        self._shelf = shelf
        self._file = file
        self._where = where
        self._checksum: Checksum | None = None

    @property
    def path(self) -> str:
        """Path relative to the zone's root."""
        return self._file.path

    @property
    def size(self) -> int:
        """Size in bytes, as listed."""
        return self._file.size

    def read_range(self, start: int, end: int) -> bytes:
        """Return exactly the bytes from `start` up to `end`; nothing is sent for an empty range."""
        pieces = list(self._pieces(start, end))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes once, in order, by one request unless a passing fault interrupts it."""
        if self.size:
            yield from self._pieces(0, self.size)
        else:
            tries = Tries()
            while not self._is_still_empty(tries):
                pass

    def provider_checksum(self) -> Checksum | None:
        """Return the store's checksum of the whole object, known with its first bytes; None where it gives none."""
        return self._checksum

    def close(self) -> None:
        """Do nothing: each request gives its connection back."""

    def _is_still_empty(self, tries: Tries) -> bool:
        try:
            self._get(0, 0, tries.seconds_left)[0].close()
        except NetworkError as fault:
            tries.wait(fault)
            return False
        return True

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        tries = Tries()
        while start < end:
            try:
                for piece in self._fetch(start, end, tries.seconds_left):
                    start += len(piece)
                    yield piece
                    if len(piece) == PIECE_BYTES:  # after the yield: the time a reader takes is not the store's
                        tries = Tries()
            except NetworkError as fault:
                self._wait(tries, fault)

    def _wait(self, tries: Tries, fault: NetworkError) -> None:
        try:
            tries.wait(fault)
        except NetworkError:
            self._look_again()
            raise

    def _look_again(self) -> None:
        """Raise `ChangedError` when the object is not the listed one any more; say nothing when that cannot be seen."""
        try:
            found = self._shelf.stat(self._file.path)
        except SourceError:
            return
        if found is None or (found.size, found.etag) != (self._file.size, self._file.etag):
            raise self._changed("it is another one, or gone")

    def _fetch(self, start: int, end: int, seconds: float) -> Iterator[bytes]:
        """Yield the pieces of one request; all that arrived before a fault is yielded before it is raised."""
        granted = min(PIECE_BYTES, end - start)
        before_bytes(granted)  # before the request, so that no connection waits
        body, skip = self._get(start, end, seconds)
        try:
            while start < end:
                count = min(PIECE_BYTES, skip or end - start)
                before_bytes(count - granted)
                granted = 0
                piece, fault = body.read(count)
                if skip:
                    skip -= len(piece)
                elif piece:
                    start += len(piece)
                    yield piece
                if fault or len(piece) < count:
                    raise fault or NetworkError(f"{self._where}: the answer ended early, at byte {start} of {end}")
        finally:
            body.close()

    def _get(self, start: int, end: int, seconds: float) -> tuple[Body, int]:
        """Send one request; return the body and how many of its bytes come before `start`."""
        before_request()
        try:
            answer = self._shelf.get(self._file, start, end, seconds)
        except NotFoundError as error:
            raise self._changed("it is gone") from error
        try:
            self._check_identity(answer)
            skip = self._check_extent(answer, start, end)
        except SourceError:
            answer.body.close()
            raise
        self._checksum = answer.checksum
        return answer.body, skip

    def _check_identity(self, answer: Answer) -> None:
        listed = self._file
        if listed.etag and answer.etag:
            if answer.etag != listed.etag:
                raise self._changed("its ETag is not the listed one")
        elif (
            answer.modified_at
            and listed.modified_at
            and answer.modified_at.replace(microsecond=0) != listed.modified_at.replace(microsecond=0)
        ):
            raise self._changed("its modification time is not the listed one")

    def _check_extent(self, answer: Answer, start: int, end: int) -> int:
        """Return how many bytes of the body come before `start`: none, or all of them where ranges are not known."""
        promised, length, skip = answer.content_range, answer.length, start
        if promised is not None:
            match = _CONTENT_RANGE.fullmatch(promised)
            if not match or int(match[1]) != start:
                raise NetworkError(f"{self._where}: expected bytes {start} to {end - 1}, got another range")
            if match[3] not in ("*", str(self.size)):
                raise self._changed(f"expected {self.size} bytes, got {match[3]}")
            skip = 0
        expected = end - start if promised is not None else self.size
        if length is not None and length != expected:
            raise NetworkError(f"{self._where}: expected {expected} bytes, got an answer of {length}")
        return skip

    def _changed(self, how: str) -> ChangedError:
        return ChangedError(f"{self._where}: the object changed after it was listed: {how}")
