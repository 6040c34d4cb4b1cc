"""What a scan saw, appended in short transactions; each is whole or not there, and again is the same as once.

Not what is known, which is read in `known`, and not slots, which are in `promises`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from catalog.store.batches import findings_table, make_batch, table
from catalog.store.codec import findings_text, to_json, to_stored
from catalog.store.database import Catalog, Connection
from catalog.store.reads import SnapshotRead, insert_reads
from verifier.errors import CatalogError
from verifier.model import Depth, Finding, SnapshotChange
from verifier.zone_model import Counts, Stray, Trouble

_STRAYS: Mapping[str, pa.DataType] = {"path": pa.string(), "size": pa.int64(), "findings": pa.string()}

_INSERT_SNAPSHOTS = """
INSERT INTO snapshot
SELECT (SELECT coalesce(max(snapshot_key), 0) FROM snapshot) + row_number() OVER (ORDER BY i.n),
       i.zone, i.dataset_id, i.export_time, i.export_at, i.folder, i.writer, i.recorded_at
FROM incoming_snapshot i ANTI JOIN snapshot s USING (zone, dataset_id, export_time) ORDER BY i.n
"""
# What this scan has recorded already is left out: a try that was acknowledged late may be repeated.
_CHOOSE_FRESH = """
CREATE TEMP TABLE fresh AS
SELECT i.n, k.scan_key, s.snapshot_key, s.folder, s.writer
FROM incoming_snapshot i
JOIN snapshot s USING (zone, dataset_id, export_time)
JOIN scan k ON k.zone = i.zone AND k.scan_id = ?
ANTI JOIN snapshot_revision r ON r.scan_key = k.scan_key AND r.snapshot_key = s.snapshot_key
"""
_INSERT_COLUMN_SETS = "INSERT INTO column_set FROM incoming_column_set i ANTI JOIN column_set c USING (digest)"
_INSERT_REVISIONS = """
INSERT INTO snapshot_revision BY NAME
SELECT f.scan_key, f.snapshot_key, i.* EXCLUDE (n, zone, dataset_id, export_time, export_at, folder, writer)
FROM incoming_snapshot i JOIN fresh f USING (n) ORDER BY n
"""
_INSERT_FILES = """
INSERT INTO file_revision BY NAME
SELECT f.scan_key, f.snapshot_key, to_name(i.path, f.folder, f.writer) AS name, i.* EXCLUDE (n, path)
FROM incoming_file i JOIN fresh f USING (n) ORDER BY n, name
"""
_INSERT_FINDINGS = """
INSERT INTO finding BY NAME
SELECT f.scan_key, f.snapshot_key, to_name(i.path, f.folder, f.writer) AS name, i.* EXCLUDE (n, path)
FROM incoming_finding i JOIN fresh f USING (n) ORDER BY n, position
"""
_INSERT_BATCHES = """
INSERT INTO batch
SELECT scan_key, sum(snapshots), sum(files), sum(findings), 0, ?, sum(reads) FROM (
    SELECT scan_key, 1 AS snapshots, coalesce(files, 0) AS files, coalesce(findings, 0) AS findings, 0 AS reads
    FROM fresh
    LEFT JOIN (SELECT n, count(*) AS files FROM incoming_file GROUP BY n) USING (n)
    LEFT JOIN (SELECT n, count(*) AS findings FROM incoming_finding GROUP BY n) USING (n)
    UNION ALL SELECT scan_key, 0, 0, 0, 1 FROM fresh_read)
GROUP BY scan_key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStart:
    """The beginning of a look at one zone; looks at several zones may share a `scan_id`.

    `kind` is the store's, `scope` says in words what part of the zone is looked at and is empty for all of it, `basis`
    is a digest of the settings and the program.
    """

    scan_id: str
    zone: str
    url: str
    kind: str
    depth: Depth
    scope: str
    started_at: datetime
    tool_version: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEnd:
    """The end of a look at one zone: whether the whole listing was seen and whether it is believed."""

    zone: str
    finished_at: datetime
    complete: bool
    suspect: bool = False
    counts: Counts
    trouble: Trouble | None = None
    findings: tuple[Finding, ...] = ()


