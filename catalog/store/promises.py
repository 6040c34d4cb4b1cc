"""What schedules promised and what became of each slot, as judged: appended and read back; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from catalog.judge_transitions import Transition
from catalog.judge_values import SlotStatus
from catalog.store.batches import table
from catalog.store.codec import to_stored
from catalog.store.database import Catalog
from verifier.model import SnapshotId, Verdict

_MOMENT, _TEXT = pa.timestamp("us"), pa.string()
_SLOTS: Mapping[str, pa.DataType] = {
    "zone": _TEXT, "dataset_id": _TEXT, "due_at": _MOMENT, "before": _TEXT, "after": _TEXT, "happened_at": _MOMENT,
    "snapshot": _TEXT, "verdict": _TEXT, "recorded_at": _MOMENT,
}  # fmt: skip
_SCHEDULES: Mapping[str, pa.DataType] = {
    "zone": _TEXT, "dataset_id": _TEXT, "name": _TEXT, "schedule": _TEXT, "recorded_at": _MOMENT,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """A slot of a dataset that changed its status, with what fills it now."""

    zone: str
    dataset_id: str
    transition: Transition
    snapshot: SnapshotId | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """The schedule of a dataset in words, as it was seen; `none` for a dataset without one."""

    zone: str
    dataset_id: str
    name: str | None
    schedule: str


def record_slots(catalog: Catalog, records: Sequence[SlotRecord], now: datetime) -> None:
    """Append transitions as noticed `now`; one to the status that its slot has already, filled alike, is left out."""
    if not records:
        return
    incoming = table([_slot_row(record, now) for record in records], _SLOTS)
    with catalog.write() as connection:
        connection.register("incoming_slot", incoming)
        connection.execute(
            """INSERT INTO slot_transition SELECT DISTINCT i.* FROM incoming_slot i ANTI JOIN slots s
                   ON s.zone = i.zone AND s.dataset_id = i.dataset_id AND s.due_at = i.due_at AND s.status = i.after
                   AND s.snapshot IS NOT DISTINCT FROM i.snapshot AND s.verdict IS NOT DISTINCT FROM i.verdict
               ORDER BY zone, dataset_id, due_at"""
        )


def record_schedules(catalog: Catalog, records: Sequence[ScheduleRecord], now: datetime) -> None:
    """Append the schedules as seen `now`; one that is the dataset's last recorded one is left out."""
    if not records:
        return
    incoming = table([_schedule_row(record, now) for record in records], _SCHEDULES)
    with catalog.write() as connection:
        connection.register("incoming_schedule", incoming)
        connection.execute(
            """INSERT INTO schedule_seen SELECT DISTINCT i.* FROM incoming_schedule i ANTI JOIN schedules s
                   ON s.zone = i.zone AND s.dataset_id = i.dataset_id AND s.schedule = i.schedule
                   AND s.name IS NOT DISTINCT FROM i.name
               ORDER BY zone, dataset_id"""
        )


def slot_statuses(catalog: Catalog, since: datetime | None = None) -> dict[tuple[str, str], dict[datetime, SlotStatus]]:
    """Return the recorded status of every slot due from `since` on, by zone and dataset, then by due time."""
    statuses: dict[tuple[str, str], dict[datetime, SlotStatus]] = defaultdict(dict)
    with catalog.read() as connection:
        rows = connection.execute(
            "SELECT zone, dataset_id, due_at, status FROM slots WHERE due_at >= ? ORDER BY ALL",
            [to_stored(since or datetime.min.replace(tzinfo=UTC))],
        ).fetchall()
    for zone, dataset_id, due_at, status in rows:
        statuses[zone, dataset_id][due_at.replace(tzinfo=UTC)] = SlotStatus(status)
    return dict(statuses)


def last_schedules(catalog: Catalog) -> dict[tuple[str, str], ScheduleRecord]:
    """Return the last recorded schedule of every dataset, by zone and dataset."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT zone, dataset_id, name, schedule FROM schedules ORDER BY ALL").fetchall()
    return {
        (zone, dataset_id): ScheduleRecord(zone=zone, dataset_id=dataset_id, name=name, schedule=schedule)
        for zone, dataset_id, name, schedule in rows
    }


def _slot_row(record: SlotRecord, now: datetime) -> dict[str, object]:
    change = record.transition
    return {
        "zone": record.zone,
        "dataset_id": record.dataset_id,
        "due_at": to_stored(change.due_at),
        "before": change.before and change.before.value,
        "after": change.after.value,
        "happened_at": to_stored(change.happened_at),
        "snapshot": None if record.snapshot is None else str(record.snapshot),
        "verdict": record.verdict and record.verdict.value,
        "recorded_at": to_stored(now),
    }


def _schedule_row(record: ScheduleRecord, now: datetime) -> dict[str, object]:
    return {
        "zone": record.zone,
        "dataset_id": record.dataset_id,
        "name": record.name,
        "schedule": record.schedule,
        "recorded_at": to_stored(now),
    }
