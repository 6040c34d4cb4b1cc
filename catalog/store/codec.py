"""Values to columns and back: moments, findings, columns, reports and files; not the SQL around them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from verifier.findings import Effect, Level
from verifier.model import (
    Column,
    Content,
    Depth,
    FileKind,
    FileReport,
    Finding,
    KnownFile,
    Presence,
    Reference,
    SnapshotId,
    SnapshotReport,
    StoredFile,
    Verdict,
)

Row = dict[str, Any]
SnapshotKey = tuple[str, str]
"""A snapshot within its zone: dataset id and the digits of the export time."""

REPORT_COLUMNS = (
    "zone, dataset_id, export_time, verdict, depth, checked, files, data_files, bytes, rows, landed_at, settled_at, "
    "presence, manifest, columns_digest, events_from, events_to, unchecked_bytes, listing_digest, basis, is_final"
)
FILE_COLUMNS = (
    "path, size, modified_at, etag, kind, depth, looked, rows, sha256, reference_size, reference_sha256, "
    "columns_digest, events_from, events_to, facts, findings, seen_at, presence"
)
FINDING_COLUMNS = "path, code, level, effect, message, expected, actual, count, place"

_LEVELS, _EFFECTS = {e.value: e for e in Level}, {e.value: e for e in Effect}
_VERDICTS, _DEPTHS, _PRESENCES = (
    {e.value: e for e in Verdict},
    {e.value: e for e in Depth},
    {e.value: e for e in Presence},
)
_PRIVATE = 0x100000

ColumnSets = Mapping[str, tuple[Column, ...]]


def to_moment(value: datetime | None) -> datetime | None:
    """Return an aware moment as the naive UTC that is stored. Raises ValueError for a naive one."""
    return None if value is None else to_stored(value)


def to_stored(value: datetime) -> datetime:
    """Return an aware moment as the naive UTC that is stored. Raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError(f"expected an aware moment, got {value.isoformat()}")
    return value.astimezone(UTC).replace(tzinfo=None)


def from_stored(value: datetime | None) -> datetime | None:
    """Return a stored moment as an aware one."""
    return None if value is None else value.replace(tzinfo=UTC)


def storable(text: str) -> str:
    """Return text as UTF-8 can hold it: lone surrogates, as of file names in other bytes, move to a private plane."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) + _PRIVATE) if "\ud800" <= c <= "\udfff" else c for c in text)


def restored(text: str) -> str:
    """Return text as it was before `storable`."""
    if text.isascii():
        return text
    return "".join(chr(ord(c) - _PRIVATE) if "\U0010d800" <= c <= "\U0010dfff" else c for c in text)


def to_json(value: object) -> str:
    """Return plain values as compact JSON that DuckDB takes: it refuses escapes of lone surrogates."""
    return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def from_json(text: str) -> Any:
    """Return the plain values of `to_json`."""
    return json.loads(restored(text))


def columns_text(columns: Sequence[Column]) -> str:
    """Return columns as JSON: [name, type, always] each."""
    return to_json([[c.name, c.type, c.always] for c in columns])


def columns_digest(text: str) -> str:
    """Return the digest that columns are kept by: half a SHA-256 in hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def columns_from(text: str) -> tuple[Column, ...]:
    """Return the columns of their JSON."""
    return tuple(Column(*item) for item in from_json(text))


def finding_row(found: Finding) -> Row:
    """Return a finding's columns, as named in `FINDING_COLUMNS`."""
    return {
        "path": found.path,
        "code": found.code,
        "level": found.level.value,
        "effect": found.effect.value,
        "message": found.message,
        "expected": found.expected,
        "actual": found.actual,
        "count": found.count,
        "place": to_json(dict(found.where)) if found.where else None,
    }


def finding_from(row: Sequence[Any]) -> Finding:
    """Return the finding of a row of `FINDING_COLUMNS`."""
    path, code, level, effect, message, expected, actual, count, place = row
    return Finding(
        code=code,
        level=_LEVELS[level],
        effect=_EFFECTS[effect],
        message=message,
        path=None if path is None else restored(path),
        expected=expected,
        actual=actual,
        count=count,
        where=from_json(place) if place else {},
    )


def findings_text(found: Iterable[Finding]) -> str:
    """Return findings as a JSON list of objects without the fields that are null."""
    rows = [finding_row(f) | {"place": dict(f.where) or None} for f in found]
    return to_json([{k: v for k, v in row.items() if v is not None} for row in rows])


def findings_from(text: str | None) -> tuple[Finding, ...]:
    """Return the findings of their JSON; none for None."""
    return tuple(
        Finding(
            code=item["code"],
            level=_LEVELS[item["level"]],
            effect=_EFFECTS[item["effect"]],
            message=item["message"],
            path=item.get("path"),
            expected=item.get("expected"),
            actual=item.get("actual"),
            count=item["count"],
            where=item.get("place", {}),
        )
        for item in from_json(text or "[]")
    )


