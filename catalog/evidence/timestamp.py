"""Asks an authority for a timestamp (RFC 3161) over some bytes, and checks one; when that was is nobody else's word.

What the authority answers is taken only where it is about these bytes and this request. Whose word it is, is known by
its certificate: `verify_timestamp` needs the one that is trusted.
"""

from __future__ import annotations

import threading
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from verifier.errors import NetworkError, SourceError, UsageError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

SECONDS = 30.0
_MOST_BYTES = 1 << 20
_SHA_256 = "2.16.840.1.101.3.4.2.1"
_GRANTED = 0
_CERTIFICATES = 0xA0


def fetch_timestamp(url: str, data: bytes, *, seconds: float = SECONDS) -> bytes:
    """Return an authority's answer, in DER, with a timestamp over the SHA-256 of some bytes.

    Raises `NetworkError` where it cannot be asked or takes longer than `seconds`, `SourceError` where it refuses or
    answers anything else, `UsageError` for what is no URL of one.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # on use: few ask for one

    place = _place(url)
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _asked(url, place, request.as_bytes(), seconds)
    response = _decoded(answer, place)
    if response.status != _GRANTED:
        raise SourceError(f"{place}: refused to give a timestamp: status {response.status}")
    _check_answer(response, request, sha256(data).digest(), place)
    return answer


def verify_timestamp(answer: bytes, data: bytes, certificates: bytes) -> datetime:
    """Return when the authority saw the bytes, having checked its answer against trusted certificates in PEM.

    Raises ValueError, with why, where it does not hold, and `UsageError` for what are no certificates.
    """
    from cryptography.x509 import load_pem_x509_certificates
    from rfc3161_client import VerificationError, VerifierBuilder

    response = decode(answer)
    try:
        trusted = load_pem_x509_certificates(certificates)
    except ValueError:
        raise UsageError("the certificate of the timestamp authority is not in PEM") from None
    builder = VerifierBuilder()
    for certificate in trusted:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, data)
    except VerificationError as error:
        raise ValueError(str(error).rstrip(".").lower()) from None
    return response.tst_info.gen_time


def decode(answer: bytes) -> TimeStampResponse:
    """Read an answer in DER. Raises ValueError for what is none, trailing bytes included."""
    from rfc3161_client import decode_timestamp_response

    return decode_timestamp_response(_in_order(answer))


def _in_order(answer: bytes) -> bytes:
    """Return an answer with its certificates in DER's order of sets: others leave them as they come, OpenSSL for one.

    No signature is over that order. What is no timestamp comes back as it is.
    """
    try:
        content = _parts(answer, *_parts(answer, *_parts(answer, 0, len(answer))[0][1:])[1][1:])[1]
        signed = _parts(answer, *_parts(answer, *content[1:])[0][1:])
        start, end = next((start, end) for tag, start, end in signed if tag == _CERTIFICATES)
        return answer[:start] + b"".join(sorted(_wholes(answer, start, end))) + answer[end:]
    except (IndexError, StopIteration):  # there are none: it refuses, or is anything else
        return answer


def _wholes(data: bytes, start: int, end: int) -> list[bytes]:
    """Return the values of DER that stand side by side."""
    ends = [start, *(end for _, _, end in _parts(data, start, end))]
    return [data[one:other] for one, other in pairwise(ends)]


def _parts(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """Return tag, start and end of the content of each value of DER that stands there."""
    found = []
    while start < end:
        tag, length, start = data[start], data[start + 1], start + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > end:
            raise IndexError("a value that is not all there")
        found.append((tag, start, start + length))
        start += length
    return found


def _decoded(answer: bytes, place: str) -> TimeStampResponse:
    try:
        return decode(answer)
    except ValueError:
        raise SourceError(f"{place}: expected a timestamp, got something else") from None


def _check_answer(response: TimeStampResponse, request: TimeStampRequest, digest: bytes, place: str) -> None:
    try:
        info = response.tst_info
        imprint = info.message_imprint
        said = (imprint.hash_algorithm.dotted_string, bytes(imprint.message), info.nonce)
    except ValueError:
        raise SourceError(f"{place}: expected a timestamp, got an answer without one") from None
    if said != (_SHA_256, digest, request.nonce):
        raise SourceError(f"{place}: the timestamp is of something else than what was sent")


def _place(url: str) -> str:
    """Return how an authority is called in messages: its URL may hold a secret."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return f"timestamp authority {parts.hostname}"
    except ValueError:
        pass
    raise UsageError("--timestamp: expected the URL of a timestamp authority, such as https://tsa.example.com")


def _asked(url: str, place: str, body: bytes, seconds: float) -> bytes:
    """Send a request in a thread: no time limit of a read ends an answer that drips."""
    answers: list[bytes | SourceError] = []
    worker = threading.Thread(target=lambda: answers.append(_sent(url, place, body, seconds)), daemon=True)
    worker.start()
    worker.join(seconds + 1)
    answer = answers[0] if answers else NetworkError(f"{place}: no answer within {seconds:g} s")
    if isinstance(answer, SourceError):
        raise answer
    return answer


def _sent(url: str, place: str, body: bytes, seconds: float) -> bytes | SourceError:
    import httpx

    headers = {"content-type": "application/timestamp-query", "accept-encoding": "identity"}
    try:
        with (
            httpx.Client(timeout=seconds, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                return SourceError(f"{place}: refused to give a timestamp: HTTP {answer.status_code}")
            taken = bytearray()
            for chunk in answer.iter_raw():
                taken += chunk
                if len(taken) > _MOST_BYTES:
                    return SourceError(f"{place}: expected a timestamp, got more than {_MOST_BYTES} bytes")
            return bytes(taken)
    except httpx.TimeoutException:
        return NetworkError(f"{place}: no answer within {seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        return NetworkError(f"{place}: cannot be asked: {type(error).__name__}")
