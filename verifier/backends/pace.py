"""How fast stores are asked, over all threads and worker processes of a scan together; not what they are asked.

A limit keeps one number that all share: the moment up to which it is used up. Who comes moves it on and waits until
what was used before is over, so that nothing is lost by waiting and nobody's turn is forgotten.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context

_BURST_SECONDS = 0.25
"""How far ahead of the limit one may be, so that a late sleeper catches up."""

_LOCK_SECONDS = 1.0
"""The lock is held for microseconds; who holds it longer was killed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What stores may be asked for in a second: bytes of files, requests; None as much as goes."""

    bytes: int | None = None
    requests: int | None = None


class Limit:
    """So many of something in a second. May be handed to worker processes as they start."""

    def __init__(self, rate: float) -> None:
        context = get_context("forkserver")
        self._rate = rate
        self._used_until = context.Value("d", 0.0, lock=False)
        self._lock = context.Lock()

    def take(self, count: int) -> None:
        """Wait until so many may be had."""
        self._lock.acquire(timeout=_LOCK_SECONDS)
        now = time.monotonic()
        begin = max(self._used_until.value, now - _BURST_SECONDS)
        self._used_until.value = begin + count / self._rate
        with suppress(ValueError):  # what a killed worker left locked may have been opened by another already
            self._lock.release()
        if begin > now:
            time.sleep(begin - now)
            _local.waited = _waited() + begin - now


class Pace:
    """The limits of one scan. May be handed to worker processes as they start."""

    def __init__(self, rates: Rates) -> None:
        self.bytes = Limit(rates.bytes) if rates.bytes else None
        self.requests = Limit(rates.requests) if rates.requests else None


_FREE = Pace(Rates())
_pace = _FREE
_local = threading.local()


def set_pace(pace: Pace | None) -> None:
    """Keep this process to a pace from now on, or to none."""
    global _pace  # noqa: PLW0603  what all threads and connections of a process share
    _pace = pace or _FREE


def before_request() -> None:
    """Wait until a request may be sent."""
    if _pace.requests:
        _pace.requests.take(1)


def before_bytes(count: int) -> None:
    """Wait until so many bytes may be fetched."""
    if _pace.bytes and count > 0:
        _pace.bytes.take(count)


def clock() -> float:
    """Return the seconds of a clock that stands still while this thread waits for its pace."""
    return time.monotonic() - _waited()


def _waited() -> float:
    waited: float = getattr(_local, "waited", 0.0)
    return waited
