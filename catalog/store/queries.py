"""Look-ups for people: datasets, snapshots, files and scans as known now, in plain values; not documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.store.codec import (
    FILE_COLUMNS,
    FINDING_COLUMNS,
    REPORT_COLUMNS,
    file_from,
    finding_from,
    from_json,
    from_stored,
    report_from,
    restored,
    storable,
    to_moment,
)
from catalog.store.database import Catalog, Connection
from catalog.store.known import column_sets
from catalog.store.reads import file_reads, oldest_reads
from verifier.model import Finding, KnownFile, Presence, SnapshotId, SnapshotReport, Verdict
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDataset:
    """A dataset with what is present of it: number and bytes of snapshots, newest and newest good export time."""

    zone: str
    dataset_id: str
    name: str | None
    snapshots: int
    newest_at: datetime | None
    newest_good_at: datetime | None
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSnapshot:
    """A snapshot as known now; `verified_at` is when bytes of it were last read, None where they never were.

    `last_full_read_at` is the oldest of its data files, None where one was never read in full.
    """

    report: SnapshotReport
    first_seen_at: datetime
    judged_at: datetime
    verified_at: datetime | None
    last_full_read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFile:
    """A file as known now; `last_seen_at` is the newest trusted listing that had it, None where it is gone.

    `last_full_read_at` is when every byte of it was last read, None where that never was.
    """

    known: KnownFile
    presence: Presence
    first_seen_at: datetime
    last_seen_at: datetime | None
    recorded_at: datetime
    last_full_read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScan:
    """A look at a zone; `finished_at` is None while it runs, and for good where it was killed."""

    scan_id: str
    zone: str
    url: str
    depth: str
    scope: str
    started_at: datetime
    finished_at: datetime | None
    complete: bool
    suspect: bool
    counts: dict[str, int]
    trouble: Trouble | None
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFilter:
    """Which snapshots are asked for; bounds of the export time are included, empty means any.

    `latest` and `latest_good` take the newest present one of each dataset. With `limit` the newest are given, after as
    many as `offset`.
    """

    zone: str | None = None
    dataset_ids: tuple[str, ...] = ()
    export_time: str | None = None
    verdict: Verdict | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    latest: bool = False
    latest_good: bool = False
    limit: int | None = None
    offset: int = 0


def list_datasets(catalog: Catalog, zone: str | None = None) -> list[RecordedDataset]:
    """Return all datasets, or those of a zone, by zone and id."""
    with catalog.read() as connection:
        return datasets_where(connection, *matches([] if zone is None else [("zone", [storable(zone)])]))


def datasets_where(connection: Connection, condition: str, values: Sequence[object]) -> list[RecordedDataset]:
    """Return the datasets that pass SQL over the columns of the view, by zone and id."""
    rows = connection.execute(
        f"""SELECT zone, dataset_id, name, snapshots, newest_at, newest_good_at, bytes FROM datasets
            WHERE {condition} ORDER BY ALL""",
        values,
    ).fetchall()
    return [
        RecordedDataset(
            zone=restored(row[0]),
            dataset_id=restored(row[1]),
            name=row[2],
            snapshots=row[3],
            newest_at=from_stored(row[4]),
            newest_good_at=from_stored(row[5]),
            bytes=row[6],
        )
        for row in rows
    ]


def list_snapshots(catalog: Catalog, wanted: SnapshotFilter) -> list[RecordedSnapshot]:
    """Return the snapshots that pass a filter, with all their findings, by zone, dataset and export time."""
    query, values = _query(wanted)
    limit = "" if wanted.limit is None else f"LIMIT {int(wanted.limit)}"
    if limit or wanted.offset:
        query += f" ORDER BY export_at DESC, zone, dataset_id {limit} OFFSET {int(wanted.offset)}"
    with catalog.read() as connection:
        return chosen_snapshots(connection, query, values)


def count_snapshots(catalog: Catalog, wanted: SnapshotFilter) -> int:
    """Return how many snapshots pass a filter, whatever its limit and offset."""
    query, values = _query(wanted)
    with catalog.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM ({query})", values).fetchall()[0][0])


def get_snapshot(catalog: Catalog, wanted: SnapshotId) -> RecordedSnapshot | None:
    """Return one snapshot as known now, or None."""
    with catalog.read() as connection:
        return snapshot_of(connection, wanted)


def snapshot_of(connection: Connection, wanted: SnapshotId) -> RecordedSnapshot | None:
    """Return one snapshot as known now, or None."""
    one = SnapshotFilter(zone=wanted.zone, dataset_ids=(wanted.dataset_id,), export_time=wanted.export_time)
    return next(iter(chosen_snapshots(connection, *_query(one))), None)


def list_files(catalog: Catalog, wanted: SnapshotId) -> list[RecordedFile]:
    """Return all files of a snapshot as known now, the gone ones included, by path."""
    with catalog.read() as connection:
        found = find_key(connection, wanted)
        return [] if found is None else files_of(connection, found[0])


def find_key(connection: Connection, wanted: SnapshotId) -> tuple[int, str] | None:
    """Return the key of a snapshot and its folder, relative to its zone; None where it is not known."""
    rows = connection.execute(
        "SELECT snapshot_key, folder FROM snapshot WHERE zone = ? AND dataset_id = ? AND export_time = ?",
        [storable(wanted.zone), storable(wanted.dataset_id), storable(wanted.export_time)],
    ).fetchall()
    return (int(rows[0][0]), restored(rows[0][1])) if rows else None


def files_of(connection: Connection, snapshot_key: int) -> list[RecordedFile]:
    """Return all files of a snapshot as known now, the gone ones included, by path."""
    rows = connection.execute(
        f"""SELECT {FILE_COLUMNS}, first_seen_at, last_seen_at, recorded_at FROM files
            WHERE snapshot_key = ? ORDER BY path""",
        [snapshot_key],
    ).fetchall()
    sets, reads = column_sets(connection), file_reads(connection, snapshot_key)
    return [
        RecordedFile(
            known=file_from(row[:-3], sets),
            presence=Presence(row[-4]),
            first_seen_at=row[-3].replace(tzinfo=UTC),
            last_seen_at=from_stored(row[-2]),
            recorded_at=row[-1].replace(tzinfo=UTC),
            last_full_read_at=reads.get(row[0]),
        )
        for row in rows
    ]


def list_scans(catalog: Catalog, zone: str | None = None, limit: int = 100) -> list[RecordedScan]:
    """Return the newest looks at all zones, or at one, newest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT scan_id, zone, url, depth, scope, started_at, finished_at, complete, suspect, counts,
                      error_kind, error_message, error_hint, tool_version
               FROM scans WHERE $zone IS NULL OR zone = $zone ORDER BY started_at DESC, scan_key DESC LIMIT $limit""",
            {"zone": zone, "limit": limit},
        ).fetchall()
    return [_scan(row) for row in rows]


def _scan(row: tuple[Any, ...]) -> RecordedScan:
    kind, message, hint = row[10:13]
    return RecordedScan(
        scan_id=row[0],
        zone=row[1],
        url=row[2],
        depth=row[3],
        scope=row[4],
        started_at=row[5].replace(tzinfo=UTC),
        finished_at=from_stored(row[6]),
        complete=row[7],
        suspect=row[8],
        counts=from_json(row[9] or "{}"),
        trouble=None if kind is None else Trouble(kind=kind, message=message, hint=hint),
        tool_version=row[13],
    )


def matches(listed: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, list[object]]:
    """Return SQL, with its values, that each column is one of a list: one that reaches the tables below the views."""
    conditions = [f"{column} IN ({', '.join('?' for _ in values)})" for column, values in listed]
    return " AND ".join(conditions) or "TRUE", [value for _, values in listed for value in values]


# Of each snapshot only its key and whether its newest state fits, so that strings are compared once a dataset.
_NEWEST = """
SELECT * FROM snapshots SEMI JOIN (
    SELECT arg_max(snapshot_key, (export_at, export_time)) AS snapshot_key FROM snapshot JOIN (
        SELECT snapshot_key, arg_max({state}, epoch_us(recorded_at)::HUGEINT * 4294967296 + turn) AS fits
        FROM snapshot_revision JOIN turns USING (scan_key) GROUP BY snapshot_key) USING (snapshot_key)
    WHERE fits AND {place} GROUP BY zone, dataset_id) USING (snapshot_key)
