"""The rows of the population: every slot that was due, whatever became of it; pure, and judges none of them.

A slot that was recorded and that no schedule of today has stays in it, as it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.evidence.rows.values import Row, told_moment
from catalog.judging.values import DatasetJudgement, Slot, SlotStatus
from catalog.schedule import shift
from catalog.store.codec import storable
from catalog.store.evidence_ledger import SlotTold
from catalog.store.evidence_records import RecordedSlot

_UNSCHEDULED = "as last recorded: no schedule has this slot any more"


@dataclass(frozen=True, slots=True)
class Filled:
    """What is told of the snapshot that fills a slot."""

    depth: str
    coverage: str
    presence: str
    landed_at: str | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the slots: snapshots by id, and entries of slots by what they are about."""

    filled: Mapping[str, Filled] = field(default_factory=dict)
    entries: Mapping[str, SlotTold] = field(default_factory=dict)

    def entry_of(self, slot: str, state: tuple[str, str | None, str | None]) -> int | None:
        """Return the entry about a slot, unless it says something else than what the slot came to."""
        told = self.entries.get(slot)
        return told.sequence if told and told[1:] == state else None


def judged_rows(dataset: DatasetJudgement, known: Known) -> list[Row]:
    """Return a row for each slot of a dataset that was due, in order; the next one, which is not, is left out."""
    return [_judged(dataset, slot, known) for slot in dataset.slots if slot.status is not SlotStatus.NOT_DUE]


def recorded_row(slot: RecordedSlot, name: str | None, grace: timedelta, known: Known) -> Row:
    """Return the row of a slot that is only recorded; its deadline is that of its dataset's grace."""
    return _row(
        (slot.zone, slot.dataset_id, name, slot.due_at, shift(slot.due_at, grace)),
        (slot.status, _UNSCHEDULED, slot.snapshot, slot.verdict),
        known,
    )


def due_by_snapshot(datasets: Iterable[DatasetJudgement]) -> dict[str, str]:
    """Return, by the id of each snapshot that fills a slot, when that was due."""
    return {
        storable(str(slot.snapshot)): str(told_moment(slot.due_at))
        for dataset in datasets
        for slot in dataset.slots
        if slot.snapshot is not None
    }


def _judged(dataset: DatasetJudgement, slot: Slot, known: Known) -> Row:
    reason = slot.reason or next((f.message for f in slot.findings if f.code.startswith("schedule.")), None)
    snapshot = None if slot.snapshot is None else storable(str(slot.snapshot))
    verdict = None if slot.verdict is None else slot.verdict.value
    names = (storable(dataset.zone), storable(dataset.dataset_id), dataset.name)
    return _row((*names, slot.due_at, slot.deadline), (slot.status.value, reason, snapshot, verdict), known)


def _row(
    slot: tuple[str, str, str | None, datetime, datetime],
    state: tuple[str, str | None, str | None, str | None],
    known: Known,
) -> Row:
    zone, dataset_id, name, due, deadline = slot
    status, reason, snapshot, verdict = state
    due_at = str(told_moment(due))
    filled = known.filled.get(snapshot) if snapshot else None
    return {
        "zone": zone,
        "dataset_id": dataset_id,
        "name": name,
        "due_at": due_at,
        "deadline": told_moment(deadline),
        "status": status,
        "reason": reason,
        "snapshot": snapshot,
        "verdict": verdict,
        "depth": filled.depth if filled else None,
        "coverage": filled.coverage if filled else None,
        "presence": filled.presence if filled else None,
        "landed_at": filled.landed_at if filled else None,
        "snapshot_entry": filled.entry if filled else None,
        "slot_entry": known.entry_of(f"{zone}/{dataset_id}@{due_at}", (status, snapshot, verdict)),
    }
