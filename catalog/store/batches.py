"""Snapshot changes as rows, made before the catalog is opened so that its lock is held for moments; no SQL."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.store.codec import Row, columns_digest, columns_text, file_row, finding_row, report_row
from catalog.store.entries import Rows
from verifier.model import Column, Depth, Presence, SnapshotChange

# What the names of all part files of one write share, as Spark writes them.
_WRITER = re.compile(r"tid-\d+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def change_rows(changes: Sequence[SnapshotChange]) -> Rows:
    """Return the rows of some changes, sorted by dataset and export time; `n` ties files and findings to a snapshot.

    Raises ValueError where one snapshot, or one file of it, is there twice.
    """
    ordered = sorted(changes, key=lambda c: (c.report.id.zone, c.report.id.dataset_id, c.report.id.export_time))
    if len({c.report.id for c in ordered}) < len(ordered):
        raise ValueError("expected each snapshot once in a batch, got one twice")
    sets = _ColumnSets({}, {})
    snapshots: list[Row] = []
    files: list[Row] = []
    findings: list[Row] = []
    for n, change in enumerate(ordered):
        snapshots.append(_snapshot_row(change, sets) | {"n": n})
        files.extend(row | {"n": n} for row in _file_rows(change, sets))
        findings.extend(_finding_rows(change, n))
    columns = [{"digest": digest, "columns": text} for digest, text in sets.texts.items()]
    return {"columns": columns, "snapshot": snapshots, "file": files, "finding": findings}


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
