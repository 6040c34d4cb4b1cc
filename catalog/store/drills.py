"""Restores that were tried: appended, and the last of each dataset read back; tries none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.judging.values import Drills
from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, from_stored, restored, to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord:
    """One drill that came to its end: `state` is passed, failed or unknown, `message` why it is not passed.

    `rows` are those recorded before, None where not all are known; `bytes` and `files` of the data that was fetched.
    """

    drill_id: str
    zone: str
    dataset_id: str
    as_of: datetime
    recovers_to: datetime | None
    depth: str
    accepts_gaps: bool
    state: str
    message: str | None
    snapshots: int
    files: int
    bytes: int
    rows: int | None
    rows_loaded: int
    fetch_seconds: float
    load_seconds: float
    started_at: datetime
    finished_at: datetime
    tool_version: str
    run_by: str | None = None

    def row(self) -> Row:
        """Return its row."""
        return {
            "drill_id": self.drill_id,
            "zone": self.zone,
            "dataset_id": self.dataset_id,
            "as_of": to_stored(self.as_of),
            "recovers_to": None if self.recovers_to is None else to_stored(self.recovers_to),
            "depth": self.depth,
            "accepts_gaps": self.accepts_gaps,
            "state": self.state,
            "message": self.message,
            "snapshots": self.snapshots,
            "files": self.files,
            "bytes": self.bytes,
            "rows": self.rows,
            "rows_loaded": self.rows_loaded,
            "fetch_seconds": self.fetch_seconds,
            "load_seconds": self.load_seconds,
            "started_at": to_stored(self.started_at),
            "finished_at": to_stored(self.finished_at),
            "tool_version": self.tool_version,
            "run_by": self.run_by,
        }


def record_drills(catalog: Catalog, records: Sequence[DrillRecord]) -> None:
    """Append drills."""
    for one in records:
        entry = Entry(
            kind=SegmentKind.DRILL,
            id=one.drill_id,
            zone=one.zone,
            tool_version=one.tool_version,
            written_at=one.finished_at,
            rows={"drill": [one.row()]},
        )
        record(catalog, entry)


def last_drills(catalog: Catalog, at: datetime) -> dict[tuple[str, str], Drills]:
    """Return, by zone and dataset, when a drill last passed by the moment `at`, and when one last did not."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT zone, dataset_id, max(finished_at) FILTER (state = 'passed'),
                      max(finished_at) FILTER (state <> 'passed')
               FROM drill WHERE finished_at <= ? GROUP BY zone, dataset_id""",
            [to_stored(at)],
        ).fetchall()
    return {
        (restored(zone), restored(dataset_id)): Drills(from_stored(passed), from_stored(other))
        for zone, dataset_id, passed, other in rows
    }
