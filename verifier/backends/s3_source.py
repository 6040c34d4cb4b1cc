"""What S3 answers when it is asked for an object: its headers as facts, its body; not the asking."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from urllib3 import BaseHTTPResponse

from verifier.backends.object_source import PIECE_SECONDS, Answer
from verifier.backends.s3_errors import translate
from verifier.backends.s3_http import receive
from verifier.errors import NetworkError
from verifier.model import Checksum

_MD5 = re.compile(r"[0-9a-f]{32}")


def answer_of(reply: Mapping[str, Any], where: str, *, etag_is_md5: bool) -> Answer:
    """Return what an answer to GetObject says and holds."""
    return Answer(
        body=S3Body(reply["Body"]._raw_stream, where),
        content_range=reply.get("ContentRange"),
        length=reply.get("ContentLength"),
        etag=_etag(reply) or None,
        modified_at=reply.get("LastModified"),
        checksum=_checksum(reply, etag_is_md5=etag_is_md5),
    )


class S3Body:
    """The body of one answer, as it came over the wire."""

    def __init__(self, raw: BaseHTTPResponse, where: str) -> None:
        self._raw = raw
        self._where = where

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short."""
        data, fault = receive(self._raw, count, time.monotonic() + PIECE_SECONDS)
        return data, NetworkError(translate(fault, self._where).message) if fault else None

    def close(self) -> None:
        """Give the connection back, or close it when there is more to come."""
        if self._raw.length_remaining == 0:
            self._raw.drain_conn()
        else:
            self._raw.close()


def _etag(reply: Mapping[str, Any]) -> str:
    return str(reply.get("ETag") or "").removeprefix("W/").strip('"')


WHOLE_OBJECT = {"crc64nvme": 8, "sha256": 32, "sha512": 64, "crc32c": 4, "crc32": 4, "sha1": 20, "md5": 16}
"""The checksums of S3 that we can compute and how many bytes each has, what is strong for its cost first.

An MD5 costs as much as a tenth of a whole verification, a CRC next to nothing.
"""


def _checksum(reply: Mapping[str, Any], *, etag_is_md5: bool) -> Checksum | None:
    """Return the checksum of the whole object: an additional one that says it is, or the ETag where it is an MD5.

    An ETag is none for a multipart upload (it ends in the number of parts) or encryption with keys of KMS or the
    customer's.
    """
    etag = _etag(reply)
    if _is_of_whole_object(reply, etag):
        for algorithm, size in WHOLE_OBJECT.items():
            value = _decoded(reply.get(f"Checksum{algorithm.upper()}"))
            if len(value) == size:
                return Checksum(algorithm, value.hex())
    is_other = str(reply.get("ServerSideEncryption", "")).startswith("aws:kms") or reply.get("SSECustomerAlgorithm")
    return Checksum("md5", etag) if etag_is_md5 and _MD5.fullmatch(etag) and not is_other else None


def _is_of_whole_object(reply: Mapping[str, Any], etag: str) -> bool:
    """Tell whether an additional checksum is of all bytes of the object.

    It is not when the answer is a range, which may be a part with a checksum of its own, nor when it is composite, of
    the parts' checksums. Servers older than the type mark that by the number of parts after a dash, if at all.
    """
    if reply.get("ContentRange"):
        return False
    kind = reply.get("ChecksumType")
    return kind == "FULL_OBJECT" or (kind is None and "-" not in etag)


def _decoded(value: object) -> bytes:
    """Decode base64 strictly; nothing comes of what is none, such as a composite checksum with its number of parts."""
    try:
        return b64decode(str(value or ""), validate=True)
    except ValueError:
        return b""
