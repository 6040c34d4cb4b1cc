"""The few facts that tell how it stands: newest good exports, newest looks, ledger, notices; judges none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.store.codec import from_stored, restored
from catalog.store.database import Catalog
from catalog.store.series import DatasetPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestGood:
    """The newest good export of a dataset that is there, and what is there of the dataset in all."""

    snapshot: str | None
    export_at: datetime | None
    newest_at: datetime | None
    snapshots: int
    bytes: int
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLook:
    """The newest look at a zone that came to an end, and when the newest complete and trusted one of all began."""

    zone: str
    scan_id: str
    started_at: datetime
    finished_at: datetime | None
    is_complete: bool
    is_suspect: bool
    trouble: str | None
    hint: str | None
    complete_at: datetime | None


@dataclass(frozen=True, slots=True)
class LedgerPulse:
    """How many entries the catalog's own ledger has, how many its newest checkpoint covers, and when that was made."""

    entries: int
    covered: int
    checkpoint_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNotice:
    """Something that the watch noticed and that is not over."""

    code: str
    level: str
    zone: str
    dataset_id: str | None
    message: str
    happened_at: datetime


def newest_good(catalog: Catalog) -> dict[DatasetPlace, NewestGood]:
    """Return, for every dataset that has snapshots, what is there of it."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT n.*, c.name FROM (
                   SELECT zone, dataset_id, max_by(export_time, export_at) FILTER (verdict = 'good') AS good,
                          max(export_at) FILTER (verdict = 'good') AS good_at, max(export_at) AS newest_at,
                          count(*) AS snapshots, sum(bytes)::BIGINT AS bytes
                   FROM snapshots WHERE presence = 'present' GROUP BY zone, dataset_id) n
               LEFT JOIN schedules c USING (zone, dataset_id)"""
        ).fetchall()
    found = {}
    for stored_zone, stored_id, digits, good_at, newest_at, snapshots, size, name in rows:
        zone, dataset_id = restored(stored_zone), restored(stored_id)
        found[zone, dataset_id] = NewestGood(
            snapshot=None if digits is None else f"{zone}/{dataset_id}/{restored(digits)}",
            export_at=from_stored(good_at),
            newest_at=from_stored(newest_at),
            snapshots=snapshots,
            bytes=size,
            name=name,
        )
    return found


def zone_looks(catalog: Catalog) -> dict[str, ZoneLook]:
    """Return the newest look at each zone that came to an end."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT s.zone, scan_id, s.started_at, finished_at, complete, suspect, error_message, error_hint,
                      l.started_at
               FROM scans s JOIN turns USING (scan_key) LEFT JOIN looks l ON l.zone = s.zone AND l.scope = ''
               WHERE finished_at IS NOT NULL
               QUALIFY row_number() OVER (PARTITION BY s.zone ORDER BY turn DESC) = 1 ORDER BY s.zone"""
        ).fetchall()
    looks = [
        ZoneLook(
            zone=restored(row[0]),
            scan_id=row[1],
            started_at=row[2].replace(tzinfo=UTC),
            finished_at=from_stored(row[3]),
            is_complete=row[4],
            is_suspect=row[5],
            trouble=row[6],
            hint=row[7],
            complete_at=from_stored(row[8]),
        )
        for row in rows
    ]
    return {look.zone: look for look in looks}


def ledger_pulse(catalog: Catalog) -> LedgerPulse | None:
    """Return how far the ledger has grown, None where there is none yet."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT o.origin, coalesce(max(h.size), 0) FROM own_ledger o LEFT JOIN ledger_head h USING (origin)
               GROUP BY o.origin"""
        ).fetchall()
        if not rows:
            return None
        covered = connection.execute(
            "SELECT size, made_at FROM checkpoint WHERE origin = ? ORDER BY size DESC, made_at DESC LIMIT 1",
            [rows[0][0]],
        ).fetchall()
    size, made_at = covered[0] if covered else (0, None)
    return LedgerPulse(int(rows[0][1]), int(size), from_stored(made_at))


def open_notices(catalog: Catalog, families: Sequence[str]) -> list[OpenNotice]:
    """Return what was noticed of some families of codes and is not over, the worst and oldest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT code, level, zone, dataset_id, message, happened_at FROM (
                   FROM notice WHERE list_contains(?::VARCHAR[], split_part(code, '.', 1))
                   QUALIFY row_number() OVER (PARTITION BY about ORDER BY noticed_at DESC, notice_id DESC) = 1)
               WHERE state = 'open' AND level <> 'info' ORDER BY level, happened_at, message""",
            [list(families)],
        ).fetchall()
    return [
        OpenNotice(
            code=row[0],
            level=row[1],
            zone=restored(row[2]),
            dataset_id=None if row[3] is None else restored(row[3]),
            message=restored(row[4]),
            happened_at=row[5].replace(tzinfo=UTC),
        )
        for row in rows
    ]