"""


def _query(wanted: SnapshotFilter) -> tuple[str, list[object]]:
    """SQL over the view and its values; the columns that the view groups by reach the tables below it."""
    from_at, to_at = (to_moment(at) for at in (wanted.from_at, wanted.to_at))
    verdict = Verdict.GOOD if wanted.latest_good else wanted.verdict
    place, values = _all_of(
        ("zone = ?", [None if wanted.zone is None else storable(wanted.zone)]),
        (f"dataset_id IN ({', '.join('?' for _ in wanted.dataset_ids)})", [storable(d) for d in wanted.dataset_ids]),
        ("export_time = ?", [wanted.export_time]),
        ("export_at >= ?", [from_at]),
        ("export_at <= ?", [to_at]),
    )
    if wanted.latest or wanted.latest_good:
        state, states = _all_of(
            ("verdict = ?", [verdict and verdict.value]), ("presence = ?", [Presence.PRESENT.value])
        )
        return _NEWEST.format(state=f"({state})", place=place), [*states, *values]
    state, states = _all_of(("verdict = ?", [verdict and verdict.value]))
    return f"SELECT * FROM snapshots WHERE {place} AND {state}", [*values, *states]


def _all_of(*conditions: tuple[str, Sequence[object]]) -> tuple[str, list[object]]:
    """SQL that all conditions hold whose values are given, and the values."""
    used = [(text, values) for text, values in conditions if values and None not in values]
    return " AND ".join(text for text, _ in used) or "TRUE", [value for _, values in used for value in values]


def chosen_snapshots(connection: Connection, query: str, values: Sequence[object]) -> list[RecordedSnapshot]:
    """Return the rows of the view that a query gives as snapshots, by zone, dataset and export time."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {query}", values)
    rows = connection.execute(
        f"""SELECT snapshot_key, first_seen_at, judged_at, verified_at, {REPORT_COLUMNS} FROM chosen
            ORDER BY zone, dataset_id, export_time"""
    ).fetchall()
    found: dict[tuple[int, bool], list[Finding]] = {}
    for row in connection.execute(
        f"""SELECT f.snapshot_key, f.of_file, {FINDING_COLUMNS} FROM finding_revisions f
            SEMI JOIN chosen USING (scan_key, snapshot_key) ORDER BY f.snapshot_key, position"""
    ).fetchall():
        found.setdefault((row[0], row[1]), []).append(finding_from(row[2:]))
    sets, reads = column_sets(connection), oldest_reads(connection, "chosen")
    return [
        RecordedSnapshot(
            report=report_from(row[4:], sets, found.get((row[0], False), ()), found.get((row[0], True), ())),
            first_seen_at=row[1].replace(tzinfo=UTC),
            judged_at=row[2].replace(tzinfo=UTC),
            verified_at=from_stored(row[3]),
            last_full_read_at=reads.get(row[0]),
        )
        for row in rows
    ]
