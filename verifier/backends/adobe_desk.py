"""One login at Adobe for all doors to a landing zone in this process, whatever threads they serve; not the asking."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from verifier.backends.adobe_client import AdobeClient
from verifier.backends.adobe_grant import Grant
from verifier.backends.adobe_login import Login

MARGIN = timedelta(minutes=5)
"""How long before credentials end others are fetched."""
LEAST_SECONDS = 60.0
"""How long fetched credentials are used at least, however soon they end."""

_desks: dict[tuple[int, Login, str], Desk] = {}
_lock = threading.Lock()


class Desk:
    """Where the doors to one place get their credentials, so that Adobe is asked once and not by each."""

    def __init__(self, login: Login, where: str) -> None:
        self.users = 0
        self._client = AdobeClient(login, where)
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._number = 0
        self._fetch_at = 0.0

    @property
    def requests(self) -> int:
        """Requests sent to Adobe so far."""
        return self._client.requests

    def grant(self, known: int, count: Callable[[int], None]) -> tuple[int, Grant, float]:
        """Return the number of the newest credentials, these, and until when to use them, by the monotonic clock.

        Adobe is asked unless there are newer ones than number `known` (0: none); `count` is told with how many
        requests. Raises `SourceError`.
        """
        with self._lock:
            if self._grant is None or self._number <= known or time.monotonic() >= self._fetch_at:
                before = self._client.requests
                try:
                    self._grant = self._client.grant()
                finally:
                    count(self._client.requests - before)
                self._number += 1
                self._fetch_at = time.monotonic() + _seconds_to_use(self._grant)
            return self._number, self._grant, self._fetch_at

    def close(self) -> None:
        """Give back connections."""
        self._client.close()


def enter(login: Login, where: str) -> Desk:
    """Return the desk of this process for a login and a place; each one that enters must leave."""
    with _lock:
        desk = _desks.setdefault((os.getpid(), login, where), Desk(login, where))
        desk.users += 1
        return desk


def leave(desk: Desk) -> None:
    """Give back a desk; the last one closes it."""
    with _lock:
        desk.users -= 1
        if desk.users:
            return
        for key in [key for key, one in _desks.items() if one is desk]:
            del _desks[key]
    desk.close()


def _seconds_to_use(grant: Grant) -> float:
    if grant.expires_at is None:
        return float("inf")
    return max((grant.expires_at - MARGIN - datetime.now(UTC)).total_seconds(), LEAST_SECONDS)
