"""What a text may mean: datasets, snapshots and files by part of a name or the start of a digest, a page of each."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Generic, TypeVar

from catalog.store.codec import FILE_COLUMNS, file_from, from_stored, restored, storable
from catalog.store.database import Catalog, Connection
from catalog.store.known import column_sets
from catalog.store.queries import (
    RecordedDataset,
    RecordedFile,
    RecordedSnapshot,
    chosen_snapshots,
    datasets_where,
    matches,
)
from catalog.store.reads import LAST_READ
from verifier.model import SnapshotId

T = TypeVar("T")

_DIGEST = re.compile(r"[0-9a-fA-F]{8,64}")
_PLACE = "($zone IS NULL OR zone = $zone) AND ($dataset_id IS NULL OR dataset_id = $dataset_id)"
_PATH = "to_path(f.name, s.folder, s.writer)"
# Paths are not stored whole: only snapshots whose folder fits the text are asked for their files, and whole ones.
_BEGINS = f"""
SELECT f.snapshot_key, f.name FROM {{files}} f JOIN
    (FROM snapshot WHERE {_PLACE} AND (starts_with(folder || '/', $text) OR starts_with($text, folder || '/'))) s
    USING (snapshot_key) WHERE starts_with({_PATH}, $text)
UNION ALL
SELECT f.snapshot_key, f.name FROM {{files}} f JOIN (FROM snapshot WHERE {_PLACE}) s USING (snapshot_key)
WHERE starts_with(f.name, '/' || $text)
"""
# A range, and before the join, is a third quicker; every hex digit is below "g".
_OF_DIGEST = f"""
WITH f AS MATERIALIZED (
    SELECT snapshot_key, name FROM {{files}} WHERE sha256 >= $text AND sha256 < $text || 'g')
SELECT f.snapshot_key, f.name FROM f SEMI JOIN (FROM snapshot WHERE {_PLACE}) s USING (snapshot_key)
"""
_HAS = f"""
SELECT f.snapshot_key, f.name FROM {{files}} f JOIN (FROM snapshot WHERE {_PLACE}) s USING (snapshot_key)
WHERE contains({_PATH}, $text)
"""
_FOUND_FILES = """
SELECT r.*, min(r.seen_at) OVER (PARTITION BY r.snapshot_key, r.name) AS first_seen_at,
       CASE WHEN r.presence = 'present' THEN greatest(r.recorded_at, l.started_at) END AS last_seen_at
FROM file_revisions r SEMI JOIN found_file USING (snapshot_key, name)
LEFT JOIN looks l ON l.zone = r.zone AND l.scope = ''
QUALIFY row_number() OVER (PARTITION BY r.snapshot_key, r.name ORDER BY r.recorded_at DESC, r.scan_key DESC) = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for and where; of each kind at most `limit`, after the first `offset`."""

    text: str
    zone: str | None = None
    dataset_id: str | None = None
    limit: int = 20
    offset: int = 0

    @property
    def place(self) -> dict[str, str | None]:
        """The values of the SQL that keeps to a zone and a dataset."""
        return {
            name: value and storable(value) for name, value in (("zone", self.zone), ("dataset_id", self.dataset_id))
        }


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One page, and how many come after it."""

    items: tuple[T, ...]
    more: int


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as known now with the snapshot that it is of."""

    snapshot: SnapshotId
    file: RecordedFile


@dataclass(frozen=True, slots=True)
class Finds:
    """What a text was found in."""

    datasets: Found[RecordedDataset]
    snapshots: Found[RecordedSnapshot]
    files: Found[FoundFile]


def find_all(catalog: Catalog, search: Search, named: Collection[tuple[str, str]] = ()) -> Finds:
    """Return the datasets, snapshots and files that a text may mean.

    Datasets: with the text in `ZONE/ID` or their name, in any case, by zone and id; `named` are more (zone, id), whose
    name elsewhere has it. Snapshots: with the text in their id, in any case, newest export first. Files: whose path
    begins with the text; where there are none, whose SHA-256 does in any recorded state; where there are none either,
    with the text anywhere in their path; newest export first, then by path.
    """
    with catalog.read() as connection:
        return Finds(
            _find_datasets(connection, search, named),
            _find_snapshots(connection, search),
            _find_files(connection, search),
        )


def nearest_snapshot(catalog: Catalog, wanted: SnapshotId) -> SnapshotId | None:
    """Return the recorded snapshot of the same dataset whose export time is nearest; None where there is none."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT export_time FROM snapshot WHERE zone = ? AND dataset_id = ?
               ORDER BY abs(epoch(export_at) - epoch(?::TIMESTAMP)), export_time LIMIT 1""",
            [storable(wanted.zone), storable(wanted.dataset_id), wanted.export_at.replace(tzinfo=None)],
        ).fetchall()
    return replace(wanted, export_time=restored(rows[0][0])) if rows else None


def recorded_datasets(catalog: Catalog) -> list[str]:
    """Return `ZONE/ID` of every recorded dataset, in order."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT DISTINCT zone, dataset_id FROM snapshot ORDER BY ALL").fetchall()
    return [f"{restored(zone)}/{restored(dataset_id)}" for zone, dataset_id in rows]


def _snapshots(
    connection: Connection, keys: list[tuple[str, str, str]]
) -> dict[tuple[str, str, str], RecordedSnapshot]:
    columns = ("zone", "dataset_id", "export_time")
    where, values = matches([(name, sorted({key[n] for key in keys})) for n, name in enumerate(columns)])
    found = chosen_snapshots(connection, f"SELECT * FROM snapshots WHERE {where}", values)
    ids = ((s, s.report.id) for s in found)
    return {(storable(i.zone), storable(i.dataset_id), storable(i.export_time)): s for s, i in ids}


