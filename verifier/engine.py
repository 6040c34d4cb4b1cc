"""Many files over a crew of workers: small ones in batches, large ones alone.

How a file is looked at is the business of `verifier.verify`, who the workers are that of the crews.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from verifier.backends.pace import Pace, Rates, set_pace
from verifier.backends.registry import named_kind
from verifier.engine_local import Here, Processes
from verifier.engine_work import Batch, Crew, Outcome, Task
from verifier.model import Depth

__all__ = ["Engine", "Outcome", "Pending", "Rates", "Task"]

SMALL_BYTES = 8 << 20
"""Up to this size a file shares a worker with others while its bytes are on their way."""

_STRUCTURE_BYTES = 128 << 10
"""What a look at a file's structure alone reads, about."""

BATCH_FILES = 128
BATCH_BYTES = 32 << 20
"""What one worker holds of small files at most."""

_NEAR_BYTES = 256 << 10
_NEAR_BATCH_BYTES = 1 << 20
"""The same of files that are read one after the other: so few that workers end at about the same time."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A task on its way; `result` waits for it and never raises for what a file does."""

    task: Task
    result: Callable[[], Outcome]


class Engine:
    """Has tasks worked on by a crew: `workers` processes, or this one when `workers` is 0.

    A context manager: while it is entered, this process and the workers together keep to its rates.
    """

    def __init__(self, workers: int, crew: Crew | None = None, rates: Rates | None = None) -> None:
        """Take a number of processes of this machine, or else a crew of another kind."""
        self._pace = Pace(rates or Rates())
        self._crew: Crew = crew or (Processes(workers, self._pace) if workers else Here())
        self._gathered: _Gathered | None = None

    def __enter__(self) -> Engine:
        set_pace(self._pace)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        set_pace(None)
        # When the scan failed, nobody waits for what is half read.
        self._crew.close(at_once=kind is not None)

    @property
    def in_flight(self) -> int:
        """How many tasks are worth handing in before the first answer is waited for."""
        return max(2 * self._crew.size, 1) * BATCH_FILES

    def submit(self, task: Task) -> Pending:
        """Hand in one task."""
        lanes = named_kind(task.location.kind).lanes(self._crew.size)
        is_small = _cost(task) <= (SMALL_BYTES if lanes > 1 else _NEAR_BYTES)
        gathered = self._gathered if is_small else None
        if gathered is None or not gathered.takes(task):
            gathered = _Gathered(lanes)
            if is_small:
                self._hand_in(self._gathered)
                self._gathered = gathered
        number = gathered.add(task)
        if not is_small or gathered.is_full:
            self._hand_in(gathered)
        return Pending(task, lambda: self._outcomes(gathered)[number])

    def _outcomes(self, gathered: _Gathered) -> Sequence[Outcome]:
        self._hand_in(gathered)
        if self._crew.has_room:
            self._hand_in(self._gathered)
        return gathered.outcomes()

    def _hand_in(self, gathered: _Gathered | None) -> None:
        """Hand in what was gathered, unless that was done already."""
        if gathered is not None and gathered.wait is None:
            gathered.wait = self._crew.submit(Batch(tuple(gathered.tasks), gathered.lanes))
            if gathered is self._gathered:
                self._gathered = None


@dataclass(slots=True)
class _Gathered:
    """Tasks that are to be handed in together; `wait` waits for them once they are."""

    lanes: int
    tasks: list[Task] = field(default_factory=list)
    bytes: int = 0
    wait: Callable[[], Sequence[Outcome]] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.tasks) >= BATCH_FILES or self.bytes >= self._most_bytes

    @property
    def _most_bytes(self) -> int:
        return BATCH_BYTES if self.lanes > 1 else _NEAR_BATCH_BYTES

    def takes(self, task: Task) -> bool:
        """Tell whether a task fits in: it is at the same place, and small enough for what room is left."""
        return self.tasks[0].location == task.location and self.bytes + _cost(task) <= self._most_bytes

    def add(self, task: Task) -> int:
        """Take in a task and return its place among the others."""
        self.tasks.append(task)
        self.bytes += _cost(task)
        return len(self.tasks) - 1

    def outcomes(self) -> Sequence[Outcome]:
        """Wait for the outcomes, in the order of the tasks."""
        assert self.wait is not None
        return self.wait()


def _cost(task: Task) -> int:
    """Return how many bytes a look at a file reads, about."""
    return task.file.size if task.depth is Depth.FULL else min(task.file.size, _STRUCTURE_BYTES)
