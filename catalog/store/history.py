"""How a snapshot or a path came to be what it is: every recorded state with what changed in it; not the state now."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from catalog.store.codec import (
    FILE_COLUMNS,
    FINDING_COLUMNS,
    REPORT_COLUMNS,
    file_from,
    finding_from,
    report_from,
    restored,
    storable,
)
from catalog.store.database import Catalog
from catalog.store.known import column_sets
from verifier.model import Finding, KnownFile, Presence, SnapshotId, SnapshotReport

# What changes with every version of the program or with the clock, and tells a reader nothing of the bytes.
_INNER = frozenset({"id", "basis", "listing_digest", "is_final"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRevision:
    """One recorded state of a snapshot; `changed` names the fields of the report that differ from the one before."""

    scan_id: str
    recorded_at: datetime
    report: SnapshotReport
    files_changed: int
    files_read: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRevision:
    """One recorded state of a file; `changed` names what differs from the one before."""

    scan_id: str
    recorded_at: datetime
    snapshot: SnapshotId
    known: KnownFile
    presence: Presence
    changed: tuple[str, ...]


def snapshot_history(catalog: Catalog, wanted: SnapshotId) -> list[SnapshotRevision]:
    """Return the recorded states of a snapshot, oldest first; none where it is not known."""
    with catalog.read() as connection:
        found: dict[tuple[int, bool], list[Finding]] = {}
        here = [storable(wanted.zone), storable(wanted.dataset_id), storable(wanted.export_time)]
        rows = connection.execute(
            f"""SELECT k.scan_id, r.recorded_at, r.files_changed, r.files_read, scan_key, {_of_revision()}
                FROM snapshot s JOIN snapshot_revision r USING (snapshot_key) JOIN scan k USING (scan_key)
                JOIN turns t USING (scan_key)
                WHERE s.zone = ? AND s.dataset_id = ? AND s.export_time = ? ORDER BY r.recorded_at, t.turn""",
            here,
        ).fetchall()
        for row in connection.execute(
            f"""SELECT scan_key, of_file, {FINDING_COLUMNS} FROM finding_revisions
                WHERE zone = ? AND dataset_id = ? AND export_time = ? ORDER BY scan_key, position""",
            here,
        ).fetchall():
            found.setdefault((row[0], row[1]), []).append(finding_from(row[2:]))
        sets = column_sets(connection)
    revisions: list[SnapshotRevision] = []
    for scan_id, recorded_at, files_changed, files_read, key, *columns in rows:
        report = report_from(columns, sets, found.get((key, False), ()), found.get((key, True), ()))
        before = revisions[-1].report if revisions else None
        revisions.append(
            SnapshotRevision(
                scan_id=scan_id,
                recorded_at=recorded_at.replace(tzinfo=UTC),
                report=report,
                files_changed=files_changed,
                files_read=files_read,
                changed=() if before is None else _differences(before, report),
            )
        )
    return revisions


def path_history(catalog: Catalog, path: str, zone: str | None = None) -> list[FileRevision]:
    """Return the recorded states of a path in one zone or in all, by zone and snapshot, then oldest first."""
    values = {"path": storable(path), "zone": zone and storable(zone)}
    with catalog.read() as connection:
        # Paths are not stored whole: only snapshots whose folder fits, or that have it whole, are asked for files.
        connection.execute(
            """CREATE TEMP TABLE fitting AS
               SELECT snapshot_key FROM snapshot
               WHERE ($zone IS NULL OR zone = $zone) AND (starts_with($path, folder || '/') OR snapshot_key IN (
                   SELECT snapshot_key FROM file_revision WHERE name = '/' || $path))""",
            values,
        )
        rows = connection.execute(
            f"""SELECT k.scan_id, f.recorded_at, f.zone, f.dataset_id, f.export_time, {FILE_COLUMNS}
                FROM file_revisions f JOIN (SELECT scan_key, scan_id FROM scan) k USING (scan_key)
                JOIN turns t USING (scan_key)
                WHERE snapshot_key IN (FROM fitting) AND path = $path
                ORDER BY f.zone, f.dataset_id, f.export_time, f.recorded_at, t.turn""",
            {"path": values["path"]},
        ).fetchall()
        sets = column_sets(connection)
    revisions: list[FileRevision] = []
    for scan_id, recorded_at, zone_name, dataset_id, export_time, *columns in rows:
        snapshot = SnapshotId(restored(zone_name), restored(dataset_id), restored(export_time))
        known = file_from(columns, sets)
        before = revisions[-1] if revisions and revisions[-1].snapshot == snapshot else None
        revisions.append(
            FileRevision(
                scan_id=scan_id,
                recorded_at=recorded_at.replace(tzinfo=UTC),
                snapshot=snapshot,
                known=known,
                presence=known.presence,
                changed=() if before is None else _file_differences(before.known, known),
            )
        )
    return revisions


def _of_revision() -> str:
    """The report's columns, each from the table that has it."""
    return ", ".join(
        f"s.{c}" if c in ("zone", "dataset_id", "export_time") else f"r.{c}" for c in REPORT_COLUMNS.split(", ")
    )


def _differences(before: SnapshotReport, after: SnapshotReport) -> tuple[str, ...]:
    return tuple(
        f.name
        for f in fields(SnapshotReport)
        if f.name not in _INNER and getattr(before, f.name) != getattr(after, f.name)
    )


def _file_differences(before: KnownFile, after: KnownFile) -> tuple[str, ...]:
    def facts(known: KnownFile) -> dict[str, object]:
        file, content = known.report.file, known.report.content
        return {
            "presence": known.presence,
            "size": file.size,
            "modified_at": file.modified_at,
            "etag": file.etag,
            "depth": known.report.depth,
            "rows": content.rows,
            "sha256": content.sha256,
            "reference": known.reference,
            "findings": content.findings,
        }

    old, new = facts(before), facts(after)
    return tuple(name for name in old if old[name] != new[name])
