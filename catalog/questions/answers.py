"""The documents of `diff`, `find` and recorded scans; those of the other look-ups are in `catalog.answers`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from catalog.answers import Document, column_object, dataset_object, file_object, moment, recorded_object
from catalog.questions.difference import Change, ColumnDifference, Difference, FileDifference
from catalog.store.scan_list import RecordedState, ScannedZone, ScanRun
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


def scans_document(scans: Iterable[ScanRun], more: int) -> Document:
    """The document of recorded scans; `more` come after them."""
    return {"schema": "landproof/scans/1", "scans": [scan_object(one) for one in scans], "more": more}


def recorded_scan_document(scan: ScanRun, states: Sequence[RecordedState]) -> Document:
    """The document of one recorded scan: itself, and what it recorded of snapshots."""
    verdicts = Counter(one.verdict for one in states)
    return {
        "schema": "landproof/recorded-scan/1",
        "scan": scan_object(scan),
        "verdicts": dict(sorted(verdicts.items())),
        "snapshots": [state_object(one) for one in states],
    }


def scan_object(scan: ScanRun) -> Document:
    """One recorded scan with its zones, the same wherever it appears."""
    return {
        "scan_id": scan.scan_id,
        "state": scan.state,
        "depth": scan.depth,
        "started_at": moment(scan.started_at),
        "finished_at": moment(scan.finished_at),
        "tool_version": scan.tool_version,
        "run_by": scan.run_by,
        "counts": scan.counts,
        "zones": [_scanned(one) for one in scan.zones],
    }


def _scanned(zone: ScannedZone) -> Document:
    return {
        "zone": zone.zone,
        "url": zone.url,
        "scope": zone.scope or None,
        "state": zone.state,
        "suspect": zone.suspect,
        "started_at": moment(zone.started_at),
        "finished_at": moment(zone.finished_at),
        "counts": zone.counts,
        "error": asdict(zone.trouble) if zone.trouble else None,
        "endpoint": zone.endpoint,
        "identity": zone.identity,
        "requests": zone.requests,
    }


def state_object(one: RecordedState) -> Document:
    """What a scan recorded of one snapshot, the same wherever it appears."""
    return {
        "id": str(one.snapshot),
        "verdict": one.verdict,
        "depth": one.depth,
        "presence": one.presence,
        "files": one.files,
        "bytes": one.bytes,
        "files_changed": one.files_changed,
        "files_read": one.files_read,
        "bytes_read": one.bytes_read,
        "recorded_at": moment(one.recorded_at),
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
