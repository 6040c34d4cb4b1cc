"""One S3 object, read so that it gives exactly the listed bytes or raises; not the listing.

Every request is pinned to the listed ETag, every answer compared with the listed size; after a passing fault reading
goes on from the exact offset. Bodies are never decompressed, whatever their Content-Encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from aiobotocore.response import AioStreamingBody

from verifier.backends.retry import Tries
from verifier.backends.s3_client import Answer, Connection
from verifier.errors import ChangedError, NetworkError, NotFoundError, SourceError
from verifier.model import Checksum, StoredFile

PIECE_BYTES = 1 << 20
_PIECE_SECONDS = 120.0
_MD5 = re.compile(r"[0-9a-f]{32}")
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Shelf(Protocol):
    """What a source needs of its backend: the connection, the bucket, a second look, and what an ETag means."""

    connection: Connection
    bucket: str
    etag_is_md5: bool

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now."""


class S3Source:
    """A listed object; requests are sent when it is read."""

    is_local = False

    def __init__(self, shelf: Shelf, key: str, file: StoredFile, where: str) -> None:
        self._shelf = shelf
        self._key = key
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
        """Return the MD5 that the ETag is, once the object was read; None where an ETag may be anything else."""
        return self._checksum

    def close(self) -> None:
        """Do nothing: each request gives its connection back."""

    def _is_still_empty(self, tries: Tries) -> bool:
        try:
            body = self._get(0, 0, tries.seconds_left)[0]
            self._release(body)
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
        body, skip = self._get(start, end, seconds)
        connection = self._shelf.connection
        try:
            while start < end:
                count = min(PIECE_BYTES, skip or end - start)
                chunks, fault = _arrived(connection, body, count, self._where)
                piece = b"".join(chunks)
                if skip:
                    skip -= len(piece)
                elif piece:
                    start += len(piece)
                    yield piece
                if fault or len(piece) < count:
                    raise fault or NetworkError(f"{self._where}: the answer ended early, at byte {start} of {end}")
        finally:
            self._release(body)

    def _get(self, start: int, end: int, seconds: float) -> tuple[AioStreamingBody, int]:
        """Send one request; return the body and how many of its bytes come before `start`."""
        arguments = {"Bucket": self._shelf.bucket, "Key": self._key}
        if (start, end) != (0, self.size):
            arguments["Range"] = f"bytes={start}-{end - 1}"
        if self._file.etag:
            arguments["IfMatch"] = f'"{self._file.etag}"'
        connection = self._shelf.connection
        try:
            answer = connection.call("get_object", self._where, seconds, **arguments)
        except NotFoundError as error:
            raise self._changed("it is gone") from error
        body: AioStreamingBody = answer["Body"]
        try:
            self._check_identity(answer)
            skip = self._check_extent(answer, start, end)
        except SourceError:
            self._release(body)
            raise
        self._checksum = _md5_of(answer) if self._shelf.etag_is_md5 else None
        return body, skip

    def _check_identity(self, answer: Answer) -> None:
        etag, time = _etag(answer), answer.get("LastModified")
        if self._file.etag and etag:
            if etag != self._file.etag:
                raise self._changed("its ETag is not the listed one")
        elif (
            time
            and self._file.modified_at
            and time.replace(microsecond=0) != self._file.modified_at.replace(microsecond=0)
        ):
            raise self._changed("its modification time is not the listed one")

    def _check_extent(self, answer: Answer, start: int, end: int) -> int:
        """Return how many bytes of the body come before `start`: none, or all of them where ranges are not known."""
        promised, length, skip = answer.get("ContentRange"), answer.get("ContentLength"), start
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

    def _release(self, body: AioStreamingBody) -> None:
        """Give the connection back: to be used again when the body was read to its end, else to be closed."""

        async def close() -> None:
            body.close()

        self._shelf.connection.run(close, self._where, _PIECE_SECONDS)

    def _changed(self, how: str) -> ChangedError:
        return ChangedError(f"{self._where}: the object changed after it was listed: {how}")


def _arrived(
    connection: Connection, body: AioStreamingBody, count: int, where: str
) -> tuple[list[bytes], NetworkError | None]:
    """Return what arrives of the next `count` bytes, fewer at the end of the body, and the fault that cut it short."""
    chunks: list[bytes] = []

    async def fill() -> None:
        left = count
        while left and (chunk := await body.read(left)):
            chunks.append(chunk)
            left -= len(chunk)

    try:
        connection.run(fill, where, _PIECE_SECONDS)
    except NetworkError as fault:
        return chunks, fault
    return chunks, None


def _etag(answer: Answer) -> str:
    return str(answer.get("ETag") or "").removeprefix("W/").strip('"')


def _md5_of(answer: Answer) -> Checksum | None:
    """Return the ETag as MD5, unless it is of a multipart upload or encrypted with keys of KMS or the customer's."""
    etag = _etag(answer)
    is_other = str(answer.get("ServerSideEncryption", "")).startswith("aws:kms") or answer.get("SSECustomerAlgorithm")
    return Checksum("md5", etag) if _MD5.fullmatch(etag) and not is_other else None
