"""What Azure answers when it is asked for a blob: its headers as facts, its body; not the asking."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException
from typing import Any

from verifier.backends.azure_errors import CONNECTION_FAULTS, of_exception
from verifier.backends.azure_pages import http_time
from verifier.backends.object_source import PIECE_SECONDS, Answer
from verifier.errors import NetworkError
from verifier.model import Checksum

_STEP_BYTES = 1 << 18


class AzureBody:
    """The body of one answer as it is stored: never decompressed."""

    def __init__(self, response: Any, where: str) -> None:
        self._response = response
        self._raw = response.raw
        self._where = where

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short."""
        deadline, chunks, left, fault = time.monotonic() + PIECE_SECONDS, [], count, None
        while left and fault is None:
            try:
                chunk = self._raw.read1(min(left, _STEP_BYTES), decode_content=False)
            except (*CONNECTION_FAULTS, HTTPException) as error:
                fault = NetworkError(of_exception(error, self._where).message)
                break
            if not chunk:
                break
            chunks.append(chunk)
            left -= len(chunk)
            if left and time.monotonic() > deadline:
                fault = NetworkError(f"{self._where}: the answer did not arrive in time")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks), fault

    def read_all(self) -> bytes:
        """Return the whole body. Raises `NetworkError` when it is cut short and that can be told."""
        pieces: list[bytes] = []
        while True:
            piece, fault = self.read(1 << 24)
            if fault:
                raise fault
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def close(self) -> None:
        """Give the connection back: to be used again when the body was read to its end, else to be closed."""
        self._response.close()


def answer_of(headers: Mapping[str, str], body: AzureBody) -> Answer:
    """Return what an answer to Get Blob says and holds."""
    length = headers.get("Content-Length", "")
    return Answer(
        body=body,
        content_range=headers.get("Content-Range"),
        length=int(length) if length.isascii() and length.isdigit() else None,
        etag=etag_of(headers),
        modified_at=modified_of(headers),
        checksum=_checksum(headers),
    )


def etag_of(headers: Mapping[str, str]) -> str | None:
    """Return the ETag as a listing shows it, without quotes."""
    return headers.get("ETag", "").removeprefix("W/").strip('"') or None


def modified_of(headers: Mapping[str, str]) -> datetime | None:
    """Return when the blob was last modified, None where the answer does not say."""
    try:
        return http_time(headers.get("Last-Modified", ""))
    except (KeyError, ValueError):
        return None


def _checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Return the MD5 of the whole blob, where its writer gave one or Azure made it.

    In the answer to a range `Content-MD5` would be of the range. Appending and writing pages leave an old sum as it is.
    """
    value = headers.get("x-ms-blob-content-md5")
    if value is None and "Content-Range" not in headers:
        value = headers.get("Content-MD5")
    if not value or headers.get("x-ms-blob-type") != "BlockBlob":
        return None
    try:
        digest = b64decode(value, validate=True)
    except ValueError:
        return None
    return Checksum("md5", digest.hex()) if len(digest) == 16 else None
