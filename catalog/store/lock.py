"""The lock file beside a catalog: one writer at a time, and readers that let a waiting writer through.

Not the lock on the database file itself, which DuckDB holds and which any plain `open()` and `close()` of that file in
the holder's process would drop; that is why writers also hold this one.
"""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from verifier.errors import CatalogError

_SHORTEST, _LONGEST = 0.002, 0.1


@dataclass(slots=True)
class Patience:
    """Waits between tries, jittered and growing, until the time allowed is over."""

    deadline: float
    pause: float = _SHORTEST

    @classmethod
    def of(cls, seconds: float) -> Patience:
        """Start to be patient now, for so many seconds."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.deadline - time.monotonic())

    def wait(self) -> bool:
        """Sleep a little; return False, at once, when the time is over."""
        if not self.left:
            return False
        time.sleep(min(self.left, self.pause * random.uniform(0.5, 1.5)))
        self.pause = min(_LONGEST, self.pause * 1.6)
        return True


def lock_path(database: Path) -> Path:
    """Return where the lock file of a database file stands."""
    return database.with_name(database.name + ".lock")


def holder_of(database: Path) -> int | None:
    """Return the id of the process that last took the lock for writing, or None where it is not told."""
    try:
        text = lock_path(database).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


@contextmanager
def writing(database: Path, patience: Patience) -> Iterator[None]:
    """Hold the lock for one writer. Raises CatalogError when it stays taken or cannot be made."""
    descriptor = _open_to_write(database)
    try:
        _take(descriptor, fcntl.LOCK_EX, database, patience)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        # Unlocked by hand: a forked child holds the same descriptor, and closing ours would leave the lock with it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def pass_gate(database: Path, patience: Patience) -> None:
    """Return as soon as no writer holds the lock or waits for readers to end; holds nothing afterwards.

    Without the right to open the lock file there is nothing to wait for here: DuckDB's own lock still keeps a reader
    out while a writer is in.
    """
    try:
        descriptor = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _take(descriptor, fcntl.LOCK_SH, database, patience)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


@contextmanager
def sharing(database: Path, patience: Patience) -> Iterator[None]:
    """Keep writers out, and nobody else, while the body reads the file itself. Raises CatalogError when one stays in.

    Where there is no lock file and none can be made, there was no writer yet; then nobody is kept out.
    """
    try:
        descriptor = _open_to_share(database)
    except OSError:
        yield
        return
    try:
        _take(descriptor, fcntl.LOCK_SH, database, patience)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def locked(database: Path) -> CatalogError:
    """Make the error of a catalog that stays locked."""
    pid = holder_of(database)
    who = f"locked by PID {pid}" if pid else "locked by another process"
    return CatalogError(
        f"catalog {database}: {who}, and stayed so", hint="wait for the other command to end, then try again"
    )


def _take(descriptor: int, mode: int, database: Path, patience: Patience) -> None:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        _queue(descriptor, mode, database, patience)
    except OSError as error:
        raise CatalogError(
            f"catalog {database}: its lock file cannot be locked ({error.strerror})",
            hint="keep the catalog on a local disk",
        ) from error


def _queue(descriptor: int, mode: int, database: Path, patience: Patience) -> None:
    """Wait in the kernel's queue: who asks again and again from outside it may never have a turn.

    The queue knows no time limit, so a thread stands in it, with a descriptor of its own: when nobody waits for it any
    more, closing that is what gives the lock back.
    """
    turn: Future[None] = Future()

    def stand(own: int) -> None:
        try:
            fcntl.flock(own, mode)
        except OSError as error:
            turn.set_exception(error)
        else:
            turn.set_result(None)
        finally:
            os.close(own)

    threading.Thread(target=stand, args=(os.dup(descriptor),), daemon=True, name="catalog-lock").start()
    try:
        turn.result(timeout=patience.left)
    except TimeoutError:
        raise locked(database) from None


def _open_to_share(database: Path) -> int:
    try:
        return os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(lock_path(database), os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _open_to_write(database: Path) -> int:
    path = lock_path(database)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except FileNotFoundError as error:
        raise CatalogError(
            f"catalog {database}: the folder {database.parent} does not exist", hint="make it, or name another catalog"
        ) from error
    except OSError as error:
        raise CatalogError(
            f"catalog {database}: cannot write {path.name} in {database.parent}: {error.strerror}",
            hint="the folder of a catalog must be writable, for its lock and its log",
        ) from error
