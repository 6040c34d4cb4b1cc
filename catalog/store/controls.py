"""Tests of our own controls, as they are recorded; tests nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRecord:
    """One damage done to a scratch copy of a snapshot: the code that had to come, and the codes that came."""

    test_id: str
    snapshot: str
    damage: str
    path: str | None
    expected: str
    found: str
    passed: bool
    started_at: datetime
    finished_at: datetime
    run_by: str
    tool_version: str

    def row(self) -> Row:
        """Return its row."""
        return asdict(self) | {"started_at": to_stored(self.started_at), "finished_at": to_stored(self.finished_at)}


def record_controls(catalog: Catalog, records: Sequence[ControlRecord]) -> None:
    """Append the tests of one run as one entry; nothing for none."""
    if not records:
        return
    last = records[-1]
    entry = Entry(
        kind=SegmentKind.SELFTEST,
        id=last.test_id,
        zone="",
        tool_version=last.tool_version,
        written_at=last.finished_at,
        rows={"control-test": [one.row() for one in records]},
    )
    record(catalog, entry)
