"""One value that takes long to make: served while a newer one is made, by one thread at a time; makes none itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from verifier.errors import LandproofError

T = TypeVar("T")

_SHORT_SECONDS = 0.25
"""What takes no longer is waited for."""
_TIMES_LONGER = 4
"""Between two that take longer there is so many times as long."""
_PAUSE_SECONDS = 5.0
"""After a failure."""


class Lasting(Generic[T]):
    """The newest value of `make`, which is given what it is made of; it may get `kept_seconds` old.

    Only the very first is waited for, and those that take no time.
    """

    def __init__(self, make: Callable[[Hashable], T], kept_seconds: float) -> None:
        self._make, self._kept_seconds = make, kept_seconds
        self._turn = threading.Condition()
        self._value: tuple[T, Hashable, float] | None = None
        self._is_being_made = False
        self._thread: threading.Thread | None = None
        self._took = 0.0
        self._next_at = 0.0
        self._hurries = 0
        self._is_over = False
        self.error: LandproofError | None = None
        """Why the newest try failed; None where it did not."""

    @property
    def value(self) -> T | None:
        """The newest value, of whatever it was made; None where there is none yet."""
        known = self._value
        return known[0] if known else None

    def get(self, of: Hashable) -> T:
        """Return a value made of this, or of what came before it where that takes long. Raises what `make` does."""
        with self._turn:
            while self._value is None and self._is_being_made:
                self._turn.wait()
            known = self._value
            if known and not self._is_wanted(of, known, self._kept_seconds):
                return known[0]
            self._is_being_made = True
        if known and self._took > _SHORT_SECONDS:
            self._renew_apart(of)
            return known[0]
        return self._renew(of)

    def get_within(self, of: Hashable, seconds: float) -> T | None:
        """Return what `get` does, but None where the very first one is not there within a time. Raises as it does."""
        self.warm(of, self._kept_seconds)
        with self._turn:
            self._turn.wait_for(lambda: self._value is not None or not self._is_being_made, seconds)
            is_under_way = self._value is None and self._is_being_made
            failed = self.error if self._value is None and time.monotonic() < self._next_at else None
        if failed is not None:
            raise failed
        return None if is_under_way else self.get(of)

    def warm(self, of: Hashable, most_seconds: float) -> None:
        """Begin to make a newer one where there is none, one of something else, or an older one; wait for nothing."""
        with self._turn:
            known = self._value
            if self._is_being_made or not self._is_wanted(of, known, most_seconds):
                return
            self._is_being_made = True
        self._renew_apart(of)

    def hurry(self) -> None:
        """Have the next who asks begin a newer one, however long it takes."""
        with self._turn:
            self._next_at, self._hurries = 0.0, self._hurries + 1

    def resume(self) -> None:
        """Go on after a stop."""
        self._is_over = False

    def stop(self, most_seconds: float) -> None:
        """Begin no more, and wait so long for what has begun: a thread inside the database must not outlive it."""
        with self._turn:
            self._is_over = True
            thread = self._thread
        if thread:
            thread.join(most_seconds)

    def _is_wanted(self, of: Hashable, known: tuple[T, Hashable, float] | None, most_seconds: float) -> bool:
        now = time.monotonic()
        if self._is_being_made or self._is_over or now < self._next_at:
            return False
        return known is None or known[1] != of or now - known[2] > most_seconds

    def _renew_apart(self, of: Hashable) -> None:
        def renew() -> None:
            with suppress(LandproofError):  # which is kept, and told by who asks
                self._renew(of)

        self._thread = threading.Thread(target=renew, daemon=True, name="lasting")
        self._thread.start()

    def _renew(self, of: Hashable) -> T:
        """Make one; where that fails and there is one, return that."""
        began, hurries = time.monotonic(), self._hurries
        made: tuple[T, Hashable, float] | None = None
        error: LandproofError | None = None
        try:
            made = (self._make(of), of, began)
        except LandproofError as raised:
            error = raised
        finally:
            with self._turn:
                self._took = time.monotonic() - began
                pause = _PAUSE_SECONDS if made is None else _TIMES_LONGER * self._took
                is_due = hurries != self._hurries or (made and self._took <= _SHORT_SECONDS)
                self._next_at = 0.0 if is_due else time.monotonic() + pause
                self._value, self.error = made or self._value, error
                self._is_being_made = False
                self._turn.notify_all()
        if self._value is None:
            raise error or RuntimeError("nothing was made")
        return self._value[0]
