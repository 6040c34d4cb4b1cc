"""What the catalog knows of a zone, for the scan that looks at it again and for judging; not look-ups for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from catalog.store.codec import (
    FILE_COLUMNS,
    FINDING_COLUMNS,
    REPORT_COLUMNS,
    ColumnSets,
    SnapshotKey,
    columns_from,
    file_from,
    finding_from,
    findings_from,
    report_from,
    restored,
    storable,
)
from catalog.store.database import Catalog, Connection
from verifier.model import Finding, KnownFile, Presence, SnapshotReport

_ROWS_AT_ONCE = 4096


class Mark(NamedTuple):
    """What of a recorded snapshot tells whether a listing shows anything new; `files` counts data and manifests."""

    key: SnapshotKey
    presence: Presence
    is_settled: bool
    has_manifest: bool
    files: int
    listing_digest: str


@dataclass(frozen=True, slots=True)
class RecordedLook:
    """The newest complete and trusted listing of a scope of a zone."""

    scope: str
    started_at: datetime


def known_marks(catalog: Catalog, zone: str) -> Iterator[Mark]:
    """Yield a mark of every snapshot of a zone, the gone ones included, in order of dataset and export time.

    The catalog stays open until the last one: nothing can be written in between.
    """
    presences = {each.value: each for each in Presence}
    dataset = ""
    with catalog.read() as connection:
        result = connection.execute(
            """SELECT dataset_id, export_time, presence, settled_at IS NOT NULL, manifest IS NOT NULL, files,
                      listing_digest
               FROM judged_snapshots WHERE zone = ? ORDER BY dataset_id, export_time""",
            [storable(zone)],
        )
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            for dataset_id, export_time, presence, *rest in rows:
                if dataset_id != dataset:
                    dataset = dataset_id  # one string for all snapshots of a dataset
                yield Mark((restored(dataset), restored(export_time)), presences[presence], *rest)


def known_snapshots(
    catalog: Catalog, zone: str, under: Collection[str] | None = None
) -> dict[SnapshotKey, SnapshotReport]:
    """Return the newest report of every snapshot of a zone, or of the datasets `under`, with all its findings.

    As its bytes were judged, whatever was accepted. Gone snapshots are among them, with their presence; in order of
    dataset and export time.
    """
    if under is not None and not under:
        return {}
    # A list of values reaches the tables below the view's window; a subquery would not.
    chosen = "TRUE" if under is None else f"dataset_id IN ({', '.join('?' for _ in under)})"
    values: list[object] = [storable(text) for text in (zone, *(under or ()))]
    with catalog.read() as connection:
        query = f"FROM judged_snapshots WHERE zone = ? AND {chosen}"
        rows = connection.execute(
            f"SELECT snapshot_key, {REPORT_COLUMNS} {query} ORDER BY dataset_id, export_time", values
        ).fetchall()
        found = _findings(
            connection,
            f"SELECT f.snapshot_key, f.of_file, {FINDING_COLUMNS} FROM finding_revisions f SEMI JOIN "
            f"(SELECT scan_key, snapshot_key {query}) USING (scan_key, snapshot_key) ORDER BY f.snapshot_key, position",
            values,
        )
        sets = column_sets(connection)
    reports = [report_from(row[1:], sets, found[row[0], False], found[row[0], True]) for row in rows]
    return {(report.id.dataset_id, report.id.export_time): report for report in reports}


def known_files(catalog: Catalog, zone: str, keys: Iterable[SnapshotKey]) -> dict[SnapshotKey, dict[str, KnownFile]]:
    """Return every recorded file, by path, of each of these snapshots of a zone, with its presence.

    A snapshot that is not known, or has none, is left out.
    """
    wanted = sorted(set(keys))
    known: dict[SnapshotKey, dict[str, KnownFile]] = defaultdict(dict)
    if not wanted:
        return known
    with catalog.read() as connection:
        connection.execute(
            """CREATE TEMP TABLE asked AS
               SELECT unnest(?::VARCHAR[]) AS dataset_id, unnest(?::VARCHAR[]) AS export_time""",
            [[storable(d) for d, _ in wanted], [storable(e) for _, e in wanted]],
        )
        # The window runs over the asked snapshots' rows alone; over the view it would run over every file of the zone.
        rows = connection.execute(
            f"""SELECT dataset_id, export_time, {FILE_COLUMNS} FROM (
                    FROM file_revisions SEMI JOIN
                        (FROM snapshot SEMI JOIN asked USING (dataset_id, export_time) WHERE zone = ?)
                        USING (snapshot_key)
                    JOIN turns USING (scan_key)
                    WINDOW newest AS (PARTITION BY snapshot_key, name ORDER BY recorded_at DESC, turn DESC)
                    QUALIFY row_number() OVER newest = 1
                ) ORDER BY dataset_id, export_time, path""",
            [storable(zone)],
        ).fetchall()
        sets = column_sets(connection)
    for row in rows:
        file = file_from(row[2:], sets)
        known[restored(row[0]), restored(row[1])][file.report.file.path] = file
    return dict(known)


def known_zones(catalog: Catalog) -> dict[str, str]:
    """Return the URL of every recorded zone by its name; none where there is no catalog yet."""
    if not catalog.exists:
        return {}
    with catalog.read() as connection:
        return dict(connection.execute("SELECT zone, url FROM zone ORDER BY zone").fetchall())


def recorded_kinds(catalog: Catalog) -> dict[str, str]:
    """Return the kind of store of every recorded zone, as its newest scan found it."""
    with catalog.read() as connection:
        return dict(connection.execute("SELECT zone, arg_max(kind, started_at) FROM scan GROUP BY zone").fetchall())


def newest_zone_findings(catalog: Catalog, code: str) -> dict[str, Finding]:
    """Return the finding of one code about each zone whose newest complete look has it."""
    with catalog.read() as connection:
        rows = connection.execute(
            f"""SELECT k.zone, {FINDING_COLUMNS} FROM zone_finding f JOIN
                (SELECT zone, arg_max(scan_key, turn) AS scan_key FROM scans JOIN turns USING (scan_key)
                 WHERE complete GROUP BY zone) k USING (scan_key) WHERE code = ? ORDER BY zone, position DESC""",
            [code],
        ).fetchall()
    return {row[0]: finding_from(row[1:]) for row in rows}


def stray_findings(catalog: Catalog, path: str, zone: str | None = None) -> dict[str, tuple[Finding, ...]]:
    """Return what was found of a file that belongs to no snapshot, by zone, in one zone or in all."""
    with catalog.read() as connection:
        rows = connection.execute(
            "SELECT zone, findings FROM strays WHERE path = $path AND ($zone IS NULL OR zone = $zone) ORDER BY zone",
            {"path": storable(path), "zone": zone and storable(zone)},
        ).fetchall()
    return {restored(name): findings_from(text) for name, text in rows}


def zone_name_for(catalog: Catalog, url: str, wanted: str) -> str:
    """Return the name under which a place is recorded, or a free one: `wanted`, else `wanted-2`, `wanted-3`, …

    A place recorded under several names keeps `wanted` where that is one of them, else the first of them.
    """
    zones = known_zones(catalog)
    names = [name for name, place in zones.items() if place == url]
    if names:
        return wanted if wanted in names else names[0]
    name, number = wanted, 1
    while name in zones:
        number += 1
        name = f"{wanted}-{number}"
    return name


def content_owners(catalog: Catalog, zone: str, dataset_id: str) -> dict[bytes, SnapshotKey]:
    """Return, by SHA-256, the earliest snapshot of a dataset that has a file with rows and these bytes."""
    owners: dict[bytes, SnapshotKey] = {}
    with catalog.read() as connection:
        result = connection.execute(
            """SELECT snapshot_key, any_value(export_time), list(sha256) FROM file_revisions
               WHERE zone = ? AND dataset_id = ? AND sha256 IS NOT NULL AND rows > 0
               GROUP BY snapshot_key ORDER BY 2""",
            [storable(zone), storable(dataset_id)],
        )
        while row := result.fetchone():
            key = (dataset_id, restored(row[1]))
            for sha256 in row[2]:
                owners.setdefault(bytes.fromhex(sha256), key)
    return owners


def looks(catalog: Catalog, zone: str) -> list[RecordedLook]:
    """Return the newest complete and trusted look of each scope at a zone, newest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            "SELECT scope, started_at FROM looks WHERE zone = ? ORDER BY started_at DESC", [zone]
        ).fetchall()
    return [RecordedLook(scope, started_at.replace(tzinfo=UTC)) for scope, started_at in rows]


def previous_suspect(catalog: Catalog, zone: str, scope: str | None = None) -> bool:
    """Tell whether the newest complete look at a zone, of one scope or of any, was suspect."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT suspect FROM scans JOIN turns USING (scan_key)
               WHERE zone = $zone AND complete AND ($scope IS NULL OR scope = $scope) ORDER BY turn DESC LIMIT 1""",
            {"zone": zone, "scope": scope},
        ).fetchall()
    return rows == [(True,)]


def column_sets(connection: Connection) -> ColumnSets:
    """Return all recorded sets of columns by their digest; a dataset has few."""
    rows = connection.execute("SELECT digest, columns FROM column_set").fetchall()
    return {digest: columns_from(text) for digest, text in rows}


def _findings(connection: Connection, query: str, values: list[object]) -> Mapping[tuple[int, bool], list[Finding]]:
    found: dict[tuple[int, bool], list[Finding]] = defaultdict(list)
    for row in connection.execute(query, values).fetchall():
        found[row[0], row[1]].append(finding_from(row[2:]))
    return found
