"""What is recorded as one: rows by what they are of. To the records of a segment and back; not into the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from catalog.segments.format import Segment, SegmentHeader
from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, storable
from verifier.errors import CatalogError

Rows = Mapping[str, Sequence[Row]]
"""Rows by what they are of: the keys of `FIELDS`."""

_MOMENT, _TEXT, _LONG, _YES, _REAL = pa.timestamp("us"), pa.string(), pa.int64(), pa.bool_(), pa.float64()
_EVENTS = {"columns_digest": _TEXT, "events_from": _MOMENT, "events_to": _MOMENT}
_FINDING = {
    "position": _LONG, "path": _TEXT, "code": _TEXT, "level": _TEXT, "effect": _TEXT, "message": _TEXT,
    "expected": _TEXT, "actual": _TEXT, "count": _LONG, "place": _TEXT,
}  # fmt: skip
FIELDS: Mapping[str, Mapping[str, pa.DataType]] = {
    "scan": {
        "scan_id": _TEXT, "zone": _TEXT, "url": _TEXT, "kind": _TEXT, "depth": _TEXT, "scope": _TEXT,
        "started_at": _MOMENT, "tool_version": _TEXT, "basis": _TEXT, "run_by": _TEXT, "endpoint": _TEXT,
        "identity": _TEXT,
    },
    "columns": {"digest": _TEXT, "columns": _TEXT},
    "snapshot": {
        "n": _LONG, "zone": _TEXT, "dataset_id": _TEXT, "export_time": _TEXT, "export_at": _MOMENT, "folder": _TEXT,
        "writer": _TEXT,
        "verdict": _TEXT, "depth": _TEXT, "checked": _LONG, "files": _LONG, "data_files": _LONG, "bytes": _LONG,
        "rows": _LONG, "landed_at": _MOMENT, "settled_at": _MOMENT, "presence": _TEXT, "manifest": _TEXT, **_EVENTS,
        "unchecked_bytes": _LONG, "listing_digest": _TEXT, "basis": _TEXT, "is_final": _YES, "files_changed": _LONG,
        "files_read": _LONG, "bytes_read": _LONG,
    },
    "file": {
        "n": _LONG, "path": _TEXT, "size": _LONG, "modified_at": _MOMENT, "etag": _TEXT, "kind": _TEXT, "depth": _TEXT,
        "looked": _YES, "rows": _LONG, "sha256": _TEXT, "reference": _TEXT, "reference_size": _LONG,
        "reference_sha256": _TEXT, **_EVENTS, "facts": _TEXT, "findings": _TEXT, "presence": _TEXT, "seen_at": _MOMENT,
    },
    "finding": {"n": _LONG, "of_file": _YES, **_FINDING},
    "read": {"zone": _TEXT, "dataset_id": _TEXT, "export_time": _TEXT, "path": _TEXT},
    "stray": {"path": _TEXT, "size": _LONG, "findings": _TEXT},
    "scan-end": {
        "finished_at": _MOMENT, "complete": _YES, "suspect": _YES, "counts": _TEXT, "error_kind": _TEXT,
        "error_message": _TEXT, "error_hint": _TEXT, "requests": _LONG,
    },
    "zone-finding": _FINDING,
    "slot": {
        "zone": _TEXT, "dataset_id": _TEXT, "due_at": _MOMENT, "before": _TEXT, "after": _TEXT, "happened_at": _MOMENT,
        "snapshot": _TEXT, "verdict": _TEXT,
    },
    "schedule": {"zone": _TEXT, "dataset_id": _TEXT, "name": _TEXT, "schedule": _TEXT},
    "copy": {
        "source": _TEXT, "target": _TEXT, "target_url": _TEXT, "complete": _YES, "files": _LONG, "bytes": _LONG,
        "copied": _LONG, "already_there": _LONG, "started_at": _MOMENT, "finished_at": _MOMENT, "seconds": _REAL,
        "tool_version": _TEXT, "run_by": _TEXT,
    },
    "restore": {
        "restore_id": _TEXT, "zone": _TEXT, "dataset_id": _TEXT, "as_of": _MOMENT, "recovers_to": _MOMENT,
        "depth": _TEXT, "target_url": _TEXT, "state": _TEXT, "complete": _YES, "snapshots": _LONG, "files": _LONG,
        "bytes": _LONG, "files_copied": _LONG, "bytes_copied": _LONG, "started_at": _MOMENT, "finished_at": _MOMENT,
        "seconds": _REAL, "tool_version": _TEXT, "run_by": _TEXT,
    },
    "gap-acceptance": {
        "restore_id": _TEXT, "zone": _TEXT, "dataset_id": _TEXT, "due_at": _MOMENT, "gap": _TEXT, "snapshot": _TEXT,
        "accepted_by": _TEXT, "reason": _TEXT, "accepted_at": _MOMENT,
    },
    "drill": {
        "drill_id": _TEXT, "zone": _TEXT, "dataset_id": _TEXT, "as_of": _MOMENT, "recovers_to": _MOMENT,
        "depth": _TEXT, "accepts_gaps": _YES, "state": _TEXT, "message": _TEXT, "snapshots": _LONG, "files": _LONG,
        "bytes": _LONG, "rows": _LONG, "rows_loaded": _LONG, "fetch_seconds": _REAL, "load_seconds": _REAL,
        "started_at": _MOMENT, "finished_at": _MOMENT, "tool_version": _TEXT, "run_by": _TEXT,
    },
    "waiver": {
        "zone": _TEXT, "dataset_id": _TEXT, "starts_at": _MOMENT, "ends_at": _MOMENT, "reason": _TEXT, "lifted": _YES,
        "said_by": _TEXT, "said_at": _MOMENT,
    },
    "acceptance": {
        "zone": _TEXT, "dataset_id": _TEXT, "export_time": _TEXT, "path": _TEXT, "code": _TEXT, "actual": _TEXT,
        "place": _TEXT, "count": _LONG, "reason": _TEXT, "ends_at": _MOMENT, "lifted": _YES, "said_by": _TEXT,
        "said_at": _MOMENT,
    },
    "night": {
        "run_id": _TEXT, "started_at": _MOMENT, "finished_at": _MOMENT, "exit_status": _LONG, "errors": _LONG,
        "warnings": _LONG, "tool_version": _TEXT,
    },
    "notice": {
        "notice_id": _TEXT, "run_id": _TEXT, "about": _TEXT, "zone": _TEXT, "dataset_id": _TEXT, "code": _TEXT,
        "level": _TEXT, "state": _TEXT, "message": _TEXT, "happened_at": _MOMENT, "noticed_at": _MOMENT,
    },
    "delivery": {
        "notice_id": _TEXT, "channel": _TEXT, "state": _TEXT, "trouble": _TEXT, "happened_at": _MOMENT,
    },
    "flow": {
        "flow_id": _TEXT, "name": _TEXT, "state": _TEXT, "schedule": _TEXT, "ends_at": _MOMENT, "facts": _TEXT,
        "seen_at": _MOMENT,
    },
    "run": {
        "run_id": _TEXT, "flow_id": _TEXT, "status": _TEXT, "started_at": _MOMENT, "completed_at": _MOMENT,
        "rows": _LONG, "files": _LONG, "bytes": _LONG, "errors": _TEXT, "raw": _TEXT, "fetched_at": _MOMENT,
    },
    "empty-slot": {
        "zone": _TEXT, "dataset_id": _TEXT, "due_at": _MOMENT, "run_id": _TEXT, "proven_at": _MOMENT,
    },
    "hold": {"snapshot": _TEXT, "reason": _TEXT, "lifted": _YES, "said_by": _TEXT, "said_at": _MOMENT},
    "control-test": {
        "test_id": _TEXT, "snapshot": _TEXT, "damage": _TEXT, "path": _TEXT, "expected": _TEXT, "found": _TEXT,
        "passed": _YES, "started_at": _MOMENT, "finished_at": _MOMENT, "run_by": _TEXT, "tool_version": _TEXT,
    },
    "signing-key": {
        "name": _TEXT, "verifier": _TEXT, "follows": _TEXT, "said_by": _TEXT, "said_at": _MOMENT,
    },
    "ledger-entry": {
        "origin": _TEXT, "sequence": _LONG, "kind": _TEXT, "about": _TEXT, "recorded_at": _MOMENT, "body": _TEXT,
        "appended_at": _MOMENT,
    },
    "checkpoint": {"origin": _TEXT, "size": _LONG, "note": _TEXT, "made_at": _MOMENT},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Rows that are recorded together or not at all.

    `kind`, `id`, `zone` and `part` name it, for ever; `written_at`, aware, is the moment as of which it is recorded.
    `zone` is empty for what is of several zones.
    """

    kind: SegmentKind
    id: str
    zone: str
    written_at: datetime
    tool_version: str
    part: int = 0
    rows: Rows = field(default_factory=dict)

    @property
    def header(self) -> SegmentHeader:
        """The header of its segment."""
        return SegmentHeader(
            kind=self.kind,
            id=self.id,
            zone=self.zone,
            part=self.part,
            tool_version=self.tool_version,
            written_at=self.written_at,
        )

    @property
    def count(self) -> int:
        """How many rows it has."""
        return sum(len(rows) for rows in self.rows.values())

    @property
    def records(self) -> Iterator[dict[str, Any]]:
        """Its rows as plain JSON values without what is null, moments as RFC 3339 in UTC."""
        for of, rows in self.rows.items():
            for row in rows:
                yield {"type": of} | {k: _plain(v) for k, v in row.items() if v is not None}


