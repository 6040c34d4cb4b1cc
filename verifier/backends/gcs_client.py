"""A connection to Google Cloud Storage's JSON API: one request at a time, counted; not what is asked for.

gcsfs is not what sends: its requests retry by themselves, decompress what is stored compressed, and its default class
asks another service first. Nothing here retries, follows a redirect, or reads `.netrc`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from verifier.backends.gcs_errors import FOREIGN, of_answer, of_failure
from verifier.backends.gcs_login import Tokens
from verifier.backends.gcs_options import GcsOptions

CONNECT_SECONDS = 5.0
_RECEIVE_BYTES = 1 << 18
_GREATEST_TEXT_BYTES = 1 << 26
_AGENT = "landproof (gzip)"  # Google compresses pages only for agents that say so in their names, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: a path below the endpoint, already quoted, and the statuses that are answers and not errors.

    `role` is what an account needs for it, for the hint when it is denied; its answer may take `answer_seconds`
    to begin.
    """

    path: str
    method: str = "GET"
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    expected: tuple[int, ...] = (200,)
    role: str = "roles/storage.objectViewer"
    answer_seconds: float = 20.0


class Connection:
    """One HTTP session with its own login, so that the credentials of two zones never mix."""

    def __init__(self, options: GcsOptions, access: str) -> None:
        """Take the options, and the access that its tokens are to have; nothing is sent."""
        self.requests = 0
        self._endpoint = options.endpoint
        self._tokens = Tokens(options.login, access)
        self._billed = {"userProject": options.billed_project} if options.billed_project else {}
        self._session = _session(options.endpoint)
        self._server_time: tuple[datetime, float] | None = None

    def send(self, call: Call, where: str, seconds: float) -> requests.Response:
        """Send one request and return its answer within `seconds`, the body unread.

        A token that is refused is renewed once. Raises `SourceError`, with `where` in it, for an answer that is not
        expected.
        """
        deadline = time.monotonic() + seconds
        answer = self._attempt(call, where, seconds, anew=False)
        if answer.status_code == 401 and self._tokens.can_be_renewed:
            answer.close()
            answer = self._attempt(call, where, deadline - time.monotonic(), anew=True)
        if answer.status_code in call.expected:
            return answer
        text, _ = receive(answer.raw, _GREATEST_TEXT_BYTES, deadline, decode=True)
        answer.close()
        raise of_answer(answer.status_code, text, where, call.role)

    def text(self, call: Call, where: str, seconds: float) -> bytes:
        """Send one request and return the whole body of its answer within `seconds`, raising as `send` does."""
        deadline = time.monotonic() + seconds
        answer = self.send(call, where, seconds)
        try:
            text, fault = receive(answer.raw, _GREATEST_TEXT_BYTES, deadline, decode=True)
        finally:
            answer.close()
        if fault:
            raise of_failure(fault, where) from fault
        return text

    def now(self) -> datetime | None:
        """Return the store's clock, carried on from its last answer; None before one or where it shows none."""
        if self._server_time is None:
            return None
        date, seen = self._server_time
        return date + timedelta(seconds=time.monotonic() - seen)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _attempt(self, call: Call, where: str, seconds: float, *, anew: bool) -> requests.Response:
        seconds = max(seconds, 0.001)
        login = self._tokens.headers(where, seconds, anew=anew)
        self.requests += 1
        try:
            answer = self._session.request(
                call.method,
                f"{self._endpoint}{call.path}",
                params={**call.query, **self._billed},
                headers={"User-Agent": _AGENT, "Accept-Encoding": "gzip", **call.headers, **login},
                data=call.body,
                timeout=(min(seconds, CONNECT_SECONDS), min(seconds, call.answer_seconds)),
                allow_redirects=False,
                stream=True,
            )
        except FOREIGN as error:
            raise of_failure(error, where) from error
        self._read_clock(answer.headers.get("Date"))
        return answer

    def _read_clock(self, date: str | None) -> None:
        try:
            read = parsedate_to_datetime(date or "")
        except ValueError:
            return
        self._server_time = (read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC), time.monotonic())


def receive(raw: BaseHTTPResponse, count: int, deadline: float, *, decode: bool) -> tuple[bytes, Exception | None]:
    """Return what arrives of the next `count` bytes of a body until the deadline, and what cut it short.

    `decode` undoes the encoding of the answer's transport.
    """
    pieces: list[bytes] = []
    left = count
    try:
        while left:
            if time.monotonic() > deadline:
                return b"".join(pieces), TimeoutError()
            piece = raw.read1(min(left, _RECEIVE_BYTES), decode_content=decode)
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    except (HTTPError, OSError, ValueError) as error:
        return b"".join(pieces), error
    return b"".join(pieces), None


def _session(endpoint: str) -> requests.Session:
    """Return a session with the environment's proxies and certificates, looked up once and not with each request."""
    session = requests.Session()
    found = session.merge_environment_settings(endpoint, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False  # nor its .netrc
    return session
