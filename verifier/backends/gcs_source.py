"""What Google answers when it is asked for an object's bytes: its headers as facts, its body; not the asking."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Mapping

import requests

from verifier.backends.gcs_client import receive
from verifier.backends.gcs_errors import of_failure
from verifier.backends.object_source import PIECE_SECONDS, Answer
from verifier.errors import NetworkError, SourceError
from verifier.model import Checksum

_BYTES = {"crc32c": 4, "md5": 16}
"""Google's checksums, the cheaper one first, and how long they are."""


def answer_of(reply: requests.Response, where: str) -> Answer:
    """Return what an answer to a download says and holds. Raises `SourceError` where it is not the stored bytes."""
    headers = reply.headers
    try:
        refuse_transcoded(headers, where)
    except SourceError:
        reply.close()
        raise
    length = headers.get("Content-Length", "")
    return Answer(
        body=GcsBody(reply, where),
        content_range=headers.get("Content-Range"),
        length=int(length) if length.isascii() and length.isdigit() else None,
        etag=headers.get("X-Goog-Generation"),
        checksum=stored_checksum(headers),
    )


def refuse_transcoded(headers: Mapping[str, str], where: str) -> None:
    """Raise `SourceError` where the bytes come in another encoding than they are stored in.

    Google decompresses what is stored with `Content-Encoding: gzip` for who does not say that gzip is taken; a proxy on
    the way may compress, and then cannot tell the length.
    """
    stored = headers.get("x-goog-stored-content-encoding") or "identity"
    sent = headers.get("content-encoding") or "identity"
    if stored != sent and (stored != "identity" or "content-length" not in headers):
        raise SourceError(
            f"{where}: the bytes were decompressed or compressed on the way",
            hint="read with a service account (token) where objects are stored with a Content-Encoding, "
            "and through no proxy that changes what it passes on",
        )


def stored_checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Return Google's checksum of the whole object as stored, CRC-32C or else MD5, as x-goog-hash gives it."""
    pairs = (pair.strip().partition("=") for pair in headers.get("x-goog-hash", "").split(","))
    given = {algorithm: value for algorithm, _, value in pairs}
    for algorithm, size in _BYTES.items():
        digest = _decoded(given.get(algorithm, ""))
        if len(digest) == size:
            return Checksum(algorithm, digest.hex())
    return None


class GcsBody:
    """The body of one answer, as it came over the wire."""

    def __init__(self, reply: requests.Response, where: str) -> None:
        self._reply = reply
        self._where = where

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short."""
        data, fault = receive(self._reply.raw, count, time.monotonic() + PIECE_SECONDS, decode=False)
        return data, of_failure(fault, self._where) if fault else None

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        self._reply.close()


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return b""
