"""New objects in a bucket, by one request or in parts, each there whole or not at all; not the reading of any.

That nothing is overwritten is asked of the store with each object (`If-None-Match: *`), and looked up before, since
some servers take no notice of the question.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from verifier.backends.retry import tried_again
from verifier.backends.s3_client import Answer, Connection
from verifier.backends.s3_errors import code_of
from verifier.backends.urls import join, shown
from verifier.errors import ChangedError, DeniedError, ExistsError, NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile

PART_BYTES = 8 << 20
MOST_PARTS = 10_000
PART_SECONDS = 120.0
"""How long one part may take to be sent, and the parts to be put together."""

_MIB = 1 << 20
_AGAIN = {"ConditionalRequestConflict", "OperationAborted", "BadDigest"}
"""Answers to a write that say nothing lasting: another write was on its way, or the bytes were damaged on theirs."""

_HINT = "the credentials must allow s3:ListBucket on the bucket, and s3:PutObject and s3:AbortMultipartUpload below it"
_NOTHING_THERE = {"IfNoneMatch": "*"}


class Bucket(Protocol):
    """What a writer needs of the place it writes to: an open backend of S3."""

    bucket: str
    connection: Connection

    def stat(self, path: str) -> StoredFile | None:
        """Return one object as it is now, or None."""


class S3Writer:
    """A prefix of one bucket that takes new objects."""

    def __init__(self, url: str, bucket: Bucket) -> None:
        self._url = url
        self._bucket = bucket
        root = url.partition("://")[2].partition("/")[2]
        self._root = f"{root}/" if root else ""
        self._asks = True

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new object of `size` bytes, whole or not at all.

        Raises `ExistsError` when there is one already, `NetworkError` when the whole write may be tried again.
        """
        where = f"{join(self._url, shown(path))}: writing"
        if self._bucket.stat(path) is not None:
            raise ExistsError(f"{where}: an object is there already")
        parts = _parts(pieces, size, where)
        place = {"Bucket": self._bucket.bucket, "Key": f"{self._root}{path}"}
        if size <= PART_BYTES:
            body = b"".join(parts)
            tried_again(lambda: self._finish("put_object", where, **place, Body=body, ContentMD5=_md5(body)))
        else:
            self._write_parts(where, parts, place)

    def close(self) -> None:
        """Give back the connections."""
        self._bucket.connection.close()

    def _write_parts(self, where: str, parts: Iterator[bytes], place: dict[str, str]) -> None:
        reply = tried_again(lambda: self._call("create_multipart_upload", where, **place))
        upload = {**place, "UploadId": reply["UploadId"]}
        try:
            done = [self._write_part(where, number, part, upload) for number, part in enumerate(parts, start=1)]
            self._complete(where, {**upload, "MultipartUpload": {"Parts": done}})
        except BaseException:
            with suppress(SourceError):  # why it ends is on its way; what is left then is for the bucket's own rules
                self._call("abort_multipart_upload", where, **upload)
            raise

    def _write_part(self, where: str, number: int, part: bytes, upload: dict[str, str]) -> dict[str, object]:
        reply = tried_again(
            lambda: self._call("upload_part", where, **upload, PartNumber=number, Body=part, ContentMD5=_md5(part))
        )
        return {"PartNumber": number, "ETag": reply["ETag"]}

    def _complete(self, where: str, upload: dict[str, object]) -> None:
        try:
            tried_again(lambda: self._finish("complete_multipart_upload", where, **upload))
        except NotFoundError as error:
            # The upload is gone: ended by a try whose answer was lost, or by somebody else. The next write will see.
            raise NetworkError(f"{where}: whether it was stored is not known") from error

    def _finish(self, method: str, where: str, **arguments: object) -> None:
        """Send what makes the object appear, on the condition that none is there."""
        try:
            self._call(method, where, **arguments, **(_NOTHING_THERE if self._asks else {}))
        except ChangedError as error:
            raise ExistsError(f"{where}: an object is there already") from error
        except SourceError as error:
            if code_of(error) != "NotImplemented" or not self._asks:
                raise
            self._asks = False  # some stores refuse what they do not know instead of ignoring it
            self._call(method, where, **arguments)

    def _call(self, method: str, where: str, **arguments: object) -> Answer:
        try:
            return self._bucket.connection.call(method, where, PART_SECONDS, **arguments)
        except DeniedError as error:
            is_not_allowed = code_of(error) in ("AccessDenied", "403")
            raise DeniedError(error.message, hint=_HINT if is_not_allowed else error.hint) from error
        except SourceError as error:
            if code_of(error) in _AGAIN:
                raise NetworkError(error.message) from error
            raise


def _parts(pieces: Iterable[bytes], size: int, where: str) -> Iterator[bytes]:
    """Yield all bytes in parts of one size, the last one smaller; raises `NetworkError` unless they are `size`."""
    length, given = part_bytes(size), 0
    part = bytearray()
    for piece in pieces:
        part += piece
        given += len(piece)
        while len(part) > length:  # the last part is held back until nothing more comes
            yield bytes(part[:length])
            del part[:length]
    if given != size:
        raise NetworkError(f"{where}: expected {size} bytes, got {given}")
    yield bytes(part)


def part_bytes(size: int) -> int:
    """Return how large the parts of an object are, so that there are no more than the store takes."""
    least = -(-size // MOST_PARTS)
    return max(PART_BYTES, -(-least // _MIB) * _MIB)


def _md5(data: bytes) -> str:
    return b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")
