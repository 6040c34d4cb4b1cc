"""One dataset's exports as they came one after the other, and what counts for a restore; judges none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from catalog.judging.chain_values import Holding
from catalog.store.chains import holding_of
from catalog.store.codec import columns_from, from_stored, restored, storable, to_moment
from catalog.store.database import Catalog
from catalog.store.queries import matches
from verifier.model import Column, Depth, Presence, Verdict

DatasetPlace = tuple[str, str]
"""A dataset by its zone and id."""

_LANDED = """
SELECT export_time, export_at, verdict, presence, depth, checked, files, data_files, rows, bytes, landed_at,
       columns_digest
FROM snapshots WHERE zone = $zone AND dataset_id = $dataset AND export_at >= coalesce($since, '-infinity'::TIMESTAMP)
      AND export_at < coalesce($until, 'infinity'::TIMESTAMP)
ORDER BY export_at, export_time
"""
# Of what is exported whole each time only the newest that counts, and what came after it.
_COUNTING = """
WITH usable AS (
    SELECT zone, dataset_id, max(export_at) AS export_at FROM snapshots
    WHERE presence = 'present' AND depth = 'full' AND checked >= files AND files > 0 AND verdict IN ('good', 'empty')
    GROUP BY zone, dataset_id)
SELECT s.zone, s.dataset_id, s.export_time, s.verdict, s.depth, s.checked, s.files, s.bytes, s.rows, s.presence,
       s.landed_at, s.accepted
FROM snapshots s JOIN asked a USING (zone, dataset_id) LEFT JOIN usable u USING (zone, dataset_id)
WHERE s.export_at >= CASE WHEN a.newest THEN coalesce(u.export_at, '-infinity'::TIMESTAMP) ELSE a.since END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One export of a dataset as known now; `columns` is the digest of its columns, None where they are not known."""

    export_time: str
    export_at: datetime
    verdict: Verdict
    presence: Presence
    depth: Depth
    checked: int
    files: int
    data_files: int
    rows: int | None
    bytes: int
    landed_at: datetime | None
    columns: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back exports of a dataset matter: all from a moment on (None: from the first on), or the newest alone."""

    since: datetime | None = None
    is_newest_only: bool = False


def landed(
    catalog: Catalog, dataset: DatasetPlace, since: datetime | None = None, until: datetime | None = None
) -> list[Landed]:
    """Return the exports of a dataset from a moment on, before another, the gone ones included, by export time."""
    zone, dataset_id = (storable(text) for text in dataset)
    with catalog.read() as connection:
        values = {"zone": zone, "dataset": dataset_id, "since": to_moment(since), "until": to_moment(until)}
        rows = connection.execute(_LANDED, values).fetchall()
    return [
        Landed(
            export_time=restored(row[0]),
            export_at=row[1].replace(tzinfo=UTC),
            verdict=Verdict(row[2]),
            presence=Presence(row[3]),
            depth=Depth(row[4]),
            checked=row[5],
            files=row[6],
            data_files=row[7],
            rows=row[8],
            bytes=row[9],
            landed_at=from_stored(row[10]),
            columns=row[11],
        )
        for row in rows
    ]


def columns_by_digest(catalog: Catalog, digests: Sequence[str]) -> dict[str, tuple[Column, ...]]:
    """Return sets of columns by their digests."""
    wanted = sorted(set(digests))
    if not wanted:
        return {}
    condition, values = matches([("digest", wanted)])
    with catalog.read() as connection:
        rows = connection.execute(f"SELECT digest, columns FROM column_set WHERE {condition}", values).fetchall()
    return {digest: columns_from(text) for digest, text in rows}


def years_of(catalog: Catalog, dataset: DatasetPlace) -> list[int]:
    """Return the years of which a dataset has exports, the gone ones included, in order."""
    with catalog.read() as connection:
        rows = connection.execute(
            "SELECT DISTINCT year(export_at) FROM snapshot WHERE zone = ? AND dataset_id = ? ORDER BY 1",
            [storable(text) for text in dataset],
        ).fetchall()
    return [int(row[0]) for row in rows]


