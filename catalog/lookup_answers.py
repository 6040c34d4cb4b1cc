"""The documents of `diff` and `find`; those of the other look-ups are in `catalog.answers`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from catalog.answers import Document, column_object, dataset_object, file_object, recorded_object
from catalog.difference import Change, ColumnDifference, Difference, FileDifference
from catalog.store.search import Finds


def find_document(text: str, finds: Finds, names: Mapping[tuple[str, str], str | None]) -> Document:
    """The document of `find`; `names` are the configured ones."""
    return {
        "schema": "landproof/find/1",
        "text": text,
        "datasets": [dataset_object(d, names) for d in finds.datasets.items],
        "snapshots": [recorded_object(s) for s in finds.snapshots.items],
        "files": [{"snapshot_id": str(f.snapshot)} | file_object(f.file) for f in finds.files.items],
        "more": {name: getattr(finds, name).more for name in ("datasets", "snapshots", "files")},
    }


def diff_document(found: Difference) -> Document:
    """The document of `diff`: both snapshots, what differs, and how many files do not."""
    before, after = recorded_object(found.before), recorded_object(found.after)
    counts = Counter(f.change for f in found.files)
    return {
        "schema": "landproof/diff/1",
        "snapshots": [before, after],
        "counts": {change.value: counts[change] for change in Change},
        "bytes": _amounts(before["bytes"], after["bytes"]),
        "rows": _amounts(before["rows"], after["rows"]),
        "events": {"before": before["events"], "after": after["events"]},
        "columns": None if found.columns is None else [_column(c) for c in found.columns],
        "files": [_file(f) for f in found.files if f.change is not Change.SAME],
    }


def _amounts(before: int | None, after: int | None) -> Document:
    more = None if before is None or after is None else after - before
    return {"before": before, "after": after, "difference": more}


def _column(column: ColumnDifference) -> Document:
    return {
        "name": column.name,
        "change": column.change.value,
        "before": column.before and column_object(column.before),
        "after": column.after and column_object(column.after),
    }


def _file(file: FileDifference) -> Document:
    return {
        "name": file.name,
        "change": file.change.value,
        "before": file.before and file_object(file.before),
        "after": file.after and file_object(file.after),
    }
