"""What is known of one dataset for a chain through it: its snapshots, their copies, their files; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog.judging.chain_values import Copy, Holding
from catalog.schedule import shift
from catalog.store.codec import from_stored, restored, storable
from catalog.store.database import Catalog, Connection
from catalog.store.known import known_files
from catalog.store.places import links_of, reached
from verifier.model import Depth, KnownFile, Presence, SnapshotId, Verdict

Lifetimes = Mapping[str, timedelta]

_COLUMNS = (
    "s.zone, s.dataset_id, s.export_time, verdict, depth, checked, files, bytes, rows, presence, landed_at, accepted"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownExport:
    """A snapshot as known now, with its copies; `landed_at` and `events` are None where unknown."""

    here: Holding
    data_files: int
    landed_at: datetime | None
    events: tuple[datetime, datetime] | None
    copies: tuple[Copy, ...]


def known_exports(catalog: Catalog, zone: str, dataset_id: str, lifetimes: Lifetimes) -> list[KnownExport]:
    """Return all snapshots of a dataset, the gone ones included, by export time.

    `lifetimes` are how long the zones that delete by themselves keep what landed.
    """
    with catalog.read() as connection:
        copies = _copies(connection, zone, dataset_id, lifetimes)
        rows = connection.execute(
            f"""SELECT {_COLUMNS}, data_files, events_from, events_to FROM snapshots s
                WHERE zone = ? AND dataset_id = ? ORDER BY export_at, export_time""",
            [storable(zone), storable(dataset_id)],
        ).fetchall()
    exports = []
    for row in rows:
        here, (first, last) = holding_of(row, lifetimes), (from_stored(row[-2]), from_stored(row[-1]))
        exports.append(
            KnownExport(
                here=here,
                data_files=row[-3],
                landed_at=from_stored(row[10]),
                events=(first, last) if first is not None and last is not None else None,
                copies=tuple(copies.get(here.id, ())),
            )
        )
    return exports


def present_files(catalog: Catalog, snapshots: Iterable[SnapshotId]) -> dict[SnapshotId, list[KnownFile]]:
    """Return the files of these snapshots that are there, by path."""
    keys: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in snapshots:
        keys[one.zone].append((one.dataset_id, one.export_time))
    return {
        SnapshotId(zone, *key): [f for _, f in sorted(files.items()) if f.presence is Presence.PRESENT]
        for zone, of_zone in keys.items()
        for key, files in known_files(catalog, zone, of_zone).items()
    }


def _copies(connection: Connection, zone: str, dataset_id: str, lifetimes: Lifetimes) -> dict[SnapshotId, list[Copy]]:
    """Return the other places of each snapshot: complete copies, what it is one of, and copies of those.

    Whether it was good when a copy was made is told by what was known of it then.
    """
    pairs = connection.execute(
        """WITH made AS (FROM copies WHERE complete AND split_part(source, '/', 2) = $dataset),
           beside AS (
               SELECT source AS own, target AS other, finished_at FROM made
               UNION ALL
               SELECT target, source, finished_at FROM made),
           judged AS (
               SELECT b.own, b.other, arg_max(r.verdict, (r.recorded_at, r.scan_key)) AS verdict
               FROM beside b
               JOIN (FROM snapshot WHERE dataset_id = $dataset) o
                   ON o.zone || '/' || o.dataset_id || '/' || o.export_time = b.own
               LEFT JOIN snapshot_revision r ON r.snapshot_key = o.snapshot_key AND r.recorded_at <= b.finished_at
               GROUP BY b.own, b.other, b.finished_at)
           SELECT own, other, bool_or(coalesce(verdict IN ('good', 'empty'), false)) FROM judged
           GROUP BY own, other ORDER BY own, other""",
        {"dataset": storable(dataset_id)},
    ).fetchall()
    places, links = _places(connection, {other for _, other, _ in pairs}, lifetimes), links_of(pairs)
    copies: dict[SnapshotId, list[Copy]] = defaultdict(list)
    for own in links:
        if own.startswith(storable(f"{zone}/")):
            snapshot = SnapshotId(zone, dataset_id, restored(own).rpartition("/")[2])
            for other, was_good in sorted(reached(own, links).items()):
                if other in places:
                    copies[snapshot].append(Copy(there=places[other], was_good=was_good))
    return copies


def _places(connection: Connection, ids: Collection[str], lifetimes: Lifetimes) -> dict[str, Holding]:
    """Return what is known of the snapshots with these stored ids, by them."""
    if not ids:
        return {}
    # Lists of zones and datasets reach the tables below the view's window; the ids would not.
    zones, datasets = (sorted({one.split("/")[part] for one in ids}) for part in (0, 1))
    marks = [", ".join("?" for _ in values) for values in (zones, datasets)]
    rows = connection.execute(
        f"""SELECT {_COLUMNS}, id FROM snapshots s
            WHERE zone IN ({marks[0]}) AND dataset_id IN ({marks[1]}) AND list_contains(?::VARCHAR[], id)""",
        [*zones, *datasets, sorted(ids)],
    ).fetchall()
    return {row[-1]: holding_of(row, lifetimes) for row in rows}


def holding_of(row: Sequence[Any], lifetimes: Lifetimes) -> Holding:
    """Return what a row says of a snapshot at one place; its columns are `_COLUMNS`, in order."""
    zone, dataset_id, export_time = (restored(text) for text in row[:3])
    landed_at, lifetime = from_stored(row[10]), lifetimes.get(zone)
    return Holding(
        id=SnapshotId(zone, dataset_id, export_time),
        verdict=Verdict(row[3]),
        depth=Depth(row[4]),
        checked=row[5],
        files=row[6],
        bytes=row[7],
        rows=row[8],
        presence=Presence(row[9]),
        is_accepted=row[11],
        deleted_at=None if landed_at is None or lifetime is None else shift(landed_at, lifetime),
    )
