"""Many files on their way at once, in threads, each with connections of its own; not how one is copied."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import SimpleQueue
from typing import Generic, Protocol, TypeVar

from verifier.backends.base import Location
from verifier.errors import NetworkError, SourceError
from verifier.transfer import Delivery, Parcel, Pulse, Route

Outcome = Delivery | SourceError
Item = TypeVar("Item")
Done = TypeVar("Done")
_Takes = TypeVar("_Takes", contravariant=True)
_Gives = TypeVar("_Gives", covariant=True)

_PATIENCE = 3
"""So many files in a row for each lane may fail for the network before the rest is not tried."""

_SECONDS_TO_STOP = 5.0


class Carrier(Protocol[_Takes, _Gives]):
    """What one lane works with: connections of its own, made by `OpenCarrier` in the lane's thread."""

    def carry(self, item: _Takes, pulse: Pulse, /) -> _Gives:
        """Bring one item to its end; what `pulse` raises ends the lane."""

    def close(self) -> None:
        """Give back all connections."""


OpenCarrier = Callable[[], Carrier[Item, Done]]


class Patience:
    """How many in a row may fail for the network before it is given up; shared by all lanes."""

    def __init__(self, workers: int) -> None:
        self._most = _PATIENCE * max(workers, 1)
        self._failed_in_a_row = 0
        self._last = ""

    @property
    def is_over(self) -> bool:
        """True once so many have failed one after the other."""
        return self._failed_in_a_row >= self._most

    def over(self) -> NetworkError:
        """Return why one more was not tried."""
        return NetworkError(f"not tried, since {self._most} files in a row failed, the last with: {self._last}")

    def learn(self, outcome: object) -> None:
        """Take in how one went."""
        if isinstance(outcome, NetworkError):
            self._failed_in_a_row += 1
            self._last = outcome.message
        else:
            self._failed_in_a_row = 0


def deliveries(
    parcels: Sequence[Parcel], source: Location, target: Location, workers: int
) -> Generator[tuple[Parcel, Outcome]]:
    """Copy files, `workers` at once (0: one after the other, in this thread), and yield each as it is done.

    Closing the iterator stops what is under way, and leaves nothing half done under its name.
    """
    patience = Patience(workers)
    return carried(parcels, lambda: _OneWay(Route(source, target), patience), workers)


def carried(items: Sequence[Item], open_carrier: OpenCarrier[Item, Done], workers: int) -> Generator[tuple[Item, Done]]:
    """Bring items to their end, `workers` at once (0: one after the other, in this thread); yield each as it is done.

    Closing the iterator stops what is under way.
    """
    lanes = _Lanes[Item, Done](items)
    if workers == 0:
        yield from lanes.drive(open_carrier())
        return
    threads = [
        threading.Thread(target=lanes.run, args=(open_carrier,), daemon=True) for _ in range(min(workers, len(items)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in items:
            yield lanes.next_done()
    finally:
        lanes.stop()
        end = time.monotonic() + _SECONDS_TO_STOP
        for thread in threads:  # who hangs in a request is left behind, so that an interrupt is never held up
            if thread.ident is not None:
                thread.join(max(end - time.monotonic(), 0))


class _StoppedError(Exception):
    """Nobody waits for the rest."""


class _Lanes(Generic[Item, Done]):
    """What the threads share: the items that wait, what is done, and whether to go on."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._waiting = deque(items)
        self._done: SimpleQueue[tuple[Item, Done] | BaseException] = SimpleQueue()
        self._stopped = threading.Event()

    def run(self, open_carrier: OpenCarrier[Item, Done]) -> None:
        """Work until nothing waits; whatever goes wrong with the lane is for the one who waits for the items."""
        try:
            for done in self.drive(open_carrier()):
                self._done.put(done)
        except _StoppedError:
            return
        except BaseException as error:  # noqa: BLE001  raised again by `next_done`, in the thread that waits
            self._done.put(error)

    def drive(self, carrier: Carrier[Item, Done]) -> Generator[tuple[Item, Done]]:
        """Yield what waits as one carrier brings it to its end, and close that."""
        try:
            while self._waiting:
                try:
                    item = self._waiting.popleft()
                except IndexError:  # another lane was faster
                    return
                self._pulse()
                yield item, carrier.carry(item, self._pulse)
        finally:
            carrier.close()

    def next_done(self) -> tuple[Item, Done]:
        """Wait for the next item that is done."""
        done = self._done.get()
        if isinstance(done, BaseException):
            raise done
        return done

    def stop(self) -> None:
        """End what is under way at its next piece."""
        self._stopped.set()

    def _pulse(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError


class _OneWay:
    """Carries over one route, until patience is over."""

    def __init__(self, route: Route, patience: Patience) -> None:
        self._route, self._patience = route, patience

    def carry(self, parcel: Parcel, pulse: Pulse) -> Outcome:
        if self._patience.is_over:
            return self._patience.over()
        try:
            outcome: Outcome = self._route.deliver(parcel, pulse)
        except SourceError as error:
            outcome = error
        self._patience.learn(outcome)
        return outcome

    def close(self) -> None:
        self._route.close()