def begin_scan(catalog: Catalog, start: ScanStart) -> None:
    """Record that a look at a zone begins, and the zone where it is new; makes the catalog where there is none.

    Raises CatalogError where another place is recorded under the zone's name.
    """
    values: list[object] = [start.scan_id, start.zone, start.url, start.kind, start.depth.value, start.scope]
    values += [to_stored(start.started_at), start.tool_version, start.basis, start.scan_id, start.zone]
    with catalog.write() as connection:
        known = connection.execute("SELECT url FROM zone WHERE zone = ?", [start.zone]).fetchall()
        if not known:
            new = [start.zone, start.url, to_stored(start.started_at)]
            connection.execute("INSERT INTO zone VALUES (?, ?, ?)", new)
        elif known != [(start.url,)]:
            raise CatalogError(
                f"catalog {catalog.path}: zone {start.zone} is {known[0][0]} here, expected {start.url}",
                hint="give the new place another zone name, or name another file with --catalog",
            )
        connection.execute(
            """INSERT INTO scan SELECT (SELECT coalesce(max(scan_key), 0) + 1 FROM scan), ?, ?, ?, ?, ?, ?, ?, ?, ?
               WHERE NOT EXISTS (FROM scan WHERE scan_id = ? AND zone = ?)""",
            values,
        )


def record_snapshots(
    catalog: Catalog,
    scan_id: str,
    changes: Sequence[SnapshotChange],
    now: datetime,
    reads: Sequence[SnapshotRead] = (),
) -> None:
    """Append the changes of some snapshots, with all their findings, and what was read in full, as of `now`.

    The first record of a snapshot in a scan stands; the same again is left out. Raises CatalogError where the scan was
    not begun, ValueError where a snapshot is there twice.
    """
    if not changes and not reads:
        return
    batch = make_batch(changes, now)
    zones = {change.report.id.zone for change in changes} | {read.id.zone for read in reads}
    with catalog.write() as connection:
        for zone in sorted(zones):
            _scan_key(connection, scan_id, zone)
        for name, rows in batch.tables().items():
            connection.register(name, rows)
        connection.execute(_INSERT_SNAPSHOTS)
        connection.execute(_CHOOSE_FRESH, [scan_id])
        for statement in (_INSERT_COLUMN_SETS, _INSERT_REVISIONS, _INSERT_FILES, _INSERT_FINDINGS):
            connection.execute(statement)
        insert_reads(connection, scan_id, reads, now)
        connection.execute(_INSERT_BATCHES, [to_stored(now)])


def record_strays(catalog: Catalog, scan_id: str, zone: str, strays: Sequence[Stray], now: datetime) -> None:
    """Append what a scan saw that belongs to no snapshot; a path that it has recorded already is left out."""
    if not strays:
        return
    rows = [{"path": s.path, "size": s.size, "findings": findings_text(s.findings)} for s in strays]
    incoming = table(sorted(rows, key=lambda row: str(row["path"])), _STRAYS)
    with catalog.write() as connection:
        key = _scan_key(connection, scan_id, zone)
        connection.register("incoming_stray", incoming)
        added = connection.execute(
            """INSERT INTO stray SELECT ?, i.*, ? FROM incoming_stray i
               ANTI JOIN (FROM stray WHERE scan_key = ?) s USING (path) ORDER BY path""",
            [key, to_stored(now), key],
        ).fetchall()
        connection.execute("INSERT INTO batch VALUES (?, 0, 0, 0, ?, ?, 0)", [key, added[0][0], to_stored(now)])


def end_scan(catalog: Catalog, scan_id: str, end: ScanEnd) -> None:
    """Record how a look at a zone ended; a second time it changes nothing. Without it the scan stays unfinished."""
    trouble = end.trouble
    values = [to_stored(end.finished_at), end.complete, end.suspect, to_json(asdict(end.counts))]
    values += [trouble and trouble.kind, trouble and trouble.message, trouble and trouble.hint]
    found = findings_table(end.findings)
    with catalog.write() as connection:
        key = _scan_key(connection, scan_id, end.zone)
        if connection.execute("SELECT 1 FROM scan_end WHERE scan_key = ?", [key]).fetchall():
            return
        connection.execute("INSERT INTO scan_end VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [key, *values])
        connection.register("incoming_finding", found)
        connection.execute(
            "INSERT INTO zone_finding BY NAME SELECT ? AS scan_key, * EXCLUDE (n, of_file) FROM incoming_finding", [key]
        )


def _scan_key(connection: Connection, scan_id: str, zone: str) -> int:
    rows = connection.execute("SELECT scan_key FROM scan WHERE scan_id = ? AND zone = ?", [scan_id, zone]).fetchall()
    if not rows:
        raise CatalogError(f"catalog: scan {scan_id} of zone {zone} was not begun, so that nothing can be added to it")
    return int(rows[0][0])
