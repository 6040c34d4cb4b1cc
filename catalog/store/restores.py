"""Restores and the gaps accepted for them: appended as they begin and end, and read back; makes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from statistics import median
from typing import Any

from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, from_stored, restored, storable, to_moment, to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record

_MEASURED_BYTES = 1_000_000
"""A smaller restore measures how long it takes to begin."""

_MEASURED_RESTORES = 20


class RestoreState(StrEnum):
    """How far a restore came; `incomplete` where something is not there as it should be."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """One gap that somebody accepted: when the export was due, why it does not count, the snapshot if there is one."""

    due_at: datetime
    gap: str
    snapshot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who (`user@host`) accepted which gaps, when, and why, where that was said."""

    gaps: tuple[AcceptedGap, ...]
    by: str
    at: datetime
    reason: str | None = None

    def rows(self, restore_id: str, zone: str, dataset_id: str) -> list[Row]:
        """Return a row for each gap."""
        return [
            {
                "restore_id": restore_id,
                "zone": zone,
                "dataset_id": dataset_id,
                "due_at": to_stored(gap.due_at),
                "gap": gap.gap,
                "snapshot": gap.snapshot,
                "accepted_by": self.by,
                "reason": self.reason,
                "accepted_at": to_stored(self.at),
            }
            for gap in self.gaps
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRecord:
    """What is known of a restore at its beginning, which has no `finished_at`, or at its end; sizes in bytes.

    `files` and `bytes` are of the whole plan, `files_copied` and `bytes_copied` of what was not there yet.
    """

    restore_id: str
    zone: str
    dataset_id: str
    as_of: datetime
    recovers_to: datetime | None
    depth: str
    target_url: str
    state: RestoreState
    snapshots: int
    files: int
    bytes: int
    started_at: datetime
    tool_version: str
    files_copied: int = 0
    bytes_copied: int = 0
    finished_at: datetime | None = None
    acceptance: Acceptance | None = None
    run_by: str | None = None

    @property
    def is_complete(self) -> bool:
        """True once every file is at the target, with its size and SHA-256."""
        return self.state is RestoreState.COMPLETE

    @property
    def seconds(self) -> float | None:
        """How long it took, None while it runs."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()

    def rows(self) -> Mapping[str, Sequence[Row]]:
        """Return its rows by what they are of; the gaps are those of its beginning."""
        accepted = self.acceptance if self.state is RestoreState.RUNNING else None
        gaps = accepted.rows(self.restore_id, self.zone, self.dataset_id) if accepted else []
        return {"restore": [self._row()], "gap-acceptance": gaps}

    def _row(self) -> Row:
        return {
            "restore_id": self.restore_id,
            "zone": self.zone,
            "dataset_id": self.dataset_id,
            "as_of": to_stored(self.as_of),
            "recovers_to": to_moment(self.recovers_to),
            "depth": self.depth,
            "target_url": self.target_url,
            "state": self.state.value,
            "complete": self.is_complete,
            "snapshots": self.snapshots,
            "files": self.files,
            "bytes": self.bytes,
            "files_copied": self.files_copied,
            "bytes_copied": self.bytes_copied,
            "started_at": to_stored(self.started_at),
            "finished_at": to_moment(self.finished_at),
            "seconds": self.seconds,
            "tool_version": self.tool_version,
            "run_by": self.run_by,
        }


def record_restores(catalog: Catalog, records: Sequence[RestoreRecord]) -> None:
    """Append restores with the gaps accepted for them."""
    for one in records:
        is_begun = one.finished_at is None
        entry = Entry(
            kind=SegmentKind.RESTORE,
            id=one.restore_id,
            zone=one.zone,
            part=0 if is_begun else 1,
            tool_version=one.tool_version,
            written_at=one.finished_at or one.started_at,
            rows=one.rows(),
        )
        record(catalog, entry)


def record_acceptance(
    catalog: Catalog, plan_id: str, dataset: tuple[str, str], accepted: Acceptance, tool_version: str
) -> None:
    """Append the gaps that were accepted for a plan, of a dataset by zone and id, that others carry out."""
    entry = Entry(
        kind=SegmentKind.RESTORE,
        id=plan_id,
        zone=dataset[0],
        tool_version=tool_version,
        written_at=accepted.at,
        rows={"gap-acceptance": accepted.rows(plan_id, *dataset)},
    )
    record(catalog, entry)


def known_restores(catalog: Catalog, zone: str | None = None) -> list[RestoreRecord]:
    """Return all restores, or those of datasets of one zone, as they ended, the newest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT restore_id, zone, dataset_id, as_of, recovers_to, depth, target_url, state, snapshots, files,
                      bytes, started_at, tool_version, files_copied, bytes_copied, finished_at
               FROM restores WHERE $zone IS NULL OR zone = $zone ORDER BY started_at DESC, restore_id""",
            {"zone": None if zone is None else storable(zone)},
        ).fetchall()
        accepted = connection.execute(
            """SELECT restore_id, due_at, gap, snapshot, accepted_by, accepted_at, reason FROM gap_acceptance
               ORDER BY restore_id, due_at"""
        ).fetchall()
    gaps: dict[str, list[tuple[object, ...]]] = {}
    for row in accepted:
        gaps.setdefault(row[0], []).append(row)
    return [_record(row, gaps.get(row[0], [])) for row in rows]


def bytes_per_second(catalog: Catalog, zone: str) -> float | None:
    """Return how fast restores from a zone were, else restores at all: the median; None where none was measured.

    Measured are the newest that copied most of what they were to, and at least a megabyte.
    """
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT zone, bytes_copied / seconds FROM restores
               WHERE bytes_copied >= $least AND 2 * bytes_copied >= bytes AND seconds > 0 ORDER BY started_at DESC""",
            {"least": _MEASURED_BYTES},
        ).fetchall()
    own = [rate for of, rate in rows if restored(of) == zone]
    rates = (own or [rate for _, rate in rows])[:_MEASURED_RESTORES]
    return median(rates) if rates else None


def _record(row: Sequence[Any], gaps: Sequence[Sequence[Any]]) -> RestoreRecord:
    acceptance = None
    if gaps:
        _, _, _, _, by, at, reason = gaps[0]
        acceptance = Acceptance(
            gaps=tuple(AcceptedGap(_moment(g[1]), g[2], None if g[3] is None else restored(g[3])) for g in gaps),
            by=restored(by),
            at=_moment(at),
            reason=None if reason is None else restored(reason),
        )
    return RestoreRecord(
        restore_id=row[0],
        zone=restored(row[1]),
        dataset_id=restored(row[2]),
        as_of=_moment(row[3]),
        recovers_to=from_stored(row[4]),
        depth=row[5],
        target_url=restored(row[6]),
        state=RestoreState(row[7]),
        snapshots=row[8],
        files=row[9],
        bytes=row[10],
        started_at=_moment(row[11]),
        tool_version=row[12],
        files_copied=row[13],
        bytes_copied=row[14],
        finished_at=from_stored(row[15]),
        acceptance=acceptance,
    )


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