def entry_of(segment: Segment) -> Entry:
    """Return what a segment recorded.

    Raises CatalogError where it holds what this program does not know: nothing of it is left out silently.
    """
    header, rows = segment.header, defaultdict[str, list[Row]](list)
    for record in segment.records:
        of = record["type"]
        fields = FIELDS.get(of)
        unknown = of if fields is None else next(iter(record.keys() - fields.keys() - {"type"}), "")
        if fields is None or unknown:
            raise CatalogError(
                f"segment {header.path}: holds {unknown!r}, which this program does not know",
                hint=f"update landproof: the segment was written by version {header.tool_version}",
            )
        rows[of].append(record)
    return Entry(
        kind=header.kind,
        id=header.id,
        zone=header.zone,
        part=header.part,
        tool_version=header.tool_version,
        written_at=header.written_at,
        rows=dict(rows),
    )


def table(rows: Sequence[Row], fields: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as an Arrow table of just these fields; what a row lacks is null, moments may be text as in records.

    Raises `ArrowException`, TypeError or ValueError for values of other kinds.
    """
    schema = pa.schema(list(fields.items()))
    try:
        return pa.table([_column(rows, name, kind) for name, kind in fields.items()], schema=schema)
    except UnicodeEncodeError:
        clean = [{k: storable(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
        return table(clean, fields)


def _plain(value: object) -> object:
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else value


def _column(rows: Sequence[Row], name: str, kind: pa.DataType) -> pa.Array:
    values = [row.get(name) for row in rows]
    if kind is _MOMENT and any(isinstance(value, str) for value in values):
        return pa.array(values, _TEXT).cast(pa.timestamp("us", "UTC")).cast(_MOMENT)
    return pa.array(values, kind)
