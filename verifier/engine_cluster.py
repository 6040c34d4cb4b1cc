"""A crew of the workers of a Dask cluster; not what a worker does with a file.

Only this module knows Dask, and imports it on use. Workers find their secrets themselves: a location travels with
references in place of them.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from typing import Any

from verifier.backends.base import Location
from verifier.backends.references import Reference
from verifier.engine_work import Batch, Outcome, Task, not_looked, run_batch
from verifier.errors import NetworkError, SourceError, UsageError, WorkerError
from verifier.formats.pgp_keys import NO_KEYS, PgpKeys

_NAME = "landproof"
_CONNECT_SECONDS = 10
_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 60.0
"""How long a cluster may be without workers before it counts as lost."""

_QUIET = logging.CRITICAL + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Luggage:
    """What travels in place of secrets: locations as they are and as they travel, references to keys of PGP."""

    locations: Sequence[tuple[Location, Location]] = ()
    keys: Sequence[Reference] = ()
    passphrases: Sequence[Reference] = ()

    def packed(self, task: Task) -> Task:
        """Return a task as it may travel: without keys, which the workers find themselves."""
        travelling = next(theirs for ours, theirs in self.locations if ours == task.location)
        return replace(task, location=travelling, keys=NO_KEYS)

    def opened(self) -> PgpKeys:
        """Return the keys of PGP, where they are needed. Raises `DeniedError` where they are not there."""
        found, phrases = ([one.resolve(os.environ) for one in refs] for refs in (self.keys, self.passphrases))
        return PgpKeys(found, phrases)


class Cluster:
    """The workers of a Dask cluster. Dask tries elsewhere what a worker that died was at.

    A batch on which workers die again and again is taken apart, each file tried once more alone.
    """

    def __init__(self, address: str, luggage: Luggage) -> None:
        """Connect to the scheduler.

        Raises `UsageError` without Dask or with workers of another version, `NetworkError` where none is reached.
        """
        self._address = address
        self._luggage = luggage
        self._dask = _dask()
        self._lost: WorkerError | None = None
        self._threads = 0
        self._client = self._connected()
        try:
            self._refuse_others()
        except BaseException:
            self.close(at_once=True)
            raise
        self._executor = self._client.get_executor(pure=False)
        self._under_way: set[Future[list[Outcome]]] = set()
        self._seen_at = time.monotonic()

    @property
    def size(self) -> int:
        """How many batches are worked on at once: one in each thread of the workers there are now."""
        return self._threads

    @property
    def has_room(self) -> bool:
        """Whether a worker would begin with a batch at once."""
        self._under_way = {future for future in self._under_way if not future.done()}
        return len(self._under_way) < self._threads

    def submit(self, batch: Batch) -> Callable[[], Sequence[Outcome]]:
        """Hand in a batch."""
        try:
            future = self._handed_in(batch)
        except WorkerError:
            return lambda: self._not_looked(batch)
        return cache(lambda: self._outcomes(future, batch))

    def close(self, *, at_once: bool) -> None:
        """Leave the cluster as it was; what it has not finished is called off."""
        with suppress(Exception):  # whatever a scheduler that is gone or going does to who leaves it
            self._client.close(timeout=0 if at_once else _CONNECT_SECONDS)

    def _handed_in(self, batch: Batch) -> Future[list[Outcome]]:
        if self._lost:
            raise self._lost
        sent = replace(batch, tasks=tuple(map(self._luggage.packed, batch.tasks)))
        keys = replace(self._luggage, locations=())
        try:
            future: Future[list[Outcome]] = self._executor.submit(work_for, version(_NAME), sent, keys)
        except Exception as error:
            raise self._lose("the connection to the scheduler was lost") from error
        self._under_way.add(future)
        return future

    def _outcomes(self, future: Future[list[Outcome]], batch: Batch) -> Sequence[Outcome]:
        try:
            return self._result(future)
        except WorkerError:
            return self._not_looked(batch)
        except self._dask.KilledWorker:
            return [self._alone(task) for task in batch.tasks]
        except Exception as error:  # noqa: BLE001  of what Dask raises for it, only the name is safe to tell
            what = f"{type(error).__name__} on a worker of the cluster"
            return [not_looked(task, WorkerError(what)) for task in batch.tasks]

    def _alone(self, task: Task) -> Outcome:
        """Try a task once more by itself, since the one that killed workers took its neighbours with it."""
        try:
            return self._result(self._handed_in(Batch((task,))))[0]
        except WorkerError as error:
            return not_looked(task, error)
        except self._dask.KilledWorker:
            return not_looked(task, WorkerError("the workers that read it died again and again"))
        except Exception as error:  # noqa: BLE001  as above
            return not_looked(task, WorkerError(f"{type(error).__name__} on a worker of the cluster"))

    def _not_looked(self, batch: Batch) -> Sequence[Outcome]:
        return [not_looked(task, self._lost or WorkerError("the cluster is lost")) for task in batch.tasks]

    def _result(self, future: Future[list[Outcome]]) -> list[Outcome]:
        """Wait for a result while there is somebody who may give it. Raises `WorkerError` when the cluster is lost."""
        while True:
            try:
                return future.result(timeout=_POLL_SECONDS)
            except TimeoutError:
                self._watch()
            except CancelledError as error:
                raise self._lose("the connection to the scheduler was lost") from error

    def _watch(self) -> None:
        if self._lost:
            raise self._lost
        if self._client.status != "running":
            raise self._lose("the connection to the scheduler was lost")
        self._count_threads()
        if self._threads:
            self._seen_at = time.monotonic()
        elif time.monotonic() - self._seen_at > _PATIENCE_SECONDS:
            raise self._lose("the cluster has no workers any more")

    def _lose(self, what: str) -> WorkerError:
        self._lost = self._lost or WorkerError(what)
        return self._lost

    def _count_threads(self) -> None:
        try:
            threads: Mapping[str, int] = self._client.nthreads()
        except Exception as error:
            raise self._lose("the connection to the scheduler was lost") from error
        self._threads = sum(threads.values())

    def _connected(self) -> Any:
        hint = "is the scheduler running there, and may this machine reach it? --engine local does without"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Dask's own comparison of versions; ours is stricter where it counts
                return self._dask.Client(self._address, timeout=_CONNECT_SECONDS, name=_NAME, set_as_default=False)
        except (ValueError, TypeError) as error:
            raise UsageError(f"--scheduler: {self._address!r} is no address", hint="write tcp://HOST:8786") from error
        except OSError as error:
            raise NetworkError(f"the scheduler at {self._address} does not answer", hint=hint) from error

    def _refuse_others(self) -> None:
        """Raise unless there are workers, and all of them have landproof of this version."""
        self._count_threads()
        with suppress(self._dask.TimeoutError):
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        found: Mapping[str, object] = self._client.run(version, _NAME, on_error="return")
        if not found:
            hint = "start some: dask worker"
            raise NetworkError(f"the scheduler at {self._address} has no workers", hint=hint)
        self._count_threads()
        for worker, theirs in sorted(found.items()):
            if theirs != version(_NAME):
                has = f"landproof {theirs}" if isinstance(theirs, str) else "no landproof"
                raise UsageError(
                    f"the worker at {worker} has {has}, this is {version(_NAME)}",
                    hint="install the same version of landproof on all workers",
                )


def work_for(wanted: str, batch: Batch, luggage: Luggage) -> list[Outcome]:
    """Look at the files of a batch on a worker for a landproof of this version; any other may judge otherwise."""
    try:
        if wanted != version(_NAME):
            raise WorkerError(f"the worker has landproof {version(_NAME)}, asked for was {wanted}")
        keys = luggage.opened()
    except SourceError as error:
        return [not_looked(task, error) for task in batch.tasks]
    outcomes = run_batch(replace(batch, tasks=tuple(replace(task, keys=keys) for task in batch.tasks)))
    # Dask may have had all of this done before, by a worker that died: what that sent, nobody knows
    return [replace(outcome, requests=None) for outcome in outcomes]


def _dask() -> Any:
    """Import Dask and keep it from writing to the terminal. Raises `UsageError` where it is not installed."""
    try:
        import distributed
    except ImportError as error:
        raise UsageError("--engine dask needs Dask", hint='install it: pip install "landproof[dask]"') from error
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(_QUIET)
    return distributed
