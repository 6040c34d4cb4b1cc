"""What S3 answers when it is asked for an object: its headers as facts, its body; not the asking."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from aiobotocore.response import AioStreamingBody

from verifier.backends.object_source import PIECE_SECONDS, Answer
from verifier.backends.s3_client import Connection
from verifier.errors import NetworkError
from verifier.model import Checksum

_MD5 = re.compile(r"[0-9a-f]{32}")


def answer_of(reply: Mapping[str, Any], connection: Connection, where: str, *, etag_is_md5: bool) -> Answer:
    """Return what an answer to GetObject says and holds."""
    return Answer(
        body=S3Body(connection, reply["Body"], where),
        content_range=reply.get("ContentRange"),
        length=reply.get("ContentLength"),
        etag=_etag(reply) or None,
        modified_at=reply.get("LastModified"),
        checksum=_checksum(reply, etag_is_md5=etag_is_md5),
    )


class S3Body:
    """The body of one answer, read on the client's loop."""

    def __init__(self, connection: Connection, body: AioStreamingBody, where: str) -> None:
        self._connection = connection
        self._body = body
        self._where = where

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short."""
        chunks: list[bytes] = []

        async def fill() -> None:
            left = count
            while left and (chunk := await self._body.read(left)):
                chunks.append(chunk)
                left -= len(chunk)

        try:
            self._connection.run(fill, self._where, PIECE_SECONDS)
        except NetworkError as fault:
            return b"".join(chunks), fault
        return b"".join(chunks), None

    def close(self) -> None:
        """Give the connection back."""

        async def close() -> None:
            self._body.close()

        self._connection.run(close, self._where, PIECE_SECONDS)


def _etag(reply: Mapping[str, Any]) -> str:
    return str(reply.get("ETag") or "").removeprefix("W/").strip('"')


_WHOLE = (("sha256", "ChecksumSHA256"), ("crc64nvme", "ChecksumCRC64NVME"), ("crc32c", "ChecksumCRC32C"))


def _checksum(reply: Mapping[str, Any], *, etag_is_md5: bool) -> Checksum | None:
    """Return the checksum of the whole object: an additional one that says it is, or the ETag where it is an MD5.

    An ETag is none for a multipart upload or encryption with keys of KMS or the customer's; an additional checksum
    that is composite, of the parts' checksums, says so in its type or by the number of parts after a dash.
    """
    if reply.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT":
        for algorithm, name in _WHOLE:
            value = str(reply.get(name) or "")
            if value and "-" not in value:
                return Checksum(algorithm, b64decode(value).hex())
    etag = _etag(reply)
    is_other = str(reply.get("ServerSideEncryption", "")).startswith("aws:kms") or reply.get("SSECustomerAlgorithm")
    return Checksum("md5", etag) if etag_is_md5 and _MD5.fullmatch(etag) and not is_other else None
