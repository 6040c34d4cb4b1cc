"""What a text may mean: datasets, snapshots and files by part of a name or the start of a digest, a page of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from catalog.store.codec import restored, storable
from catalog.store.database import Catalog, Connection
from catalog.store.queries import (
    RecordedDataset,
    RecordedFile,
    RecordedSnapshot,
    chosen_files,
    datasets_where,
    find_key,
    matches,
    snapshots_of,
)
from verifier.model import SnapshotId

T = TypeVar("T")
Values = dict[str, object]

_DIGEST = re.compile(r"[0-9a-fA-F]{8,64}")
_PLACE = "($zone IS NULL OR zone = $zone) AND ($dataset_id IS NULL OR dataset_id = $dataset_id)"
_PATH = "to_path(f.name, s.folder, s.writer)"
# Paths are not stored whole: only snapshots whose folder fits the text are asked for their files, and whole ones, which
# begin with a slash: bounds, unlike starts_with, pass over what has none such.
_BEGINS = f"""
SELECT f.snapshot_key, f.name FROM {{files}} f JOIN (
    FROM snapshot WHERE {_PLACE} AND (
        starts_with(folder, $text) OR (starts_with($text, folder) AND $text[length(folder) + 1] = '/'))) s
    USING (snapshot_key) WHERE starts_with({_PATH}, $text)
UNION ALL
SELECT f.snapshot_key, f.name FROM (FROM {{files}} WHERE name >= '/' || $text AND name < '/' || $text || chr(1114111)) f
JOIN snapshot s USING (snapshot_key) WHERE {_PLACE}
"""
# Numbers are compared first, and strings of the few that are left; every hex digit is below "g".
_OF_DIGEST = f"""
WITH f AS MATERIALIZED (
    SELECT snapshot_key, name FROM {{files}}
    WHERE (sha256_head = $head OR sha256_head IS NULL) AND sha256 >= $text AND sha256 < $text || 'g')
SELECT snapshot_key, name FROM (
    FROM snapshot WHERE {_PLACE} AND snapshot_key IN (SELECT snapshot_key FROM f)) JOIN f USING (snapshot_key)
