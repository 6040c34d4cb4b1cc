"""Watch processes of this machine: who has a file open, who carries a mark; end or starve only those a test started."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


def readers_of(path: Path) -> set[int]:
    """Return the processes, other than this one, that have a file open."""
    found = set()
    for links in _PROC.glob("[0-9]*/fd"):
        pid = int(links.parent.name)
        try:
            if pid != os.getpid() and any(link.readlink() == path for link in links.iterdir()):
                found.add(pid)
        except OSError:
            continue
    return found


def marked(mark: str) -> set[int]:
    """Return the living processes, other than this one, whose environment holds a mark."""
    found = set()
    for folder in _PROC.glob("[0-9]*"):
        try:
            is_ours = mark.encode() in (folder / "environ").read_bytes()
            is_alive = " Z " not in (folder / "stat").read_text()
        except OSError:
            continue
        if is_ours and is_alive and int(folder.name) != os.getpid():
            found.add(int(folder.name))
    return found


def until(is_so: Callable[[], object], seconds: float = 20) -> bool:
    """Wait until something is so; tell whether it came to be."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class _Watch:
    """Does something to whoever reads a file, in a thread of its own, while it is entered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError


class Killer(_Watch):
    """Kills whoever reads a file, so many times; a context manager that knows whom it killed."""

    def __init__(self, path: Path, times: int) -> None:
        super().__init__(path)
        self.killed: list[int] = []
        self._times = times

    def _run(self) -> None:
        while len(self.killed) < self._times and not self._over.wait(0.02):
            for pid in readers_of(self._path) - set(self.killed):
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)


class Starver(_Watch):
    """Lets whoever reads a file take so many bytes of address space more and no further; a context manager."""

    def __init__(self, path: Path, spare_bytes: int) -> None:
        super().__init__(path)
        self.starved: set[int] = set()
        self._spare_bytes = spare_bytes

    def _run(self) -> None:
        while not self._over.wait(0.01):
            for pid in readers_of(self._path) - self.starved:
                try:
                    pages = int((_PROC / str(pid) / "statm").read_text().split()[0])
                    most = pages * resource.getpagesize() + self._spare_bytes
                    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
                except (OSError, ValueError):
                    continue
                self.starved.add(pid)


@contextmanager
def one_process(start: str) -> Iterator[Executor]:
    """Run calls in one process of a start method; killed at the end, since a pool might wait for ever."""
    others = set(multiprocessing.active_children())
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(start)) as executor:
        try:
            yield executor
        finally:
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
