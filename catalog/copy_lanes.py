"""Many files on their way at once, in threads, each with connections of its own; not how one is copied."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from queue import SimpleQueue

from verifier.backends.base import Location
from verifier.errors import NetworkError, SourceError
from verifier.transfer import Delivery, Parcel, Route

Outcome = Delivery | SourceError

_PATIENCE = 3
"""So many files in a row for each lane may fail for the network before the rest is not tried."""

_SECONDS_TO_STOP = 5.0


def deliveries(
    parcels: Sequence[Parcel], source: Location, target: Location, workers: int
) -> Generator[tuple[Parcel, Outcome]]:
    """Copy files, `workers` at once (0: one after the other, in this thread), and yield each as it is done.

    Closing the iterator stops what is under way, and leaves nothing half done under its name.
    """
    lanes = _Lanes(parcels, max(workers, 1))
    if workers == 0:
        yield from lanes.drive(Route(source, target))
        return
    threads = [
        threading.Thread(target=lanes.run, args=(source, target), daemon=True)
        for _ in range(min(workers, len(parcels)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in parcels:
            yield lanes.next_done()
    finally:
        lanes.stop()
        end = time.monotonic() + _SECONDS_TO_STOP
        for thread in threads:  # who hangs in a request is left behind, so that an interrupt is never held up
            if thread.ident is not None:
                thread.join(max(end - time.monotonic(), 0))


class _StoppedError(Exception):
    """Nobody waits for the rest."""


class _Lanes:
    """What the threads share: the files that wait, what is done, and whether to go on."""

    def __init__(self, parcels: Sequence[Parcel], count: int) -> None:
        self._waiting = deque(parcels)
        self._done: SimpleQueue[tuple[Parcel, Outcome] | BaseException] = SimpleQueue()
        self._stopped = threading.Event()
        self._failed_in_a_row = 0
        self._most_in_a_row = _PATIENCE * count

    def run(self, source: Location, target: Location) -> None:
        """Copy what waits until nothing does; whatever else goes wrong is for the one who waits for the files."""
        try:
            for done in self.drive(Route(source, target)):
                self._done.put(done)
        except _StoppedError:
            return
        except BaseException as error:  # noqa: BLE001  raised again by `next_done`, in the thread that waits
            self._done.put(error)

    def drive(self, route: Route) -> Generator[tuple[Parcel, Outcome]]:
        """Yield what waits as it is copied over one route, and close that."""
        try:
            while parcel := self._next():
                yield parcel, self._deliver(route, parcel)
        finally:
            route.close()

    def next_done(self) -> tuple[Parcel, Outcome]:
        """Wait for the next file that is done."""
        done = self._done.get()
        if isinstance(done, BaseException):
            raise done
        return done

    def stop(self) -> None:
        """End what is under way at its next piece."""
        self._stopped.set()

    def _next(self) -> Parcel | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _pulse(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError

    def _deliver(self, route: Route, parcel: Parcel) -> Outcome:
        self._pulse()
        if self._failed_in_a_row >= self._most_in_a_row:
            return NetworkError(f"not tried, since the {self._most_in_a_row} files before it failed for the network")
        try:
            outcome: Outcome = route.deliver(parcel, self._pulse)
        except SourceError as error:
            outcome = error
        self._failed_in_a_row = self._failed_in_a_row + 1 if isinstance(outcome, NetworkError) else 0
        return outcome