"""
_HAS = f"""
SELECT f.snapshot_key, f.name FROM {{files}} f JOIN (FROM snapshot WHERE {_PLACE}) s USING (snapshot_key)
WHERE contains({_PATH}, $text)
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
    def place(self) -> Values:
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
    and the text is not the whole id or name of a dataset or snapshot, with the text anywhere in their path; newest
    export first, then by path.
    """
    with catalog.read() as connection:
        places = _places(connection, search)
        return Finds(
            _find_datasets(connection, search, places, named),
            _find_snapshots(connection, search, places),
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


def _count_hits(connection: Connection, query: str, values: Values) -> int:
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


def _places(connection: Connection, search: Search) -> list[tuple[str, str]]:
    """Return zone and id of all recorded datasets that are looked at, as stored."""
    return connection.execute(
        f"SELECT DISTINCT zone, dataset_id FROM snapshot WHERE {_PLACE} ORDER BY ALL", search.place
    ).fetchall()


def _find_datasets(
    connection: Connection, search: Search, places: Sequence[tuple[str, str]], named: Collection[tuple[str, str]]
) -> Found[RecordedDataset]:
    text = storable(search.text.lower())
    also = {(storable(zone), storable(dataset)) for zone, dataset in named}
    # Which of its names a dataset has now takes longer to tell than that none of them fits.
    if connection.execute("SELECT 1 FROM schedule_seen WHERE contains(lower(name), ?) LIMIT 1", [text]).fetchall():
        called = f"SELECT zone, dataset_id FROM schedules WHERE {_PLACE} AND contains(lower(name), $text)"
        also |= set(connection.execute(called, search.place | {"text": text}).fetchall())
    pairs = [place for place in places if text in "/".join(place).lower() or place in also]
    page = set(pairs[search.offset :][: search.limit])
    listed = [("zone", sorted({z for z, _ in page})), ("dataset_id", sorted({d for _, d in page}))]
    found = datasets_where(connection, *matches(listed)) if page else []
    items = tuple(d for d in found if (storable(d.zone), storable(d.dataset_id)) in page)
    return Found(items, max(len(pairs) - search.offset - len(page), 0))


def _find_snapshots(
    connection: Connection, search: Search, places: Sequence[tuple[str, str]]
) -> Found[RecordedSnapshot]:
    parts = {place: part for place in places if (part := _left_to_fit(search.text.lower(), place)) is not None}
    if not parts:
        return Found((), 0)
    connection.execute(
        """CREATE TEMP TABLE fitting AS SELECT s.* FROM snapshot s JOIN (
               SELECT unnest($zones) AS zone, unnest($datasets) AS dataset_id, unnest($parts) AS part)
               USING (zone, dataset_id) WHERE contains('/' || export_time, part)""",
        {"zones": [z for z, _ in parts], "datasets": [d for _, d in parts], "parts": list(parts.values())},
    )
    rows = connection.execute(
        """SELECT snapshot_key, (SELECT count(*) FROM fitting) FROM fitting
           ORDER BY export_at DESC, zone, dataset_id, export_time LIMIT ? OFFSET ?""",
        [search.limit, search.offset],
    ).fetchall()
    if not rows:
        return Found((), 0)
    found = snapshots_of(connection, [key for key, _ in rows])
    found.sort(key=lambda one: one.report.id.export_at, reverse=True)
    return Found(tuple(found), rows[0][1] - search.offset - len(rows))


def _left_to_fit(text: str, place: tuple[str, str]) -> str | None:
    """Return what of a text the digits of an export time, with the slash before them, have to hold, None for no match.

    The ids of a dataset's snapshots differ in their last part only; it is all digits.
    """
    beginning, (head, slash, tail) = "/".join(place).lower() + "/", text.rpartition("/")
    if text in beginning:
        return ""
    fits = tail.isdecimal() and beginning.endswith(head + slash)
    return slash + tail if fits else None


def _find_files(connection: Connection, search: Search) -> Found[FoundFile]:
    for query, values in _tries(connection, search):
        total = _count_hits(connection, query, values)
        if total:
            skip = _turn_to(connection, search)
            on_page = "(FROM file_revision SEMI JOIN on_page USING (snapshot_key))"
            connection.execute(f"CREATE TEMP TABLE found_file AS {query.format(files=on_page)}", values)
            connection.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT snapshot_key FROM found_file")
            found = chosen_files(connection, "FROM file_revisions SEMI JOIN found_file USING (snapshot_key, name)")
            files = tuple(FoundFile(snapshot, file) for _, snapshot, file in found[skip:][: search.limit])
            return Found(files, max(total - search.offset - len(files), 0))
    return Found((), 0)


def _tries(connection: Connection, search: Search) -> Iterator[tuple[str, Values]]:
    """Yield the queries that may tell files, with their values; the next is for where the last told none."""
    text, lower = storable(search.text), search.text.lower()
    yield _BEGINS, search.place | {"text": text}
    if _DIGEST.fullmatch(search.text):
        yield _OF_DIGEST, search.place | {"text": lower, "head": int(lower[:8], 16)}
    if not _is_whole(connection, search.text):  # going through all paths takes long
        yield _HAS, search.place | {"text": text}


def _is_whole(connection: Connection, text: str) -> bool:
    """Tell whether a text is the id of a recorded snapshot, or the id or recorded name of a dataset."""
    parts = text.split("/")
    if len(parts) == 3:
        return find_key(connection, SnapshotId(*parts)) is not None
    found = connection.execute(
        """SELECT 1 FROM (SELECT DISTINCT zone, dataset_id FROM snapshot)
           WHERE $text IN (dataset_id, zone || '/' || dataset_id)
           UNION ALL SELECT 1 FROM schedules WHERE name = $text LIMIT 1""",
        {"text": storable(text)},
    )
    return bool(found.fetchall())
