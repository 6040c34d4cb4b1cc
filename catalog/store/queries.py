"""Look-ups for people: datasets, snapshots and files as known now, in plain values; not documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.store.codec import (
    FILE_COLUMNS,
    FINDING_COLUMNS,
    REPORT_COLUMNS,
    file_from,
    finding_from,
    from_stored,
    report_from,
    restored,
    storable,
    to_moment,
)
from catalog.store.database import Catalog, Connection
from catalog.store.known import column_sets
from catalog.store.reads import LAST_READ, oldest_reads
from catalog.store.said import acceptances_now
from verifier.model import Finding, KnownFile, Presence, SnapshotId, SnapshotReport, Verdict

_FILES = """
SELECT r.*, min(r.seen_at) OVER (PARTITION BY r.snapshot_key, r.name) AS first_seen_at,
       CASE WHEN r.presence = 'present' THEN greatest(r.recorded_at, l.started_at) END AS last_seen_at
FROM ({revisions}) r JOIN turns t USING (scan_key) LEFT JOIN looks l ON l.zone = r.zone AND l.scope = ''
QUALIFY row_number() OVER (PARTITION BY r.snapshot_key, r.name ORDER BY r.recorded_at DESC, t.turn DESC) = 1
"""


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


def dataset_names(catalog: Catalog) -> list[tuple[str, str, str | None]]:
    """Return zone, id and recorded name of every dataset that has snapshots, by zone and id."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT zone, dataset_id, name FROM (SELECT DISTINCT zone, dataset_id FROM snapshot)
               LEFT JOIN schedules USING (zone, dataset_id) ORDER BY ALL"""
        ).fetchall()
    return [(restored(zone), restored(dataset_id), name) for zone, dataset_id, name in rows]


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
    with catalog.read() as connection:
        query, values = fitting(connection, wanted)
        limit = "" if wanted.limit is None else f"LIMIT {int(wanted.limit)}"
        if limit or wanted.offset:
            query += f" ORDER BY export_at DESC, zone, dataset_id, export_time {limit} OFFSET {int(wanted.offset)}"
        return chosen_snapshots(connection, f"SELECT * {query}", values)


def get_snapshot(catalog: Catalog, wanted: SnapshotId) -> RecordedSnapshot | None:
    """Return one snapshot as known now, or None."""
    one = SnapshotFilter(zone=wanted.zone, dataset_ids=(wanted.dataset_id,), export_time=wanted.export_time)
    return next(iter(list_snapshots(catalog, one)), None)


def list_files(catalog: Catalog, wanted: SnapshotId) -> list[RecordedFile]:
    """Return all files of a snapshot as known now, the gone ones included, by path."""
    with catalog.read() as connection:
        found = find_key(connection, wanted)
        return [] if found is None else files_of(connection, [found[0]]).get(found[0], [])


def find_key(connection: Connection, wanted: SnapshotId) -> tuple[int, str] | None:
    """Return the key of a snapshot and its folder, relative to its zone; None where it is not known."""
    rows = connection.execute(
        "SELECT snapshot_key, folder FROM snapshot WHERE zone = ? AND dataset_id = ? AND export_time = ?",
        [storable(wanted.zone), storable(wanted.dataset_id), storable(wanted.export_time)],
    ).fetchall()
    return (int(rows[0][0]), restored(rows[0][1])) if rows else None


def files_of(connection: Connection, keys: Sequence[int]) -> dict[int, list[RecordedFile]]:
    """Return all files of some snapshots as known now, the gone ones included, by path, by the snapshots' keys."""
    _ask_for(connection, keys)
    found: dict[int, list[RecordedFile]] = {}
    for key, _, file in chosen_files(connection, "FROM file_revisions SEMI JOIN asked USING (snapshot_key)"):
        found.setdefault(key, []).append(file)
    return found


def chosen_files(connection: Connection, query: str) -> list[tuple[int, SnapshotId, RecordedFile]]:
    """Return the files of which a query gives all rows of `file_revisions`, with their snapshot and its key.

    Newest export first, then by zone, dataset and path. The table `asked` has the keys.
    """
    files = LAST_READ.format(files=_FILES.format(revisions=query), snapshots="asked", at="'infinity'::TIMESTAMP")
    rows = connection.execute(
        f"""SELECT snapshot_key, zone, dataset_id, export_time, first_seen_at, last_seen_at, recorded_at,
                   CASE WHEN presence = 'present' AND sha256 IS NOT NULL THEN read_at END, {FILE_COLUMNS}
            FROM ({files}) ORDER BY export_at DESC, zone, dataset_id, snapshot_key, path"""
    ).fetchall()
    sets = column_sets(connection)
    found = []
    for key, zone, dataset_id, export_time, first_seen_at, last_seen_at, recorded_at, read_at, *columns in rows:
        known = file_from(columns, sets)
        file = RecordedFile(
            known=known,
            presence=known.presence,
            first_seen_at=first_seen_at.replace(tzinfo=UTC),
            last_seen_at=from_stored(last_seen_at),
            recorded_at=recorded_at.replace(tzinfo=UTC),
            last_full_read_at=from_stored(read_at),
        )
        found.append((key, SnapshotId(restored(zone), restored(dataset_id), restored(export_time)), file))
    return found


