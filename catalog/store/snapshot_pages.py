"""Snapshots page by page, the newest exports first, and how many come after; which ones fit is said elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from catalog.store.codec import storable, to_stored
from catalog.store.database import Catalog, Connection
from catalog.store.queries import RecordedSnapshot, SnapshotFilter, fitting, snapshots_of
from verifier.model import SnapshotId

_ORDER = "export_at DESC, zone, dataset_id, export_time"
_BEHIND = """
    export_at < $at OR (export_at = $at AND (zone, dataset_id, export_time) > ($zone, $dataset_id, $export_time))"""
_ANYWHERE = "SELECT snapshot_key, export_at, zone, dataset_id, export_time"


def page_snapshots(
    catalog: Catalog, wanted: SnapshotFilter, after: SnapshotId | None = None
) -> tuple[list[RecordedSnapshot], int]:
    """Return at most `limit` of the snapshots that fit, the newest, and how many more there are.

    Of those behind `after` in that order, which need not be there any more: so what is recorded between two pages
    neither hides nor repeats any. Else after as many as `offset`. By zone, dataset and export time, as in every list.
    """
    with catalog.read() as connection:
        _choose(connection, wanted)
        values = {} if after is None else _place(after)
        behind = f"WHERE {_BEHIND}" if values else ""
        total = connection.execute(f"SELECT count(*) FROM fits {behind}", values).fetchall()[0][0]
        limit = "" if wanted.limit is None else f"LIMIT {int(wanted.limit)}"
        rows = connection.execute(
            f"SELECT snapshot_key FROM fits {behind} ORDER BY {_ORDER} {limit} OFFSET {int(wanted.offset)}", values
        ).fetchall()
        found = snapshots_of(connection, [row[0] for row in rows]) if rows else []
    return found, max(int(total) - wanted.offset - len(found), 0)


def last_of(page: list[RecordedSnapshot]) -> SnapshotId | None:
    """Return the snapshot of a page behind which the next one begins; None of an empty one."""
    oldest = min((one.report.id.export_at for one in page), default=None)
    ids = [one.report.id for one in page if one.report.id.export_at == oldest]
    return max(ids, key=lambda one: tuple(map(storable, (one.zone, one.dataset_id, one.export_time))), default=None)


def _choose(connection: Connection, wanted: SnapshotFilter) -> None:
    """Put what fits into a table: where no state is asked for, without looking any up, of which there are more."""
    query, values = fitting(connection, replace(wanted, limit=None, offset=0))
    if wanted.verdict is None and not (wanted.latest or wanted.latest_good):
        query = query.replace("FROM snapshots", "FROM snapshot", 1)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fits AS {_ANYWHERE} {query}", values)


def _place(after: SnapshotId) -> dict[str, str | datetime]:
    return {
        "at": to_stored(after.export_at),
        "zone": storable(after.zone),
        "dataset_id": storable(after.dataset_id),
        "export_time": storable(after.export_time),
    }
