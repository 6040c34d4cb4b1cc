"""What a worker does with files: looks at each, at small ones of a distant store several at once; not who works."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Protocol

from verifier.backends.base import Backend, Location
from verifier.backends.references import resolved
from verifier.backends.registry import open_backend
from verifier.errors import SourceError, WorkerError
from verifier.formats.base import Limits
from verifier.formats.manifest import Manifest
from verifier.formats.pgp_keys import NO_KEYS, PgpKeys
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind, FileReport, StoredFile
from verifier.verify import read_manifest, unreadable, verify_file

TRACEBACK = "LANDPROOF_TRACEBACK"
"""The environment variable under which mistakes of the program are shown with their place, for who mends them."""

_SECONDS_TO_STOP = 5.0


@dataclass(frozen=True, slots=True)
class Task:
    """One file to look at."""

    location: Location
    file: StoredFile
    depth: Depth
    limits: Limits
    keys: PgpKeys = NO_KEYS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task; `manifest` is what a manifest says, where one could be read.

    `requests` is how many the store was sent for it, retries included, None where that cannot be counted.
    """

    report: FileReport
    manifest: Manifest | None = None
    requests: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks at one location that a worker takes together, `lanes` of them at a time."""

    tasks: tuple[Task, ...]
    lanes: int = 1


class Crew(Protocol):
    """Those who work."""

    @property
    def size(self) -> int:
        """How many batches are worked on at once."""

    @property
    def has_room(self) -> bool:
        """Whether one of them would begin with a batch at once."""

    def submit(self, batch: Batch) -> Callable[[], Sequence[Outcome]]:
        """Hand in a batch; what is returned waits for its outcomes, in order, and never raises for what a file does."""

    def close(self, *, at_once: bool) -> None:
        """Send the workers away, when they are done or, `at_once`, in the middle of what they do."""


def run_batch(batch: Batch) -> list[Outcome]:
    """Look at the files of a batch in this process and return what came of each, in order."""
    lanes = min(batch.lanes, len(batch.tasks))
    if lanes <= 1:
        return [run_task(task) for task in batch.tasks]
    return _lanes_to(batch.tasks[0].location).run(batch.tasks, lanes)


def run_task(task: Task) -> Outcome:
    """Look at one file in this thread; whatever goes wrong with one file leaves the others their chance."""
    before = _requests(task.location)
    outcome = _looked(task)
    after = _requests(task.location)
    return outcome if before is None or after is None else replace(outcome, requests=after - before)


def _looked(task: Task) -> Outcome:
    try:
        backend = _backend(task.location)
        if kind_by_name(task.file.path) is FileKind.MANIFEST:
            return Outcome(*read_manifest(backend, task.file, task.limits, task.keys))
        return Outcome(verify_file(backend, task.file, task.depth, task.limits, task.keys))
    except MemoryError:
        return not_looked(task, WorkerError("this machine has too little memory for it"))
    except SourceError as error:
        return not_looked(task, error)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        # A mistake of ours says nothing about the bytes: the file counts as not looked at. Its text may hold values.
        what = f"{type(error).__name__} in landproof itself, which is a mistake of the program"
        return not_looked(task, WorkerError(what))


def not_looked(task: Task, error: SourceError) -> Outcome:
    """Say that nobody could look at a file; nothing is said of its bytes."""
    return Outcome(unreadable(task.file, error))


def close_backends() -> None:
    """Give back the connections of this thread and of its lanes."""
    for lanes in _local.__dict__.pop("lanes", []):
        lanes.close()
    for _, backend in _local.__dict__.pop("kept", []):
        backend.close()


_local = threading.local()


def _backend(location: Location) -> Backend:
    """Return this thread's backend for a location; connections are kept from task to task."""
    if known := _known(location):
        return known
    opened = open_backend(resolved(location))
    _kept().append((location, opened))
    return opened


def _known(location: Location) -> Backend | None:
    return next((backend for known, backend in _kept() if known == location), None)


def _kept() -> list[tuple[Location, Backend]]:
    kept: list[tuple[Location, Backend]] = _local.__dict__.setdefault("kept", [])
    return kept


def _requests(location: Location) -> int | None:
    """Return how many requests this thread's backend has sent so far, None where that cannot be counted."""
    backend = _known(location)
    if backend is None:
        return 0
    return backend.requests if backend.capabilities.counts_requests else None


def _lanes_to(location: Location) -> _Lanes:
    """Return this thread's lanes to a location; those to another are given up, since zones come one after the other."""
    kept: list[_Lanes] = _local.__dict__.setdefault("lanes", [])
    if kept and kept[0].location != location:
        kept.pop().close()
    if not kept:
        kept.append(_Lanes(location))
    return kept[0]


_Done = SimpleQueue[tuple[int, "Outcome | BaseException"]]


class _Lanes:
    """Threads that look at files of one location, each over connections of its own, kept from batch to batch."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._waiting: SimpleQueue[tuple[int, Task, _Done] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def run(self, tasks: Sequence[Task], count: int) -> list[Outcome]:
        """Look at all files, `count` at a time, and return what came of each, in order."""
        done: _Done = SimpleQueue()
        for number, task in enumerate(tasks):
            self._waiting.put((number, task, done))
        while len(self._threads) < count:
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()
        outcomes: dict[int, Outcome] = {}
        for _ in tasks:
            number, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes[number] = outcome
        return [outcomes[number] for number in range(len(tasks))]

    def close(self) -> None:
        """Let the threads go; who hangs in a request is left behind, so that an interrupt is never held up."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()
        for _ in self._threads:
            self._waiting.put(None)
        end = time.monotonic() + _SECONDS_TO_STOP
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0))

    def _work(self) -> None:
        while waiting := self._waiting.get():
            number, task, done = waiting
            try:
                done.put((number, run_task(task)))
            except BaseException as error:  # noqa: BLE001  raised again by `run`, in the thread that waits
                done.put((number, error))
        close_backends()
