"""Tells a healthchecks-style URL that a night began, ended or failed, so that its silence is heard; stops no night.

After the Pinging API of healthchecks.io: POST to the URL with `/start`, as it is, or with `/fail`, a run id as `rid`, a
summary as the body. The URL's path is a key: it is shown nowhere.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx

SECONDS = 5.0
PAUSES = (1.0, 3.0)
"""Seconds between tries; there is one try more."""
_OLD_LIMIT, _MOST = 10_000, 100_000
"""Bytes of a summary that are kept: by a server that does not say how many, and at most."""
_LIMIT_HEADER = "ping-body-limit"
_FOREIGN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    ImportError,
)


@dataclass(frozen=True, slots=True)
class Pinged:
    """How one ping ended; `trouble` says in words without the URL why it was not taken, None where it was."""

    signal: str
    tries: int
    trouble: str | None = None

    @property
    def is_sent(self) -> bool:
        """True where the server took it."""
        return self.trouble is None

    def __str__(self) -> str:
        how = f"not sent after {self.tries} {'try' if self.tries == 1 else 'tries'}: {self.trouble}"
        return f"ping {self.signal}: {'sent' if self.is_sent else how}"


@dataclass(frozen=True, slots=True)
class _Reply:
    trouble: str | None = None
    is_final: bool = True
    limit: int | None = None


class Pinger:
    """Pings one URL about one run; no dataclass, since those show what they hold.

    `seconds` bound each try, whatever the server does; `pauses` are made between tries. Nothing is ever raised.
    """

    __slots__ = ("_limit", "_pauses", "_run", "_seconds", "_url")

    def __init__(self, url: str, run_id: str, *, seconds: float = SECONDS, pauses: Sequence[float] = PAUSES) -> None:
        self._url, self._run = url, _as_uuid(run_id)
        self._seconds, self._pauses = seconds, tuple(pauses)
        self._limit = _OLD_LIMIT

    def start(self) -> Pinged:
        """Say that the run begins."""
        return self._ping("start", "/start", "")

    def success(self, summary: str) -> Pinged:
        """Say that the run did what it should, and what that came to."""
        return self._ping("success", "", summary)

    def fail(self, summary: str, exit_status: int) -> Pinged:
        """Say that the run did not, with its exit status before the summary."""
        return self._ping("fail", "/fail", f"exit status {exit_status}\n{summary}")

    def _ping(self, signal: str, suffix: str, text: str) -> Pinged:
        body = _shortened(text, self._limit)
        for number, pause in enumerate((*self._pauses, 0.0), start=1):
            reply = self._try(suffix, body)
            if reply.limit is not None:
                self._limit = reply.limit
            if reply.is_final or number > len(self._pauses):
                return Pinged(signal, number, reply.trouble)
            time.sleep(pause)
        raise AssertionError("the last try always returns")

    def _try(self, suffix: str, body: bytes) -> _Reply:
        """Send once; a server that drips its answer is not waited for, which no time limit of a read can tell."""
        replies: list[_Reply] = []
        worker = threading.Thread(target=lambda: replies.append(self._send(suffix, body)), daemon=True)
        worker.start()
        worker.join(self._seconds + 1)
        return replies[0] if replies else _Reply(f"no answer within {self._seconds:g} s", is_final=False)

    def _send(self, suffix: str, body: bytes) -> _Reply:
        _quiet()
        headers = {"content-type": "text/plain; charset=utf-8", "accept-encoding": "identity"}
        try:
            with (
                httpx.Client(timeout=self._seconds, follow_redirects=False) as client,
                client.stream("POST", self._address(suffix), content=body, headers=headers) as answer,
            ):
                said = next(answer.iter_raw(100), b"")
                return _judged(answer, said)
        except httpx.TimeoutException:
            return _Reply(f"no answer within {self._seconds:g} s", is_final=False)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return _Reply("the URL is none that can be pinged")
        except _FOREIGN as error:
            return _Reply(f"could not be reached: {type(error).__name__}", is_final=False)

    def _address(self, suffix: str) -> str:
        parts = urlsplit(self._url)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("rid", self._run)])
        return urlunsplit(parts._replace(path=parts.path.rstrip("/") + suffix, query=query, fragment=""))


def _judged(answer: httpx.Response, said: bytes) -> _Reply:
    """Read an answer: a server may say 200 and yet have thrown the ping away."""
    status, words = answer.status_code, said.decode("utf-8", "replace").lower()
    if answer.is_success:
        thrown = next((word for word in ("not found", "rate limited") if word in words), None)
        return _Reply(f"the server says: {thrown}") if thrown else _Reply(limit=_limit_of(answer))
    if answer.is_redirect:
        return _Reply(f"status {status}: redirects are not followed")
    return _Reply(f"status {status}", is_final=status not in (408, 429) and status < 500)


def _limit_of(answer: httpx.Response) -> int | None:
    text = answer.headers.get(_LIMIT_HEADER, "")
    return min(int(text), _MOST) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _shortened(text: str, limit: int) -> bytes:
    """Return as much of a text as is kept, whole characters only, and say where some is left out."""
    body = text.encode("utf-8", "backslashreplace")
    if len(body) <= limit:
        return body
    end = "\n…".encode()
    return body[: max(0, limit - len(end))].decode("utf-8", "ignore").encode() + end


def _as_uuid(run_id: str) -> str:
    """Return a run id as the UUID that the API asks for: the same for the same run."""
    try:
        return str(uuid.UUID(run_id))
    except ValueError:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, run_id))


def _quiet() -> None:
    """Keep the library from logging URLs, which it does as soon as anybody wants to know what is going on."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
