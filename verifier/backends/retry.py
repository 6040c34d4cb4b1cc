"""How long we try again after a passing fault, in one place for every store; not what a passing fault is.

Only `NetworkError` is passing: every store sorts what went wrong into denied, not found, changed and network first.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from verifier.backends.pace import before_request, clock
from verifier.errors import NetworkError

TRIES = 5
SECONDS = 30.0
FIRST_WAIT_SECONDS, GREATEST_WAIT_SECONDS = 0.1, 2.0

Result = TypeVar("Result")


class Tries:
    """What is left for one step: at most `TRIES` attempts and `SECONDS` in all, the waits between them jittered.

    What is waited to keep a pace does not count.
    """

    def __init__(self) -> None:
        self._deadline = clock() + SECONDS
        self._used = 0

    @property
    def seconds_left(self) -> float:
        """How long an attempt that begins now may take."""
        return max(self._deadline - clock(), 0.001)

    def wait(self, fault: NetworkError) -> None:
        """Wait before the next attempt, or raise the fault when no attempt is left."""
        self._used += 1
        pause = min(FIRST_WAIT_SECONDS * 3 ** (self._used - 1), GREATEST_WAIT_SECONDS) * random.uniform(0.7, 1.3)
        if self._used >= TRIES or clock() + pause >= self._deadline:
            raise fault
        time.sleep(pause)


def retried(attempt: Callable[[float], Result]) -> Result:
    """Call `attempt`, which sends a request, with the seconds it may take until it returns.

    Raises its last `NetworkError`, others at once.
    """
    tries = Tries()
    while True:
        before_request()
        try:
            return attempt(tries.seconds_left)
        except NetworkError as fault:
            tries.wait(fault)


def tried_again(attempt: Callable[[], Result]) -> Result:
    """Call `attempt`, which may take as long as it moves bytes, until it returns; raise as `retried` does.

    The patience for it begins with its first fault: a long attempt does not use it up.
    """
    tries: Tries | None = None
    while True:
        try:
            return attempt()
        except NetworkError as fault:
            tries = tries or Tries()
            tries.wait(fault)
