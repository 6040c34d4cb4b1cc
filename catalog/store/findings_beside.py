"""What stands beside the findings of snapshots: of zones and stray files now, and all that was said of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.store.codec import FINDING_COLUMNS, finding_from, from_json, from_stored, restored, storable
from catalog.store.database import Catalog
from verifier.model import Finding, SnapshotId, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFinding:
    """A finding about a zone itself, of its newest complete look."""

    zone: str
    scan_id: str
    recorded_at: datetime
    finding: Finding


@dataclass(frozen=True, slots=True)
class Beside:
    """What the newest complete look at each zone found outside snapshots; files in none are counted by zone."""

    zones: tuple[ZoneFinding, ...]
    strays: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody said of a finding: that it is accepted as it was then, or (`lifted`) no more."""

    actual: str | None
    where: Where
    count: int
    reason: str
    until: datetime | None
    lifted: bool
    said_by: str
    said_at: datetime


def findings_beside(catalog: Catalog, zone: str | None = None, limit: int = 50) -> Beside:
    """Return what was found of zones and stray files, in one zone or in all; at most so many findings of zones."""
    place = {"zone": zone and storable(zone)}
    with catalog.read() as connection:
        rows = connection.execute(
            f"""SELECT k.zone, k.scan_id, k.recorded_at, {FINDING_COLUMNS} FROM zone_finding f JOIN (
                    SELECT scan_key, zone, scan_id, e.recorded_at FROM scan_end e JOIN scan USING (scan_key)
                    JOIN turns USING (scan_key) WHERE complete AND ($zone IS NULL OR zone = $zone)
                    QUALIFY row_number() OVER (PARTITION BY zone, scope ORDER BY turn DESC) = 1) k USING (scan_key)
                ORDER BY level, k.zone, position LIMIT $limit""",
            place | {"limit": limit},
        ).fetchall()
        strays = connection.execute(
            "SELECT zone, count(*) FROM strays WHERE $zone IS NULL OR zone = $zone GROUP BY zone ORDER BY zone", place
        ).fetchall()
    found = tuple(
        ZoneFinding(
            zone=restored(row[0]),
            scan_id=row[1],
            recorded_at=row[2].replace(tzinfo=UTC),
            finding=finding_from(row[3:]),
        )
        for row in rows
    )
    return Beside(found, {restored(name): count for name, count in strays})


def words_on(catalog: Catalog, snapshot: SnapshotId, code: str, path: str | None) -> list[Word]:
    """Return all that was said of the findings of one code at one path, or of the snapshot itself, oldest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT DISTINCT actual, place, count, reason, ends_at, lifted, said_by, said_at FROM acceptance
               WHERE zone = ? AND dataset_id = ? AND export_time = ? AND code = ? AND path IS NOT DISTINCT FROM ?
               ORDER BY said_at, lifted, reason""",
            [
                *(storable(text) for text in (snapshot.zone, snapshot.dataset_id, snapshot.export_time)),
                code,
                None if path is None else storable(path),
            ],
        ).fetchall()
    return [
        Word(
            actual=actual,
            where=from_json(place) if place else {},
            count=count,
            reason=restored(reason),
            until=from_stored(ends_at),
            lifted=lifted,
            said_by=restored(said_by),
            said_at=said_at.replace(tzinfo=UTC),
        )
        for actual, place, count, reason, ends_at, lifted, said_by, said_at in rows
    ]
