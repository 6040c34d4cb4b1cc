"""Snapshot changes as Arrow tables, made before the catalog is opened so that its lock is held for moments."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from catalog.store.codec import (
    Row,
    columns_digest,
    columns_text,
    file_row,
    finding_row,
    report_row,
    storable,
    to_stored,
)
from verifier.model import Column, Depth, Finding, Presence, SnapshotChange

# What the names of all part files of one write share, as Spark writes them.
_WRITER = re.compile(r"tid-\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT, _TEXT, _LONG, _YES = pa.timestamp("us"), pa.string(), pa.int64(), pa.bool_()
_EVENTS = {"columns_digest": _TEXT, "events_from": _MOMENT, "events_to": _MOMENT}
_SNAPSHOTS: Mapping[str, pa.DataType] = {
    "n": _LONG, "zone": _TEXT, "dataset_id": _TEXT, "export_time": _TEXT, "export_at": _MOMENT, "folder": _TEXT,
    "writer": _TEXT,
    "verdict": _TEXT, "depth": _TEXT, "checked": _LONG, "files": _LONG, "data_files": _LONG, "bytes": _LONG,
    "rows": _LONG, "landed_at": _MOMENT, "settled_at": _MOMENT, "presence": _TEXT, "manifest": _TEXT, **_EVENTS,
    "unchecked_bytes": _LONG, "listing_digest": _TEXT, "basis": _TEXT, "is_final": _YES, "files_changed": _LONG,
    "files_read": _LONG, "bytes_read": _LONG, "recorded_at": _MOMENT,
}  # fmt: skip
_FILES: Mapping[str, pa.DataType] = {
    "n": _LONG, "path": _TEXT, "size": _LONG, "modified_at": _MOMENT, "etag": _TEXT, "kind": _TEXT, "depth": _TEXT,
    "looked": _YES, "rows": _LONG, "sha256": _TEXT, "reference": _TEXT, "reference_size": _LONG,
    "reference_sha256": _TEXT, **_EVENTS, "facts": _TEXT, "findings": _TEXT, "presence": _TEXT, "seen_at": _MOMENT,
    "recorded_at": _MOMENT,
}  # fmt: skip
_FINDINGS: Mapping[str, pa.DataType] = {
    "n": _LONG, "position": _LONG, "of_file": _YES, "path": _TEXT, "code": _TEXT, "level": _TEXT, "effect": _TEXT,
    "message": _TEXT, "expected": _TEXT, "actual": _TEXT, "count": _LONG, "place": _TEXT,
}  # fmt: skip
_COLUMN_SETS: Mapping[str, pa.DataType] = {"digest": _TEXT, "columns": _TEXT}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows ready for insertion; `n` ties files and findings to their snapshot, and is the order of insertion."""

    snapshots: pa.Table
    files: pa.Table
    findings: pa.Table
    column_sets: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by the names under which SQL sees them."""
        return {
            "incoming_snapshot": self.snapshots,
            "incoming_file": self.files,
            "incoming_finding": self.findings,
            "incoming_column_set": self.column_sets,
        }


def table(rows: Sequence[Row], fields: Mapping[str, pa.DataType]) -> pa.Table:
    """Return rows as an Arrow table of just these fields."""
    schema = pa.schema(list(fields.items()))
    try:
        return pa.table([pa.array([row[name] for row in rows], kind) for name, kind in fields.items()], schema=schema)
    except UnicodeEncodeError:
        clean = [{k: storable(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows]
        return table(clean, fields)


def findings_table(found: Sequence[Finding]) -> pa.Table:
    """Return findings of a zone as a table, in their order."""
    rows = [finding_row(f) | {"n": 0, "position": position, "of_file": False} for position, f in enumerate(found)]
    return table(rows, _FINDINGS)


def make_batch(changes: Sequence[SnapshotChange], now: datetime) -> Batch:
    """Return the rows of some changes, sorted by dataset and export time.

    Raises ValueError where one snapshot, or one file of it, is there twice.
    """
    ordered = sorted(changes, key=lambda c: (c.report.id.zone, c.report.id.dataset_id, c.report.id.export_time))
    if len({c.report.id for c in ordered}) < len(ordered):
        raise ValueError("expected each snapshot once in a batch, got one twice")
    recorded_at, sets = to_stored(now), _ColumnSets({}, {})
    snapshots: list[Row] = []
    files: list[Row] = []
    findings: list[Row] = []
    for n, change in enumerate(ordered):
        shared = {"n": n, "recorded_at": recorded_at}
        snapshots.append(_snapshot_row(change, sets) | shared)
        files.extend(row | shared for row in _file_rows(change, sets))
        findings.extend(_finding_rows(change, n))
    return Batch(
        table(snapshots, _SNAPSHOTS),
        table(files, _FILES),
        table(findings, _FINDINGS),
        table([{"digest": d, "columns": text} for d, text in sets.texts.items()], _COLUMN_SETS),
    )


@dataclass(frozen=True, slots=True)
class _ColumnSets:
    """The sets of columns in a batch, each once: JSON by digest."""

    texts: dict[str, str]
    digests: dict[tuple[Column, ...], str]

    def digest(self, columns: tuple[Column, ...] | None) -> str | None:
        if columns is None:
            return None
        if columns not in self.digests:
            text = columns_text(columns)
            self.digests[columns] = columns_digest(text)
            self.texts[self.digests[columns]] = text
        return self.digests[columns]


def _snapshot_row(change: SnapshotChange, sets: _ColumnSets) -> Row:
    read = [
        f.known.report
        for f in change.files
        if f.presence is Presence.PRESENT and f.known.report.looked and f.known.report.depth is not Depth.LIST
    ]
    return report_row(change.report) | {
        "folder": _commonest(posixpath.dirname(f.known.report.file.path) for f in change.files),
        "writer": _commonest(m[0] for f in change.files if (m := _WRITER.search(f.known.report.file.path))),
        "columns_digest": sets.digest(change.report.columns),
        "files_changed": len(change.files),
        "files_read": len(read),
        "bytes_read": sum(report.content.bytes_read for report in read),
    }


def _commonest(texts: Iterable[str]) -> str:
    """The text that is there most often, or ""; only how paths are stored depends on it."""
    counted = Counter(texts).most_common(1)
    return counted[0][0] if counted else ""


def _file_rows(change: SnapshotChange, sets: _ColumnSets) -> list[Row]:
    rows = sorted(
        (
            file_row(f.known)
            | {"presence": f.presence.value, "columns_digest": sets.digest(f.known.report.content.columns)}
            for f in change.files
        ),
        key=lambda row: str(row["path"]),
    )
    if len({row["path"] for row in rows}) < len(rows):
        raise ValueError(f"expected each file of {change.report.id} once, got one twice")
    return rows


def _finding_rows(change: SnapshotChange, n: int) -> list[Row]:
    report = change.report
    both = [(False, f) for f in report.findings] + [(True, f) for f in report.file_findings]
    return [
        finding_row(f) | {"n": n, "position": position, "of_file": of_file}
        for position, (of_file, f) in enumerate(both)
    ]