def _count_hits(connection: Connection, query: str, values: dict[str, str | None]) -> int:
    """Count the files that a query names, and those of each snapshot into the table `hit`."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE hit AS SELECT snapshot_key, count(DISTINCT name) AS files
            FROM ({query.format(files="file_revision")}) GROUP BY snapshot_key""",
        values,
    )
    return int(connection.execute("SELECT coalesce(sum(files), 0) FROM hit").fetchall()[0][0])


def _turn_to(connection: Connection, search: Search) -> int:
    """Put the snapshots of a page into the table `on_page`; return how many files of the first are before the page."""
    connection.execute(
        """CREATE TEMP TABLE on_page AS SELECT * FROM (
               SELECT snapshot_key, files, sum(files) OVER (ORDER BY export_at DESC, zone, dataset_id, snapshot_key
                                                            ROWS UNBOUNDED PRECEDING) AS up_to
               FROM hit JOIN snapshot USING (snapshot_key))
           WHERE up_to > $offset AND up_to - files < $offset + $limit""",
        {"offset": search.offset, "limit": search.limit},
    )
    first = connection.execute("SELECT min(up_to - files) FROM on_page").fetchall()[0][0]
    return 0 if first is None else search.offset - int(first)


def _files(connection: Connection) -> list[FoundFile]:
    files = LAST_READ.format(files=_FOUND_FILES, at="'infinity'::TIMESTAMP")
    rows = connection.execute(
        f"""SELECT zone, dataset_id, export_time, first_seen_at, last_seen_at, recorded_at,
                   CASE WHEN presence = 'present' AND sha256 IS NOT NULL THEN read_at END, {FILE_COLUMNS}
            FROM ({files}) ORDER BY export_at DESC, zone, dataset_id, snapshot_key, path"""
    ).fetchall()
    sets = column_sets(connection)
    found = []
    for zone, dataset_id, export_time, first_seen_at, last_seen_at, recorded_at, read_at, *columns in rows:
        known = file_from(columns, sets)
        file = RecordedFile(
            known=known,
            presence=known.presence,
            first_seen_at=first_seen_at.replace(tzinfo=UTC),
            last_seen_at=from_stored(last_seen_at),
            recorded_at=recorded_at.replace(tzinfo=UTC),
            last_full_read_at=from_stored(read_at),
        )
        found.append(FoundFile(SnapshotId(restored(zone), restored(dataset_id), restored(export_time)), file))
    return found


def _find_datasets(
    connection: Connection, search: Search, named: Collection[tuple[str, str]]
) -> Found[RecordedDataset]:
    values = search.place | {"text": storable(search.text.lower())}
    rows = connection.execute(
        f"""SELECT zone, dataset_id, contains(lower(zone || '/' || dataset_id), $text)
            FROM (SELECT DISTINCT zone, dataset_id FROM snapshot WHERE {_PLACE})""",
        values,
    ).fetchall()
    also = {(storable(zone), storable(dataset)) for zone, dataset in named}
    also |= set(
        connection.execute(
            f"SELECT zone, dataset_id FROM schedules WHERE {_PLACE} AND contains(lower(name), $text)", values
        ).fetchall()
    )
    pairs = sorted((zone, dataset) for zone, dataset, fits in rows if fits or (zone, dataset) in also)
    page = set(pairs[search.offset :][: search.limit])
    listed = [("zone", sorted({z for z, _ in page})), ("dataset_id", sorted({d for _, d in page}))]
    found = datasets_where(connection, *matches(listed)) if page else []
    items = tuple(d for d in found if (storable(d.zone), storable(d.dataset_id)) in page)
    return Found(items, max(len(pairs) - search.offset - len(page), 0))


def _find_snapshots(connection: Connection, search: Search) -> Found[RecordedSnapshot]:
    rows = connection.execute(
        f"""WITH fitting AS MATERIALIZED (
                SELECT zone, dataset_id, export_time, export_at FROM snapshot
                WHERE {_PLACE} AND contains(lower(zone || '/' || dataset_id || '/' || export_time), $text))
            SELECT zone, dataset_id, export_time, (SELECT count(*) FROM fitting) FROM fitting
            ORDER BY export_at DESC, zone, dataset_id, export_time LIMIT $limit OFFSET $offset""",
        search.place | {"text": storable(search.text.lower()), "limit": search.limit, "offset": search.offset},
    ).fetchall()
    if not rows:
        return Found((), 0)
    found = _snapshots(connection, [row[:3] for row in rows])
    return Found(tuple(found[row[:3]] for row in rows), rows[0][3] - search.offset - len(rows))


def _find_files(connection: Connection, search: Search) -> Found[FoundFile]:
    values = search.place | {"text": storable(search.text)}
    tries = [(_BEGINS, values), (_HAS, values)]
    if _DIGEST.fullmatch(search.text):
        tries.insert(1, (_OF_DIGEST, search.place | {"text": search.text.lower()}))
    for query, given in tries:
        total = _count_hits(connection, query, given)
        if total:
            break
    else:
        return Found((), 0)
    skip = _turn_to(connection, search)
    on_page = "(FROM file_revision SEMI JOIN on_page USING (snapshot_key))"
    connection.execute(f"CREATE TEMP TABLE found_file AS {query.format(files=on_page)}", given)
    files = _files(connection)[skip:][: search.limit]
    return Found(tuple(files), max(total - search.offset - len(files), 0))
