"""What arrives of an answer of S3, within a time, and none larger than any of S3's in memory; not what it means."""

from __future__ import annotations

import time
from typing import Any

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from verifier.backends.s3_errors import OversizeError

GREATEST_ANSWER_BYTES = 64 << 20
"""A page of a thousand keys, each of 1024 bytes and escaped, is below 8 MiB."""
_RECEIVE_BYTES = 1 << 18


def send(session: Any, request: Any, seconds: float) -> Any:
    """Send a botocore request by botocore's session; return its answer, read whole unless it is to be streamed.

    Raises what botocore's session does, `OversizeError`, and what cuts an answer short.
    """
    is_streamed, request.stream_output = request.stream_output, True
    answer = session.send(request)
    if not is_streamed or answer.status_code >= 300:
        answer._content = _whole(answer.raw, time.monotonic() + seconds)
    return answer


def receive(raw: BaseHTTPResponse, count: int, deadline: float) -> tuple[bytes, Exception | None]:
    """Return what arrives of the next `count` bytes of a body until the deadline, and what cut it short."""
    pieces: list[bytes] = []
    left = count
    try:
        while left:
            if time.monotonic() > deadline:
                return b"".join(pieces), TimeoutError()
            piece = raw.read1(min(left, _RECEIVE_BYTES), decode_content=False)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    except (HTTPError, OSError, ValueError) as error:
        return b"".join(pieces), error
    return b"".join(pieces), None


def _whole(raw: BaseHTTPResponse, deadline: float) -> bytes:
    body, fault = receive(raw, GREATEST_ANSWER_BYTES + 1, deadline)
    if len(body) > GREATEST_ANSWER_BYTES:
        fault = OversizeError()
    if fault:
        raw.close()
        raise fault
    return body
