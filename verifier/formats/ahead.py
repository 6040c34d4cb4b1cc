"""Make the pieces of a stream in a thread of its own while those before them are judged; not what they are made of."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from verifier.formats.base import MIB

PIECE = 2 * MIB
"""How large pieces should be: after each call into C the thread waits for its turn, which small ones do not repay."""

_PIECES = 6
_TURN_SECONDS = 0.0001
_WORTH_BYTES = 4 * MIB


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
