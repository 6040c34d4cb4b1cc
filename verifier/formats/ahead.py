"""Have a part of the work on a large file done in a thread of its own; not what that is."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from verifier.formats.base import MIB

PIECE = 2 * MIB
"""How large pieces should be: after each call into C the thread waits for its turn, which small ones do not repay."""

_PIECES = 6
_TURN_SECONDS = 0.0001
_WORTH_BYTES = 4 * MIB


_P = ParamSpec("_P")
_T = TypeVar("_T")


class InTurn(Executor):
    """Does what is handed in at once, in the thread that hands it in."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Do it, and return what came of it."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  raised again where the result is asked for
            future.set_exception(error)
        return future


def helper(stored_size: int, name: str) -> Executor:
    """Return who does a part of the work on a file: a thread where that is worth it."""
    return ThreadPoolExecutor(1, thread_name_prefix=name) if worth_it(stored_size) else InTurn()


def worth_it(stored_size: int) -> bool:
    """Tell whether a file is large enough for a thread, which costs a few hundredths where no core is idle."""
    return stored_size >= _WORTH_BYTES


def ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same pieces, of which six are made beforehand; what making them raises is raised in its place.

    The iterator is used by one thread at a time and by none once this one has ended or was closed.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN_SECONDS))
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
            pending = deque(thread.submit(next, pieces, None) for _ in range(_PIECES))
            try:
                while (piece := pending.popleft().result()) is not None:
                    pending.append(thread.submit(next, pieces, None))
                    yield piece
            finally:
                thread.shutdown(cancel_futures=True)
    finally:
        sys.setswitchinterval(usual)
