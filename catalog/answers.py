"""The documents of the contract, one function each; command line, API and pages all give these and add nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from catalog.judging.values import DatasetJudgement, Slot, SlotStatus
from catalog.scans.answers import estimate_object, reverify_object
from catalog.store.copies import KnownCopy
from catalog.store.history import FileRevision, SnapshotRevision
from catalog.store.queries import RecordedDataset, RecordedFile, RecordedSnapshot
from verifier.model import Accepted, Column, Finding, SnapshotReport
from verifier.zone_model import Stray, ZoneReport

if TYPE_CHECKING:  # a look-up does without all that scanning needs
    from catalog.scans.results import ScanResult, Watch

Document = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    """Write a moment as RFC 3339 in UTC with Z, with fractions only where it has some."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def scan_document(scan: ScanResult, snapshots: Iterable[Document] | None) -> Document:
    """The document of `scan`; without snapshots where they have been given line by line."""
    document: Document = {
        "schema": "landproof/scan/1",
        "scan_id": scan.scan_id,
        "tool_version": scan.tool_version,
        "depth": scan.depth.value,
        "started_at": moment(scan.started_at),
        "finished_at": moment(scan.finished_at),
        "zones": [_zone(zone) for zone in scan.zones],
        "counts": asdict(scan.counts),
        "reverify": reverify_object(scan.reverify),
        "estimate": estimate_object(scan),
    }
    if snapshots is not None:
        document["snapshots"] = snapshots
    document["strays"] = [_stray(zone, stray) for zone, stray in scan.strays]
    return document


def snapshot_object(report: SnapshotReport) -> Document:
    """One snapshot, the same wherever it appears."""
    found = (*report.findings, *report.file_findings)
    return {
        "id": str(report.id),
        "zone": report.id.zone,
        "dataset_id": report.id.dataset_id,
        "export_time": moment(report.id.export_at),
        "verdict": report.verdict.value,
        "depth": report.depth.value,
        "checked": report.checked,
        "files": report.files,
        "bytes": report.bytes,
        "rows": report.rows,
        "presence": report.presence.value,
        "landed_at": moment(report.landed_at),
        "settled": report.settled_at is not None,
        "manifest": report.manifest,
        "events": [moment(at) for at in report.events] if report.events else None,
        "unchecked_bytes": report.unchecked_bytes,
        "accepted": sum(1 for f in found if f.accepted),
        "findings": [finding_object(f) for f in found],
    }


def column_object(column: Column) -> Document:
    """One column of a schema."""
    return {"name": column.name, "type": column.type, "always": column.always}


def finding_object(finding: Finding) -> Document:
    """One finding; what does not apply is null."""
    return {
        "code": finding.code,
        "level": finding.level.value,
        "path": finding.path,
        "message": finding.message,
        "expected": finding.expected,
        "actual": finding.actual,
        "count": finding.count,
        "where": dict(finding.where),
        "accepted": accepted_object(finding.accepted),
    }


def accepted_object(accepted: Accepted | None) -> Document | None:
    """Who accepted a finding, and why; null where nobody did."""
    if accepted is None:
        return None
    return {"by": accepted.by, "at": moment(accepted.at), "reason": accepted.reason, "until": moment(accepted.until)}


def check_document(watch: Watch) -> Document:
    """The document of `check`."""
    slots = [slot for dataset in watch.datasets for slot in dataset.slots]
    counts = {status.value: sum(1 for s in slots if s.status is status) for status in _STATUSES}
    return {
        "schema": "landproof/check/1",
        "at": moment(watch.at),
        "counts": counts,
        "datasets": [_judged(dataset) for dataset in watch.datasets],
        "findings": [finding_object(f) for f in watch.findings],
    }


def datasets_document(datasets: Iterable[RecordedDataset], names: Mapping[tuple[str, str], str | None]) -> Document:
    """The document of `datasets`; `names` are the configured ones."""
    return {"schema": "landproof/datasets/1", "datasets": [dataset_object(d, names) for d in datasets]}


def snapshots_document(snapshots: Iterable[RecordedSnapshot], more: int = 0) -> Document:
    """The document of `snapshots`; `more` were left for later pages."""
    return {"schema": "landproof/snapshots/1", "snapshots": [recorded_object(s) for s in snapshots], "more": more}


def show_document(
    snapshot: RecordedSnapshot, files: Iterable[RecordedFile], copies: Iterable[KnownCopy] = ()
) -> Document:
    """The document of `show`: one snapshot with its columns, its files and the other places where it is."""
    columns = snapshot.report.columns
    return {
        "schema": "landproof/show/1",
        "snapshot": recorded_object(snapshot),
        "columns": [column_object(c) for c in columns] if columns else None,
        "files": [file_object(f) for f in files],
        "copies": [_copy(c) for c in copies],
    }


def history_document(
    subject: str, revisions: Sequence[SnapshotRevision] | Sequence[FileRevision], more: int = 0
) -> Document:
    """The document of `history`: the recorded states of a snapshot or of a path, oldest first.

    `more` were left for later pages.
    """
    listed = [_revision(r) for r in revisions]
    return {"schema": "landproof/history/1", "subject": subject, "revisions": listed, "more": more}