def file_row(known: KnownFile) -> Row:
    """Return a file's columns, but for those of its columns' digest and of the batch it is in."""
    report, content = known.report, known.report.content
    events = content.events or (None, None)
    return {
        "path": report.file.path,
        "size": report.file.size,
        "modified_at": to_moment(report.file.modified_at),
        "etag": report.file.etag,
        "kind": report.kind.value,
        "depth": report.depth.value,
        "looked": report.looked,
        "rows": content.rows,
        "sha256": content.sha256,
        **_reference_row(known),
        "events_from": to_moment(events[0]),
        "events_to": to_moment(events[1]),
        "facts": to_json(dict(content.facts)) if content.facts else None,
        "findings": findings_text(content.findings) if content.findings else None,
        "seen_at": to_stored(known.seen_at),
    }


def _reference_row(known: KnownFile) -> Row:
    reference, report = known.reference, known.report
    if reference is None:
        return {"reference": None, "reference_size": None, "reference_sha256": None}
    if reference == Reference(report.file.size, report.content.sha256):
        return {"reference": "same", "reference_size": None, "reference_sha256": None}
    return {"reference": "other", "reference_size": reference.size, "reference_sha256": reference.sha256}


def file_from(row: Sequence[Any], sets: ColumnSets) -> KnownFile:
    """Return the file of a row of `FILE_COLUMNS`; `bytes_read` is 0, as nothing was read to know it."""
    path, size, modified_at, etag, kind, depth, looked, rows, sha256, first_size, first_sha256, digest = row[:12]
    events_from, events_to, facts, findings, seen_at, presence = row[12:]
    content = Content(
        findings=findings_from(findings),
        rows=rows,
        sha256=sha256,
        columns=None if digest is None else sets[digest],
        events=_events(events_from, events_to),
        facts=from_json(facts) if facts else {},
    )
    report = FileReport(
        file=StoredFile(restored(path), size, from_stored(modified_at), etag),
        kind=FileKind(kind),
        depth=Depth(depth),
        content=content,
        looked=looked,
    )
    return KnownFile(
        report=report,
        seen_at=seen_at.replace(tzinfo=UTC),
        reference=None if first_size is None else Reference(first_size, first_sha256),
        presence=Presence(presence),
    )


def report_row(report: SnapshotReport) -> Row:
    """Return a report's columns, but for those of its columns' digest and of the batch it is in."""
    events = report.events or (None, None)
    return {
        "zone": report.id.zone,
        "dataset_id": report.id.dataset_id,
        "export_time": report.id.export_time,
        "export_at": to_stored(report.id.export_at),
        "verdict": report.verdict.value,
        "depth": report.depth.value,
        "checked": report.checked,
        "files": report.files,
        "data_files": report.data_files,
        "bytes": report.bytes,
        "rows": report.rows,
        "landed_at": to_moment(report.landed_at),
        "settled_at": to_moment(report.settled_at),
        "presence": report.presence.value,
        "manifest": report.manifest,
        "events_from": to_moment(events[0]),
        "events_to": to_moment(events[1]),
        "unchecked_bytes": report.unchecked_bytes,
        "listing_digest": report.listing_digest,
        "basis": report.basis,
        "is_final": report.is_final,
    }


def report_from(
    row: Sequence[Any], sets: ColumnSets, found: Sequence[Finding] = (), of_files: Sequence[Finding] = ()
) -> SnapshotReport:
    """Return the report of a row of `REPORT_COLUMNS` with its findings."""
    zone, dataset_id, export_time, verdict, depth, checked, files, data_files, size, rows, landed_at, settled_at = row[
        :12
    ]
    presence, manifest, digest, events_from, events_to, unchecked_bytes, listing_digest, basis, is_final = row[12:]
    return SnapshotReport(
        id=SnapshotId(restored(zone), restored(dataset_id), restored(export_time)),
        verdict=_VERDICTS[verdict],
        depth=_DEPTHS[depth],
        checked=checked,
        files=files,
        data_files=data_files,
        bytes=size,
        rows=rows,
        landed_at=from_stored(landed_at),
        settled_at=from_stored(settled_at),
        presence=_PRESENCES[presence],
        manifest=manifest,
        columns=None if digest is None else sets[digest],
        events=_events(events_from, events_to),
        unchecked_bytes=unchecked_bytes,
        findings=tuple(found),
        file_findings=tuple(of_files),
        listing_digest=listing_digest,
        basis=basis,
        is_final=is_final,
    )


def _events(first: datetime | None, last: datetime | None) -> tuple[datetime, datetime] | None:
    return None if first is None or last is None else (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))
