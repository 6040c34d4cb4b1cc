"""Which snapshot is that of which run: by the run's id in a manifest's name, else by time, else by the slot of both.

Pure. Of one dataset a run has at most one snapshot, and a snapshot at most one run. What they come to against each
other is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.adobe.model import Run, RunStatus
from catalog.adobe.reconcile_values import Export, Stream, Way, wrote
from catalog.schedule import Schedule, shift

MARGIN = timedelta(minutes=5)
"""How far before its start and after its end an export time may lie and still be that of a run."""

Distance = tuple[timedelta, timedelta]
Found = dict[str, tuple[Export, Way]]
"""By the id of a run its snapshot, and by what it was found to be that."""

_NONE = timedelta()


def began_at(run: Run) -> datetime | None:
    """Return when a run began, or else when it was recorded."""
    return run.started_at or run.created_at


def ended_at(run: Run) -> datetime | None:
    """Return when a run ended, as far as that is told: not before it began."""
    ends = [moment for moment in (run.completed_at or run.updated_at, began_at(run)) if moment]
    return max(ends, default=None)


def slot_of(run: Run, schedule: Schedule | None) -> datetime | None:
    """Return when the slot was due in which a run began; None without a schedule, and before its first slot."""
    began = began_at(run)
    return None if schedule is None or began is None else schedule.slot_of(began)


def match(runs: Sequence[Run], stream: Stream, schedule: Schedule | None) -> Found:
    """Return the snapshots of the runs.

    What says that it wrote something comes first and what failed comes late: of a run that failed and the one that made
    up for it, both of one slot, the second has the snapshot.
    """
    matching = _Matching(stream, schedule)
    matching.by_manifest(runs)
    alive = [run for run in runs if run.status is RunStatus.SUCCESS and wrote(run) is not False]
    partial = [run for run in runs if run.status is RunStatus.PARTIAL]
    under_way = [run for run in runs if run.status is RunStatus.IN_PROGRESS]
    rest = [run for run in runs if run.status in (RunStatus.FAILED, RunStatus.UNKNOWN)]
    empty = [run for run in runs if run.status is RunStatus.SUCCESS and wrote(run) is False]
    for tier in (alive, partial):
        matching.nearest(tier, Way.TIME, matching.apart_in_time)
    for tier in (alive, partial):
        matching.nearest(tier, Way.SLOT, matching.apart_in_slot)
    for tier in (under_way, rest, empty):
        matching.nearest(tier, Way.TIME, matching.apart_in_time)
        matching.nearest(tier, Way.SLOT, matching.apart_in_slot)
    return matching.found


@dataclass(slots=True)
class _Matching:
    stream: Stream
    schedule: Schedule | None
    found: Found = field(default_factory=dict)
    _free: list[Export] = field(default_factory=list)

    def by_manifest(self, runs: Iterable[Run]) -> None:
        """Give each run the snapshot whose manifest names it, the first of several.

        Where manifests name runs that are known, one that names another is not up for guessing.
        """
        self._free = sorted(self.stream.exports, key=lambda e: (e.id.export_at, e.id.export_time))
        for run in runs:
            own = next((e for e in self._free if run.id.lower() in e.run_ids), None)
            if own is not None:
                self._take(run, own, Way.MANIFEST)
        if self.found:
            self._free = [export for export in self._free if not export.run_ids]

    def nearest(self, runs: Iterable[Run], way: Way, apart: Callable[[Run, Export], Distance | None]) -> None:
        """Give runs and snapshots that are left to each other, the nearest first."""
        waiting = [run for run in runs if run.id not in self.found]
        near = [
            (distance, export.id.export_at, run.id, run, export)
            for run in waiting
            for export in self._free
            if (distance := apart(run, export)) is not None
        ]
        for *_, run, export in sorted(near, key=lambda one: one[:3]):
            if run.id not in self.found and export in self._free:
                self._take(run, export, way)

    def apart_in_time(self, run: Run, export: Export) -> Distance | None:
        """Return how far an export time lies outside a run, and from its beginning; None beyond the margin."""
        began, ended, at = began_at(run), ended_at(run), export.id.export_at
        if began is None or ended is None:
            return None
        if run.status is RunStatus.IN_PROGRESS:
            ended = began  # it may be stuck for days, in which others export
        outside = max(began - at, at - ended, _NONE)
        return None if outside > MARGIN else (outside, abs(at - began))

    def apart_in_slot(self, run: Run, export: Export) -> Distance | None:
        """Return how far an export time lies from the beginning of a run in the same slot; None in another."""
        began, due_at = began_at(run), slot_of(run, self.schedule)
        if self.schedule is None or began is None or due_at is None:
            return None
        at = export.id.export_at
        return (_NONE, abs(at - began)) if self.schedule.slot_of(at) == due_at else None

    def _take(self, run: Run, export: Export, way: Way) -> None:
        self.found[run.id] = (export, way)
        self._free = [other for other in self._free if other is not export]


def sure_at(run: Run, stream: Stream, schedule: Schedule | None) -> datetime | None:
    """Return from when on a snapshot of a run must be there: once it has settled and the grace of its slot is over."""
    ended, due_at = ended_at(run), slot_of(run, schedule)
    if ended is None:
        return None
    settled = shift(ended, stream.quiet)
    return settled if schedule is None or due_at is None else max(settled, schedule.deadline(due_at))
