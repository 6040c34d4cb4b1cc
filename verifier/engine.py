"""Many files over worker processes, so that a crash in native code takes down a worker and not the scan.

Decides who looks at a file and in which order answers come back; how to look is the business of `verifier.verify`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType

from verifier.backends.base import Backend, Location
from verifier.backends.registry import open_backend
from verifier.errors import WorkerError
from verifier.formats.base import Limits
from verifier.formats.manifest import Manifest
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind, FileReport, StoredFile
from verifier.verify import read_manifest, unreadable, verify_file

TRACEBACK = "LANDPROOF_TRACEBACK"
"""The environment variable under which mistakes of the program are shown with their place, for who mends them."""

_PRELOAD = ["verifier.verify"]


@dataclass(frozen=True, slots=True)
class Task:
    """One file to look at."""

    location: Location
    file: StoredFile
    depth: Depth
    limits: Limits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task; `manifest` is what a manifest says, where one could be read."""

    report: FileReport
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A task on its way; `result` waits for it and never raises for what a file does."""

    task: Task
    result: Callable[[], Outcome]


def run_task(task: Task) -> Outcome:
    """Look at one file in this process; whatever goes wrong with one file leaves the others their chance."""
    try:
        backend = _backend(task.location)
        if kind_by_name(task.file.path) is FileKind.MANIFEST:
            return Outcome(*read_manifest(backend, task.file, task.limits))
        return Outcome(verify_file(backend, task.file, task.depth, task.limits))
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        # A mistake of ours says nothing about the bytes: the file counts as not looked at. Its text may hold values.
        what = f"{type(error).__name__} in landproof itself, which is a mistake of the program"
        return Outcome(unreadable(task.file, WorkerError(what)))


class Engine:
    """Runs tasks in `workers` processes, or in this one when `workers` is 0. A context manager."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._retry_pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Engine:
        if self._workers:
            self._pool = _pool(self._workers)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if kind is not None:
            # Nobody waits for what is half read: a large file would hold up an interrupted run for minutes.
            for worker in multiprocessing.active_children():
                worker.terminate()
        for pool in (self._pool, self._retry_pool):
            if pool:
                pool.shutdown(wait=True, cancel_futures=True)
        close_backends()

    @property
    def in_flight(self) -> int:
        """How many tasks are worth handing in before the first answer is waited for."""
        return max(4 * self._workers, 1)

    def submit(self, task: Task) -> Pending:
        """Hand in one task."""
        if self._pool is None:
            return Pending(task, lambda: run_task(task))
        try:
            future = self._pool.submit(run_task, task)
        except BrokenProcessPool:
            self._pool = _pool(self._workers)
            future = self._pool.submit(run_task, task)
        return Pending(task, lambda: self._outcome(future, task))

    def _outcome(self, future: Future[Outcome], task: Task) -> Outcome:
        try:
            return future.result()
        except BrokenProcessPool:
            return self._alone(task)

    def _alone(self, task: Task) -> Outcome:
        """Try a task once more by itself, since the one that killed a worker takes its neighbours with it."""
        if self._retry_pool is None:
            self._retry_pool = _pool(1)
        try:
            return self._retry_pool.submit(run_task, task).result()
        except BrokenProcessPool:
            self._retry_pool.shutdown(wait=False)
            self._retry_pool = None
            return Outcome(unreadable(task.file, WorkerError("the worker that read it died twice")))


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


_local = threading.local()


def _backend(location: Location) -> Backend:
    """Return this thread's backend for a location; connections are kept from task to task."""
    kept: list[tuple[Location, Backend]] = _local.__dict__.setdefault("kept", [])
    for known, backend in kept:
        if known == location:
            return backend
    kept.append((location, open_backend(location)))
    return kept[-1][1]


def close_backends() -> None:
    """Give back this thread's connections."""
    for _, backend in _local.__dict__.pop("kept", []):
        backend.close()
