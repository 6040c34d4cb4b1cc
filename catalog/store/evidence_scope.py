"""A private copy of the catalog to gather evidence from, and which snapshots of it are told of; tells nothing of them.

All is read from one copy, so that what is told is of one moment, and no scan waits while it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.store import lock, trouble
from catalog.store.codec import storable, to_stored
from catalog.store.database import OPTIONS, Catalog, Connection
from catalog.store.lock import Patience

_FILES_AT_ONCE = 200_000
_SNAPSHOTS_AT_ONCE = 20_000
_MEMORY = "256MB"


@dataclass(frozen=True, slots=True)
class Scope:
    """Snapshots with an export time from `since` to `until`, and some more by their ids; of all datasets or of some."""

    since: datetime
    until: datetime
    datasets: Collection[tuple[str, str]] | None = None
    zone: str | None = None
    more: Collection[str] = ()


@contextmanager
def copied(catalog: Catalog, folder: Path) -> Iterator[Catalog]:
    """Yield a copy of a catalog in a folder, and remove it in the end.

    Raises `CatalogError` where there is none, or it stays locked.
    """
    with catalog.read():
        """An older file is brought up to date, or a missing one told, before anything is copied."""
    source, copy = catalog.file, folder / "catalog.duckdb"
    patience = Patience.of(catalog.wait_seconds)
    # No connection of this process is open: closing a plain copy of the file would drop its lock.
    with trouble.translated(source), lock.writing(source, patience):
        for end in ("", ".wal"):
            if Path(f"{source}{end}").exists():
                shutil.copyfile(f"{source}{end}", f"{copy}{end}")
    try:
        yield Catalog(copy).as_known_at(catalog.known_at)
    finally:
        for path in folder.glob(f"{copy.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def reading(catalog: Catalog) -> Iterator[Connection]:
    """Yield a connection that is frugal: what does not fit goes to a folder beside the catalog for a while."""
    with catalog.read({**OPTIONS, "memory_limit": _MEMORY, "temp_directory": f"{catalog.file}.tmp"}) as connection:
        yield connection


def choose(connection: Connection, scope: Scope) -> int:
    """Make the table `chosen` of the snapshots that are told of, numbered by their ids, and return how many."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE asked_dataset AS
           SELECT unnest(?::VARCHAR[]) AS zone, unnest(?::VARCHAR[]) AS dataset_id""",
        [[storable(pair[at]) for pair in scope.datasets or ()] for at in (0, 1)],
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE asked_more AS SELECT unnest(?::VARCHAR[]) AS id",
        [[storable(one) for one in scope.more]],
    )
    some = "" if scope.datasets is None else "SEMI JOIN asked_dataset USING (zone, dataset_id)"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE chosen AS
            SELECT row_number() OVER (ORDER BY id) AS n, id, snapshot_key FROM (
                SELECT zone || '/' || dataset_id || '/' || export_time AS id, snapshot_key, export_at, zone
                FROM (FROM snapshot {some}) WHERE $zone IS NULL OR zone = $zone)
            WHERE export_at BETWEEN $since AND $until OR id IN (FROM asked_more)""",
        {
            "zone": None if scope.zone is None else storable(scope.zone),
            "since": to_stored(scope.since),
            "until": to_stored(scope.until),
        },
    )
    return int(connection.execute("SELECT count(*) FROM chosen").fetchall()[0][0])


def blocks(connection: Connection) -> Iterator[int]:
    """Make the table `block` of one part of `chosen` after the other, in order, and yield how many are in it."""
    rows = connection.execute(
        """SELECT n, coalesce(files, 0) FROM chosen LEFT JOIN (
               SELECT snapshot_key, sum(files_changed) AS files FROM snapshot_revision GROUP BY snapshot_key)
           USING (snapshot_key) ORDER BY n"""
    ).fetchall()
    first, files = 1, 0
    for n, more in rows:
        files += more
        if files >= _FILES_AT_ONCE or n - first + 1 >= _SNAPSHOTS_AT_ONCE or n == len(rows):
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE block AS FROM chosen WHERE n BETWEEN {int(first)} AND {int(n)}"
            )
            yield n - first + 1
            first, files = n + 1, 0
