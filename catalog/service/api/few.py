"""How many of the questions that cost much are answered at a time; who comes too many is told when to come again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.service.responses.problems import Problem

_WAIT_SECONDS = 2.0
"""Who waits takes a place among all who are answered: only few may, and not for long."""


class Few:
    """Lets `most` pass at a time, of one name at most `each`; `what` says what they are in messages."""

    def __init__(self, most: int, what: str, *, each: int | None = None, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._most, self._each, self._what = most, each or most, what
        self._wait_seconds = wait_seconds
        self._inside: Counter[str] = Counter()
        self._waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self, name: str = "") -> Iterator[None]:
        """Be one of the few. Raises `Problem`, 429: where others take too long, at once where they are one's own."""
        with self._changed:
            if self._inside[name] >= self._each and self._each < self._most:
                raise self._refusal("one's own")
            if not self._has_room() and not self._waited():
                raise self._refusal("others")
            self._inside[name] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[name] -= 1
                if not self._inside[name]:
                    del self._inside[name]
                self._changed.notify()

    def _has_room(self) -> bool:
        return self._inside.total() < self._most

    def _waited(self) -> bool:
        """Wait for room; tell whether there is some. As many as may be inside may wait, and no more."""
        if self._waiting >= self._most:
            return False
        self._waiting += 1
        try:
            return self._changed.wait_for(self._has_room, self._wait_seconds)
        finally:
            self._waiting -= 1

    def _refusal(self, whose: str) -> Problem:
        detail = f"too many {self._what} at a time: {whose} are being answered"
        return Problem(429, detail, "try again in 5 s", headers={"Retry-After": "5"})
