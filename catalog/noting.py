"""What a check noticed that was not known before, as one entry; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog.judging.transitions import transitions
from catalog.judging.values import SlotStatus
from catalog.scans.results import Watch
from catalog.segments.names import SegmentKind
from catalog.store.entries import Entry
from catalog.store.promises import ScheduleRecord, SlotRecord

Slots = Mapping[tuple[str, str], Mapping[datetime, SlotStatus]]
Schedules = Mapping[tuple[str, str], ScheduleRecord]


def noticed(
    watch: Watch, slots: Slots, schedules: Sequence[ScheduleRecord], recorded: Schedules, names: tuple[str, str]
) -> Entry | None:
    """Return the slots whose status changed from `slots`, and the schedules that are not `recorded`; None for nothing.

    `names` are the id of the entry and the version of this program.
    """
    changed = [
        SlotRecord(
            zone=judged.zone,
            dataset_id=judged.dataset_id,
            transition=change,
            snapshot=by_due[change.due_at].snapshot,
            verdict=by_due[change.due_at].verdict,
        ).row()
        for judged in watch.datasets
        for by_due in ({slot.due_at: slot for slot in judged.slots},)
        for change in transitions(slots.get((judged.zone, judged.dataset_id), {}), judged.slots)
    ]
    new = [one.row() for one in schedules if one != recorded.get((one.zone, one.dataset_id))]
    if not changed and not new:
        return None
    identity, tool_version = names
    return Entry(
        kind=SegmentKind.CHECK,
        id=identity,
        zone="",
        tool_version=tool_version,
        written_at=watch.at,
        rows={"slot": changed, "schedule": new},
    )