def counting(catalog: Catalog, asked: Mapping[DatasetPlace, Reach]) -> dict[DatasetPlace, list[Holding]]:
    """Return the exports of many datasets, where they landed, as far back as they matter for a restore to now."""
    rows = [
        {
            "zone": storable(zone),
            "dataset_id": storable(dataset_id),
            "since": to_moment(reach.since) or datetime(1, 1, 1),  # noqa: DTZ001  # as stored, which is without zone
            "newest": reach.is_newest_only,
        }
        for (zone, dataset_id), reach in asked.items()
    ]
    found: dict[DatasetPlace, list[Holding]] = defaultdict(list)
    if not rows:
        return found
    with catalog.read() as connection:
        connection.register("asked", pa.Table.from_pylist(rows))
        try:
            result = connection.execute(_COUNTING).fetchall()
        finally:
            connection.unregister("asked")
    for row in result:
        holding = holding_of(row, {})
        found[holding.id.zone, holding.id.dataset_id].append(holding)
    return found


def copied_datasets(catalog: Catalog) -> set[DatasetPlace]:
    """Return the datasets of which a snapshot is a copy of another, or has one."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT DISTINCT split_part(id, '/', 1), split_part(id, '/', 2) FROM (
                   SELECT unnest([source, target]) AS id FROM copies WHERE complete)"""
        ).fetchall()
    return {(restored(zone), restored(dataset_id)) for zone, dataset_id in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many exports of a dataset are at another place, by complete copies, and when the newest was made.

    `is_origin` tells that this dataset is the copy and the other place where it came from.
    """

    zone: str
    snapshots: int
    copied_at: datetime
    is_origin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """One restore that was tried: passed, failed or unknown."""

    state: str
    finished_at: datetime
    recovers_to: datetime | None
    rows_loaded: int
    bytes: int
    seconds: float
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A snapshot on hold: who said so, when and why."""

    snapshot: str
    reason: str
    by: str
    at: datetime


def kept_elsewhere(catalog: Catalog, dataset: DatasetPlace) -> list[Kept]:
    """Return the other places of a dataset's exports, by zone."""
    own = storable(f"{dataset[0]}/{dataset[1]}/")
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT split_part(other, '/', 1) AS zone, is_origin, count(DISTINCT own), max(finished_at) FROM (
                   SELECT source AS own, target AS other, FALSE AS is_origin, finished_at FROM copies WHERE complete
                   UNION ALL SELECT target, source, TRUE, finished_at FROM copies WHERE complete)
               WHERE starts_with(own, $own) GROUP BY ALL ORDER BY ALL""",
            {"own": own},
        ).fetchall()
    return [
        Kept(zone=restored(zone), is_origin=is_origin, snapshots=count, copied_at=at.replace(tzinfo=UTC))
        for zone, is_origin, count, at in rows
    ]


def newest_drills(catalog: Catalog, dataset: DatasetPlace, limit: int = 5) -> list[Drilled]:
    """Return the newest restores of a dataset that were tried, the newest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT state, finished_at, recovers_to, rows_loaded, bytes, fetch_seconds + load_seconds, message
               FROM drill WHERE zone = ? AND dataset_id = ? ORDER BY finished_at DESC LIMIT ?""",
            [*(storable(text) for text in dataset), limit],
        ).fetchall()
    return [
        Drilled(
            state=row[0],
            finished_at=row[1].replace(tzinfo=UTC),
            recovers_to=from_stored(row[2]),
            rows_loaded=row[3],
            bytes=row[4],
            seconds=row[5],
            message=row[6],
        )
        for row in rows
    ]


def holds_of(catalog: Catalog, dataset: DatasetPlace) -> list[Held]:
    """Return the holds on exports of a dataset that stand, by snapshot."""
    with catalog.read() as connection:
        rows = connection.execute(
            "SELECT snapshot, reason, said_by, said_at FROM holds WHERE starts_with(snapshot, ?) ORDER BY ALL",
            [storable(f"{dataset[0]}/{dataset[1]}/")],
        ).fetchall()
    return [
        Held(snapshot=restored(snapshot), reason=restored(reason), by=restored(by), at=at.replace(tzinfo=UTC))
        for snapshot, reason, by, at in rows
    ]
