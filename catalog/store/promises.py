"""What schedules promised and what became of each slot, as judged: rows for it, and read back; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from catalog.judging.transitions import Transition
from catalog.judging.values import SlotStatus
from catalog.store.codec import Row, to_stored
from catalog.store.database import Catalog
from verifier.model import SnapshotId, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """A slot of a dataset that changed its status, with what fills it now."""

    zone: str
    dataset_id: str
    transition: Transition
    snapshot: SnapshotId | None = None
    verdict: Verdict | None = None

    def row(self) -> Row:
        """Return its row."""
        change = self.transition
        return {
            "zone": self.zone,
            "dataset_id": self.dataset_id,
            "due_at": to_stored(change.due_at),
            "before": change.before and change.before.value,
            "after": change.after.value,
            "happened_at": to_stored(change.happened_at),
            "snapshot": None if self.snapshot is None else str(self.snapshot),
            "verdict": self.verdict and self.verdict.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """The schedule of a dataset in words, as it was seen; `none` for a dataset without one."""

    zone: str
    dataset_id: str
    name: str | None
    schedule: str

    def row(self) -> Row:
        """Return its row."""
        return asdict(self)


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
