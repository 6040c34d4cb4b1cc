"""A limit to how long a piece of work may take, after which it is interrupted; what follows is not said here."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import NoReturn

from catalog.schedule import format_duration
from verifier.zone_model import Trouble


@dataclass(slots=True)
class TimeLimit:
    """How long work may take, None for as long as it needs; `is_over` tells that it was interrupted for that."""

    length: timedelta | None = None
    is_over: bool = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Interrupt the block when the time is over: a KeyboardInterrupt, as of a person, in the main thread."""
        if self.length is None:
            yield
            return
        before = signal.signal(signal.SIGALRM, self._interrupt)
        signal.setitimer(signal.ITIMER_REAL, self.length.total_seconds())
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def trouble(self) -> Trouble:
        """Return what to say of what was not looked at for it."""
        length = "" if self.length is None else f" of {format_duration(self.length)}"
        hint = "raise nightly.time_limit, or look at fewer bytes: --max-bytes, --reverify"
        return Trouble(kind="cut-short", message=f"not looked at: the time limit{length} was over", hint=hint)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> NoReturn:
        self.is_over = True
        raise KeyboardInterrupt
