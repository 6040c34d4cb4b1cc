"""Has a function done by a process of its own, so that nobody here waits for it; what it does is not known here.

A thread would take turns with all others of this process; the process is a nice one, and its memory ends with it.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import TypeVar

from verifier.errors import CatalogError, LandproofError

A = TypeVar("A")
T = TypeVar("T")

_NICER = 10
_PR_SET_PDEATHSIG = 1
_working: set[subprocess.Popen[bytes]] = set()
"""The processes that work for this one now."""


def apart(do: Callable[[A], T], matter: A, most_seconds: float) -> T:
    """Return what a function, one of a module, gives for a matter; both ways values travel pickled.

    Raises the `LandproofError` that it raises, TimeoutError, and `CatalogError` where the process does not end well.
    """
    try:
        status, out, said = _ended(pickle.dumps((do, matter)), most_seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    except OSError as error:
        raise _not_done(type(error).__name__) from error
    if status:
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise _not_done(f"status {status}, {last or 'without a word'}")
    answer: T | LandproofError = pickle.loads(out)
    if isinstance(answer, LandproofError):
        raise answer
    return answer


def end_all() -> None:
    """End whatever is being done apart: who waits for it is told that it could not be done."""
    for process in tuple(_working):
        process.kill()


def _ended(given: bytes, most_seconds: float) -> tuple[int, bytes, bytes]:
    """Return how the process that was given this ended, and what it gave and said; it never outlives this call."""
    command = [sys.executable, "-m", "catalog.service.current.apart", str(os.getpid())]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        _working.add(process)
        try:
            out, said = process.communicate(given, timeout=most_seconds)
            return process.returncode, out, said
        finally:
            process.kill()
            _working.discard(process)


def _not_done(reason: str) -> CatalogError:
    return CatalogError(
        f"what is recorded could not be judged: the process that does it ended with {reason}",
        hint="judge it with: landproof check",
    )


def _end_with(parent: int) -> None:
    """Have this process killed when the one that started it ends, however that ends; known to Linux alone."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before it could be told
        sys.exit(1)


def main() -> None:
    """Do one thing for the process that started this one: it comes by stdin, the answer goes by stdout."""
    os.nice(_NICER)
    _end_with(int(sys.argv[1]))
    answer: object
    try:
        do, matter = pickle.load(sys.stdin.buffer)
        answer = do(matter)
    except LandproofError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))


if __name__ == "__main__":
    main()
