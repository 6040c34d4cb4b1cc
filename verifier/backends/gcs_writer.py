"""New objects in a bucket, by one request or by a resumable upload, each there whole or not at all; not the reading.

Google itself is asked not to overwrite (`ifGenerationMatch=0`) and to compare the MD5 of what it got, so that neither a
race nor a damaged byte makes an object. What is there already is looked up before, so that nothing is sent in vain.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import requests

from verifier.backends.base import Location
from verifier.backends.gcs_client import Call, Connection
from verifier.backends.gcs_options import GcsOptions
from verifier.backends.retry import retried, tried_again
from verifier.backends.urls import join, shown
from verifier.errors import (
    ChangedError,
    DeniedError,
    ExistsError,
    NetworkError,
    NotFoundError,
    SourceError,
    UsageError,
)

CHUNK_BYTES = 8 << 20
"""What is sent at once: a multiple of the 256 KiB that Google asks for."""

CHUNK_SECONDS = 120.0
_ANSWER_SECONDS = 60.0
_ROLE = "roles/storage.objectCreator"
_NEW = {"ifGenerationMatch": "0"}
_SAVED, _CANCELLED = 308, 499


class GcsWriter:
    """A prefix of one bucket that takes new objects."""

    def __init__(self, location: Location, options: GcsOptions) -> None:
        if options.access == "read_only":
            raise UsageError("option access of a GCS zone: read_only does not go with writing", hint="use read_write")
        self._url = location.url
        bucket, _, root = location.url.partition("://")[2].partition("/")
        self._root = f"{root}/" if root else ""
        self._bucket_path = f"/storage/v1/b/{quote(bucket, safe='')}/o"
        self._connection = Connection(options, options.access or "read_write")

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new object of `size` bytes, whole or not at all.

        Raises `ExistsError` when there is one already, `NetworkError` when the whole write may be tried again.
        """
        where = f"{join(self._url, shown(path))}: writing"
        name = f"{self._root}{path}"
        self._refuse_existing(name, where)
        chunks = _chunks(pieces, size, where)
        stored = (
            self._write_at_once(name, b"".join(chunks), where)
            if size <= CHUNK_BYTES
            else self._write_in_chunks(name, chunks, size, where)
        )
        if stored != size:
            raise SourceError(f"{where}: expected {size} bytes to be stored, got {stored}")

    def close(self) -> None:
        """Give back the connections."""
        self._connection.close()

    def _refuse_existing(self, name: str, where: str) -> None:
        """Raise `ExistsError` where an object is there; who may only create cannot see it, and is told at the end."""
        call = Call(path=f"{self._bucket_path}/{quote(name, safe='')}", query={"fields": "generation"})
        with suppress(NotFoundError, DeniedError):
            retried(lambda seconds: self._connection.text(call, where, seconds))
            raise _exists(where)

    def _write_at_once(self, name: str, data: bytes, where: str) -> int:
        """Send name, MD5 and bytes in one request; return how many bytes were stored."""
        boundary = uuid4().hex
        about = json.dumps({"name": name, "md5Hash": _base64(hashlib.md5(data, usedforsecurity=False).digest())})
        body = b"".join(
            (
                f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{about}\r\n".encode(),
                f"--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n".encode(),
                data,
                f"\r\n--{boundary}--\r\n".encode(),
            )
        )
        call = self._call(
            method="POST",
            query={"uploadType": "multipart", "fields": "size", **_NEW},
            headers={"Content-Type": f"multipart/related; boundary={boundary}"},
            body=body,
        )
        with _unless_there(where):
            return tried_again(lambda: _stored_size(self._connection.text(call, where, CHUNK_SECONDS), where))

    def _write_in_chunks(self, name: str, chunks: Iterator[bytes], size: int, where: str) -> int:
        """Send the bytes chunk by chunk, each tried again by itself; return how many were stored."""
        session = {"uploadType": "resumable", "name": name, "fields": "size"}
        with _unless_there(where):
            session["upload_id"] = tried_again(lambda: self._begin({**session, **_NEW}, size, where))
        digest, start, stored = hashlib.md5(usedforsecurity=False), 0, None
        try:
            for chunk in chunks:
                digest.update(chunk)
                end = start + len(chunk)
                more = {"X-Goog-Hash": f"md5={_base64(digest.digest())}"} if end == size else {}
                stored = self._send_chunk(session, chunk, (start, size), more, where)
                start = end
        except BaseException:
            with suppress(SourceError):  # why it ends is on its way; Google forgets what is left within a week
                call = self._call(method="DELETE", query=session, expected=(200, 204, _CANCELLED))
                self._connection.send(call, where, CHUNK_SECONDS).close()
            raise
        if stored is None:
            raise NetworkError(f"{where}: whether it was stored is not known")
        return stored

    def _begin(self, query: dict[str, str], size: int, where: str) -> str:
        """Open an upload and return its id, to be sent to our own endpoint: no other place is told our token."""
        headers = {"Content-Type": "application/json", "X-Upload-Content-Length": str(size)}
        call = self._call(method="POST", query=query, headers=headers, body=b"{}")
        answer = self._connection.send(call, where, CHUNK_SECONDS)
        answer.close()
        found = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("upload_id", [])
        if len(found) != 1:
            raise NetworkError(f"{where}: the answer does not say which upload it is")
        return found[0]

    def _send_chunk(
        self, session: dict[str, str], chunk: bytes, place: tuple[int, int], headers: dict[str, str], where: str
    ) -> int | None:
        """Send one chunk until Google has all of it; return the object's size with the last one, else None."""
        first, size = place
        start, end = first, first + len(chunk)

        def attempt() -> int | None:
            nonlocal start
            span = {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
            call = self._call(
                method="PUT",
                query=session,
                headers={**span, **headers},
                body=chunk[start - first :],
                expected=(200, 201, _SAVED),
            )
            answer = self._connection.send(call, where, CHUNK_SECONDS)
            if answer.status_code != _SAVED:
                return _stored_size(answer.content, where)
            answer.close()
            saved = _saved_bytes(answer)
            if saved == end < size:
                return None
            if first <= saved < end:
                start = saved
            raise NetworkError(f"{where}: expected {end} bytes to be taken, got {saved}")

        try:
            with _unless_there(where):
                return tried_again(attempt)
        except NotFoundError as error:
            # The upload is gone: ended by a try whose answer was lost, or by somebody else. The next write will see.
            raise NetworkError(f"{where}: whether it was stored is not known") from error

    def _call(self, **parts: Any) -> Call:
        return Call(path=f"/upload{self._bucket_path}", role=_ROLE, answer_seconds=_ANSWER_SECONDS, **parts)


@contextmanager
def _unless_there(where: str) -> Iterator[None]:
    """Say that an object is there already when the condition that none is does not hold."""
    try:
        yield
    except ChangedError as error:
        raise _exists(where) from error


def _exists(where: str) -> ExistsError:
    return ExistsError(f"{where}: an object is there already")


def _chunks(pieces: Iterable[bytes], size: int, where: str) -> Iterator[bytes]:
    """Yield all bytes in chunks of one size, the last one smaller; raises `NetworkError` unless they are `size`."""
    chunk, given = bytearray(), 0
    for piece in pieces:
        chunk += piece
        given += len(piece)
        while len(chunk) > CHUNK_BYTES:  # the last chunk is held back until nothing more comes
            yield bytes(chunk[:CHUNK_BYTES])
            del chunk[:CHUNK_BYTES]
    if given != size:
        raise NetworkError(f"{where}: expected {size} bytes, got {given}")
    yield bytes(chunk)


def _stored_size(text: bytes, where: str) -> int:
    try:
        return int(json.loads(text)["size"])
    except (ValueError, KeyError, TypeError):
        raise NetworkError(f"{where}: the answer does not say what was stored") from None


def _saved_bytes(answer: requests.Response) -> int:
    last = answer.headers.get("Range", "").rpartition("-")[2]
    return int(last) + 1 if last.isascii() and last.isdigit() else 0


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")
