"""Record values step by step, each step as an entry of its own; a scan's start is remembered between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from catalog.segments.names import SegmentKind
from catalog.store.batches import change_rows
from catalog.store.copies import CopyRecord
from catalog.store.database import Catalog
from catalog.store.entries import Entry, Rows
from catalog.store.journal import record
from catalog.store.promises import ScheduleRecord, SlotRecord
from catalog.store.reads import SnapshotRead
from catalog.store.recording import ScanEnd, ScanStart, read_rows, stray_rows
from verifier.model import SnapshotChange
from verifier.zone_model import Stray

_starts: dict[tuple[Path, str, str], ScanStart] = {}
_parts = count()


def begin_scan(catalog: Catalog, start: ScanStart) -> None:
    """Record that a look at a zone begins."""
    _starts[catalog.path, start.scan_id, start.zone] = start
    _record(catalog, start, {}, start.started_at)


def record_snapshots(
    catalog: Catalog,
    scan_id: str,
    changes: Sequence[SnapshotChange],
    now: datetime,
    reads: Sequence[SnapshotRead] = (),
) -> None:
    """Record changes and reads of the zones of a scan."""
    for zone in sorted({c.report.id.zone for c in changes} | {r.id.zone for r in reads}):
        rows = change_rows([c for c in changes if c.report.id.zone == zone])
        rows = {**rows, "read": read_rows([r for r in reads if r.id.zone == zone])}
        _record(catalog, _starts[catalog.path, scan_id, zone], rows, now)


def record_strays(catalog: Catalog, scan_id: str, zone: str, strays: Sequence[Stray], now: datetime) -> None:
    """Record what belongs to no snapshot."""
    _record(catalog, _starts[catalog.path, scan_id, zone], {"stray": stray_rows(strays)}, now)


def end_scan(catalog: Catalog, scan_id: str, end: ScanEnd, zone: str = "cja") -> None:
    """Record how a look ended."""
    _record(catalog, _starts[catalog.path, scan_id, zone], end.rows(), end.finished_at)


def record_slots(catalog: Catalog, records: Sequence[SlotRecord], now: datetime) -> None:
    """Record transitions as noticed now."""
    _note(catalog, SegmentKind.CHECK, {"slot": [r.row() for r in records]}, now)


def record_schedules(catalog: Catalog, records: Sequence[ScheduleRecord], now: datetime) -> None:
    """Record schedules as seen now."""
    _note(catalog, SegmentKind.CHECK, {"schedule": [r.row() for r in records]}, now)


def record_copies(catalog: Catalog, records: Sequence[CopyRecord]) -> None:
    """Record copies."""
    if records:
        _note(catalog, SegmentKind.COPY, {"copy": [r.row() for r in records]}, records[0].finished_at)


def _record(catalog: Catalog, start: ScanStart, rows: Rows, now: datetime) -> None:
    entry = Entry(
        kind=SegmentKind.SCAN,
        id=start.scan_id,
        zone=start.zone,
        part=next(_parts) % 10_000,
        tool_version=start.tool_version,
        written_at=now,
        rows={"scan": [start.row()], **rows},
    )
    record(catalog, entry)


def _note(catalog: Catalog, kind: SegmentKind, rows: Rows, now: datetime) -> None:
    name = f"note-{next(_parts)}"
    record(catalog, Entry(kind=kind, id=name, zone="", tool_version="0.1.0", written_at=now, rows=rows))