def sql_document(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, is_cut: bool) -> Document:
    """The document of `sql`; what JSON has no type for is given as text."""
    plain = [[_plain(value) for value in row] for row in rows]
    return {"schema": "landproof/sql/1", "columns": list(columns), "rows": plain, "is_cut": is_cut}


_STATUSES = (
    SlotStatus.ON_TIME,
    SlotStatus.ARRIVED_LATE,
    SlotStatus.WAITING,
    SlotStatus.MISSING,
    SlotStatus.UNKNOWN,
    SlotStatus.PAUSED,
    SlotStatus.NOT_DUE,
)


def _zone(zone: ZoneReport) -> Document:
    return {
        "zone": zone.zone,
        "url": zone.url,
        "complete": zone.complete,
        "error": asdict(zone.error) if zone.error else None,
        "endpoint": zone.endpoint,
        "identity": zone.identity,
        "requests": zone.requests,
        "findings": [finding_object(f) for f in zone.findings],
    }


def _stray(zone: str, stray: Stray) -> Document:
    findings = [finding_object(f) for f in stray.findings]
    return {"zone": zone, "path": stray.path, "size": stray.size, "findings": findings}


def _judged(dataset: DatasetJudgement) -> Document:
    return {
        "zone": dataset.zone,
        "dataset_id": dataset.dataset_id,
        "name": dataset.name,
        "status": dataset.status.value,
        "slots": [_slot(slot) for slot in dataset.slots],
        "findings": [finding_object(f) for f in dataset.findings],
    }


def _slot(slot: Slot) -> Document:
    return {
        "due_at": moment(slot.due_at),
        "deadline": moment(slot.deadline),
        "status": slot.status.value,
        "snapshot": str(slot.snapshot) if slot.snapshot else None,
        "verdict": slot.verdict.value if slot.verdict else None,
        "landed_at": moment(slot.landed_at),
        "reason": slot.reason,
        "findings": [finding_object(f) for f in slot.findings],
    }


def dataset_object(dataset: RecordedDataset, names: Mapping[tuple[str, str], str | None]) -> Document:
    """One dataset; `names` are the configured ones."""
    return {
        "zone": dataset.zone,
        "dataset_id": dataset.dataset_id,
        "name": names.get((dataset.zone, dataset.dataset_id)) or dataset.name,
        "snapshots": dataset.snapshots,
        "bytes": dataset.bytes,
        "newest_at": moment(dataset.newest_at),
        "newest_good_at": moment(dataset.newest_good_at),
    }


def recorded_object(snapshot: RecordedSnapshot) -> Document:
    """One snapshot with the moments that the catalog keeps of it."""
    return snapshot_object(snapshot.report) | {
        "first_seen_at": moment(snapshot.first_seen_at),
        "judged_at": moment(snapshot.judged_at),
        "verified_at": moment(snapshot.verified_at),
        "last_full_read_at": moment(snapshot.last_full_read_at),
    }


def file_object(recorded: RecordedFile) -> Document:
    """One file, the same wherever it appears."""
    report, reference = recorded.known.report, recorded.known.reference
    return {
        "path": report.file.path,
        "kind": report.kind.value,
        "size": report.file.size,
        "modified_at": moment(report.file.modified_at),
        "etag": report.file.etag,
        "sha256": report.content.sha256,
        "reference_sha256": reference.sha256 if reference else None,
        "rows": report.content.rows,
        "unchecked_bytes": report.content.unchecked_bytes,
        "depth": report.depth.value,
        "presence": recorded.presence.value,
        "first_seen_at": moment(recorded.first_seen_at),
        "last_seen_at": moment(recorded.last_seen_at),
        "last_full_read_at": moment(recorded.last_full_read_at),
        "facts": dict(report.content.facts),
        "findings": [finding_object(f.at(report.file.path)) for f in report.content.findings],
    }


def _copy(copy: KnownCopy) -> Document:
    return {
        "id": str(copy.id),
        "role": "original" if copy.is_original else "copy",
        "url": copy.url,
        "state": "complete" if copy.is_complete else "incomplete",
        "copied_at": moment(copy.copied_at),
        "verdict": copy.verdict.value if copy.verdict else None,
        "presence": copy.presence.value if copy.presence else None,
    }


def _revision(revision: SnapshotRevision | FileRevision) -> Document:
    shared = {
        "scan_id": revision.scan_id,
        "recorded_at": moment(revision.recorded_at),
        "changed": list(revision.changed),
    }
    if isinstance(revision, SnapshotRevision):
        return shared | {"snapshot": snapshot_object(revision.report)}
    report = revision.known.report
    return shared | {
        "snapshot_id": str(revision.snapshot),
        "path": report.file.path,
        "presence": revision.presence.value,
        "size": report.file.size,
        "modified_at": moment(report.file.modified_at),
        "sha256": report.content.sha256,
        "findings": [finding_object(f) for f in report.content.findings],
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return moment(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    is_json = isinstance(value, str | int | bool | None) or (isinstance(value, float) and isfinite(value))
    return value if is_json else str(value)
