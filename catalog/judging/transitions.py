"""Tell which slots changed their status since they were last recorded, and when; records nothing itself.

Pure. A transition is stamped with the moment it was due to happen, not the moment somebody noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.judging.values import Slot, SlotStatus


@dataclass(frozen=True, slots=True)
class Transition:
    """A slot's status before (None where none was recorded) and after, and when it became so."""

    due_at: datetime
    before: SlotStatus | None
    after: SlotStatus
    happened_at: datetime


def transitions(previous: Mapping[datetime, SlotStatus], slots: Iterable[Slot]) -> tuple[Transition, ...]:
    """Return the changes from the recorded statuses to those of `slots`, in order of due time; none for `not_due`."""
    return tuple(
        Transition(slot.due_at, previous.get(slot.due_at), slot.status, _happened_at(slot))
        for slot in sorted(slots, key=lambda s: s.due_at)
        if slot.status is not SlotStatus.NOT_DUE and previous.get(slot.due_at) is not slot.status
    )


def _happened_at(slot: Slot) -> datetime:
    """A slot is missing or unknown once its grace is over, filled when the snapshot landed, else due."""
    if slot.status in (SlotStatus.MISSING, SlotStatus.UNKNOWN):
        return slot.deadline
    if slot.status.is_filled and slot.landed_at is not None:
        return slot.landed_at
    if slot.status is SlotStatus.WAITING and slot.landed_at is not None:
        return max(slot.due_at, slot.landed_at)
    return slot.due_at
