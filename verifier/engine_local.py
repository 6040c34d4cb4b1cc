"""The crews of one machine: worker processes, or this process alone; not what a worker does with a file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing.connection import Connection, wait

from verifier.backends.pace import Pace, set_pace
from verifier.engine_work import Batch, Outcome, Task, close_backends, not_looked, run_batch
from verifier.errors import WorkerError

_PRELOAD = ["verifier.engine_work"]


class Here:
    """This process: a batch is worked on when its outcomes are asked for."""

    size = 0
    has_room = False

    def submit(self, batch: Batch) -> Callable[[], Sequence[Outcome]]:
        """Return what works on the batch, once."""
        return cache(lambda: run_batch(batch))

    def close(self, *, at_once: bool) -> None:
        """Give back the connections."""
        close_backends()


class Processes:
    """Worker processes, each led by a thread of this one, so that a crash in native code costs a worker, not the scan.

    A worker that dies was at one batch only: each file of that is tried once more alone, and only what kills a worker
    again counts as unreadable.
    """

    def __init__(self, count: int, pace: Pace) -> None:
        """Take how many there are to be and the pace they keep to together; each starts when there is work for it."""
        self.size = count
        self._pace = pace
        self._leaders = ThreadPoolExecutor(count, thread_name_prefix="leader")
        self._led = threading.local()
        self._under_way = 0
        self._workers: list[_Worker] = []
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def has_room(self) -> bool:
        """Whether a worker would begin with a batch at once."""
        return self._under_way < self.size

    def submit(self, batch: Batch) -> Callable[[], Sequence[Outcome]]:
        """Hand in a batch; it begins when a worker is free."""
        handed = self._leaders.submit(self._lead, batch)
        with self._lock:
            self._under_way += 1
        handed.add_done_callback(self._note_end)
        return handed.result

    def close(self, *, at_once: bool) -> None:
        """End the workers: when they are done, or in the middle, since a large file would hold that up for minutes."""
        self._is_closed = at_once
        if at_once:
            self._end()
        self._leaders.shutdown(wait=True, cancel_futures=True)
        self._end()

    def _note_end(self, _: object) -> None:
        with self._lock:
            self._under_way -= 1

    def _lead(self, batch: Batch) -> list[Outcome]:
        try:
            return self._worker().do(batch)
        except WorkerError:
            # what the dead worker had sent by then, nobody knows
            return [replace(self._alone(task), requests=None) for task in batch.tasks]

    def _alone(self, task: Task) -> Outcome:
        """Try a task once more by itself, since the one that killed a worker took its neighbours with it."""
        try:
            return self._worker().do(Batch((task,)))[0]
        except WorkerError:
            return not_looked(task, WorkerError("the worker that read it died twice"))

    def _worker(self) -> _Worker:
        """Return the living worker that this thread leads."""
        worker: _Worker | None = getattr(self._led, "worker", None)
        if worker is not None and worker.is_alive:
            return worker
        with self._lock:
            if self._is_closed:
                raise WorkerError("the scan was given up")
            if worker is not None:
                self._workers.remove(worker)
            self._led.worker = fresh = _Worker(self._pace)
            self._workers.append(fresh)
        return fresh

    def _end(self) -> None:
        with self._lock:
            for worker in self._workers:
                worker.end()


class _Worker:
    """One process and the pipe to it, whose other end only that process holds: it breaks when the process dies."""

    def __init__(self, pace: Pace) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOAD)
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, pace), daemon=True)
        self._process.start()
        theirs.close()
        self.is_alive = True

    def do(self, batch: Batch) -> list[Outcome]:
        """Have a batch worked on. Raises `WorkerError` when the process dies, and what the work itself raised."""
        try:
            self._pipe.send(batch)
            answer: list[Outcome] | Exception = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.is_alive = False
            self._process.join()
            raise WorkerError("the worker died") from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """End the process, whatever it is at; a second call does nothing."""
        self._process.terminate()
        self._process.join()


def _serve(pipe: Connection, pace: Pace) -> None:
    """Work on what comes until nothing does; leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_pace(pace)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    while True:
        try:
            batch = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(run_batch(batch))
        except Exception as error:  # noqa: BLE001  raised again by `_Worker.do`, where it is waited for
            pipe.send(error)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