def _ask_for(connection: Connection, keys: Sequence[int]) -> None:
    """Put keys into a table: by a join with it a filter reaches the tables below the views, by a list it may not."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE asked AS SELECT unnest(?::INTEGER[]) AS snapshot_key", [list(keys)]
    )


def matches(listed: Sequence[tuple[str, Sequence[object]]]) -> tuple[str, list[object]]:
    """Return SQL, with its values, that each column is one of a list: one that reaches the tables below the views."""
    conditions = [f"{column} IN ({', '.join('?' for _ in values)})" for column, values in listed]
    return " AND ".join(conditions) or "TRUE", [value for _, values in listed for value in values]


# Of each snapshot only its key and whether its newest state fits, so that strings are compared once a dataset. Export
# times stand in the order of their moments as text, too.
_NEWEST = """
CREATE OR REPLACE TEMP TABLE newest AS
SELECT arg_max(snapshot_key, export_time) AS snapshot_key FROM snapshot JOIN (
    SELECT snapshot_key, arg_max({state}, epoch_us(recorded_at)::HUGEINT * 4294967296 + turn) AS fits
    FROM (SELECT r.* REPLACE (coalesce(a.verdict, r.verdict) AS verdict)
          FROM snapshot_revision r LEFT JOIN accepted_verdicts a USING (scan_key, snapshot_key))
    JOIN turns USING (scan_key) GROUP BY snapshot_key) USING (snapshot_key)
WHERE fits AND {place} GROUP BY zone, dataset_id
"""


def fitting(connection: Connection, wanted: SnapshotFilter) -> tuple[str, list[object]]:
    """Return SQL of rows of the view, and its values; the columns that it groups by reach the tables below it."""
    from_at, to_at = (to_moment(at) for at in (wanted.from_at, wanted.to_at))
    verdict = Verdict.GOOD if wanted.latest_good else wanted.verdict
    place, values = _all_of(
        ("zone = ?", [None if wanted.zone is None else storable(wanted.zone)]),
        (f"dataset_id IN ({', '.join('?' for _ in wanted.dataset_ids)})", [storable(d) for d in wanted.dataset_ids]),
        ("export_time = ?", [wanted.export_time]),
        ("export_at >= ?", [from_at]),
        ("export_at <= ?", [to_at]),
    )
    of_verdict = ("verdict = ?", [verdict and verdict.value])
    if wanted.latest or wanted.latest_good:
        state, states = _all_of(of_verdict, ("presence = ?", [Presence.PRESENT.value]))
        connection.execute(_NEWEST.format(state=f"({state})", place=place), [*states, *values])
        return "FROM snapshots SEMI JOIN newest USING (snapshot_key)", []
    state, states = _all_of(of_verdict)
    return f"FROM snapshots WHERE {place} AND {state}", [*values, *states]


def _all_of(*conditions: tuple[str, Sequence[object]]) -> tuple[str, list[object]]:
    """SQL that all conditions hold whose values are given, and the values."""
    used = [(text, values) for text, values in conditions if values and None not in values]
    return " AND ".join(text for text, _ in used) or "TRUE", [value for _, values in used for value in values]


def snapshots_of(connection: Connection, keys: Sequence[int]) -> list[RecordedSnapshot]:
    """Return the snapshots with these keys, by zone, dataset and export time."""
    _ask_for(connection, keys)
    return chosen_snapshots(connection, "FROM snapshots SEMI JOIN asked USING (snapshot_key)", [])


def chosen_snapshots(connection: Connection, query: str, values: Sequence[object]) -> list[RecordedSnapshot]:
    """Return the rows of the view that a query gives as snapshots, by zone, dataset and export time."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {query}", values)
    rows = connection.execute(
        f"""SELECT snapshot_key, first_seen_at, judged_at, verified_at, {REPORT_COLUMNS} FROM chosen
            ORDER BY zone, dataset_id, export_time"""
    ).fetchall()
    found: dict[tuple[int, bool], list[Finding]] = {}
    for row in connection.execute(
        f"""SELECT snapshot_key, of_file, {FINDING_COLUMNS} FROM (
                SELECT f.*, to_path(f.name, s.folder, s.writer) AS path
                FROM (FROM finding SEMI JOIN chosen USING (scan_key, snapshot_key)) f
                JOIN snapshot s USING (snapshot_key))
            ORDER BY snapshot_key, position"""
    ).fetchall():
        found.setdefault((row[0], row[1]), []).append(finding_from(row[2:]))
    sets, reads, accepted = column_sets(connection), oldest_reads(connection, "chosen"), acceptances_now(connection)
    return [
        RecordedSnapshot(
            report=accepted.applied(
                report_from(row[4:], sets, found.get((row[0], False), ()), found.get((row[0], True), ()))
            ),
            first_seen_at=row[1].replace(tzinfo=UTC),
            judged_at=row[2].replace(tzinfo=UTC),
            verified_at=from_stored(row[3]),
            last_full_read_at=reads.get(row[0]),
        )
        for row in rows
    ]
