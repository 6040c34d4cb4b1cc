"""Which snapshot is that of which run: by the run's id in a manifest's name, else by time, else by the slot of both.

Pure. Of one dataset a run has at most one snapshot, and a snapshot at most one run. What they come to against each
other is not decided here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
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
        matching.nearest(tier, Way.TIME, matching.near_in_time)
    for tier in (alive, partial):
        matching.nearest(tier, Way.SLOT, matching.near_in_slot)
    for tier in (under_way, rest, empty):
        matching.nearest(tier, Way.TIME, matching.near_in_time)
        matching.nearest(tier, Way.SLOT, matching.near_in_slot)
    return matching.found


class _Matching:
    """What is matched so far, and which snapshots of a dataset are left, by time and by slot."""

    def __init__(self, stream: Stream, schedule: Schedule | None) -> None:
        self.found: Found = {}
        self._schedule = schedule
        self._exports = sorted(stream.exports, key=lambda e: (e.id.export_at, e.id.export_time))
        self._times = [export.id.export_at for export in self._exports]
        self._free = {export.id for export in self._exports}
        self._by_slot: dict[datetime | None, list[Export]] = {}
        if schedule is not None:
            for export in self._exports:
                self._by_slot.setdefault(schedule.slot_of(export.id.export_at), []).append(export)

    def by_manifest(self, runs: Iterable[Run]) -> None:
        """Give each run the snapshot whose manifest names it, the first of several.

        Where manifests name runs that are known, one that names another is not up for guessing.
        """
        named: dict[str, list[Export]] = {}
        for export in self._exports:
            for run_id in export.run_ids:
                named.setdefault(run_id, []).append(export)
        for run in runs:
            own = next((e for e in named.get(run.id.lower(), ()) if e.id in self._free), None)
            if own is not None:
                self._take(run, own, Way.MANIFEST)
        if self.found:
            self._free -= {export.id for export in self._exports if export.run_ids}

    def nearest(self, runs: Iterable[Run], way: Way, near: Callable[[Run], Iterable[tuple[Distance, Export]]]) -> None:
        """Give runs and snapshots that are left to each other, the nearest first."""
        found = [
            (distance, export.id.export_at, run.id, run, export)
            for run in runs
            if run.id not in self.found
            for distance, export in near(run)
            if export.id in self._free
        ]
        for *_, run, export in sorted(found, key=lambda one: one[:3]):
            if run.id not in self.found and export.id in self._free:
                self._take(run, export, way)

    def near_in_time(self, run: Run) -> Iterator[tuple[Distance, Export]]:
        """Yield the snapshots of the time of a run, with how far outside it they lie, and how far from its beginning.

        One that is under way may be stuck for days, in which others export: its time is when it began.
        """
        began = began_at(run)
        ended = began if run.status is RunStatus.IN_PROGRESS else ended_at(run)
        if began is None or ended is None:
            return
        first = bisect_left(self._times, shift(began, -MARGIN))
        last = bisect_right(self._times, shift(ended, MARGIN))
        for export in self._exports[first:last]:
            at = export.id.export_at
            yield (max(began - at, at - ended, _NONE), abs(at - began)), export

    def near_in_slot(self, run: Run) -> Iterator[tuple[Distance, Export]]:
        """Yield the snapshots of the slot of a run, with how far from its beginning they lie."""
        began, due_at = began_at(run), slot_of(run, self._schedule)
        if began is not None and due_at is not None:
            for export in self._by_slot.get(due_at, ()):
                yield (_NONE, abs(export.id.export_at - began)), export

    def _take(self, run: Run, export: Export, way: Way) -> None:
        self.found[run.id] = (export, way)
        self._free.discard(export.id)


def sure_at(run: Run, stream: Stream, schedule: Schedule | None) -> datetime | None:
    """Return from when on a snapshot of a run must be there: once it has settled and the grace of its slot is over."""
    ended, due_at = ended_at(run), slot_of(run, schedule)
    if ended is None:
        return None
    settled = shift(ended, stream.quiet)
    return settled if schedule is None or due_at is None else max(settled, schedule.deadline(due_at))
