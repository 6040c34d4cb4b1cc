"""Look-ups of looks: when which zone was looked at and what came of it; not what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.store.codec import from_json, from_stored
from catalog.store.database import Catalog
from verifier.zone_model import Trouble


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


def list_scans(catalog: Catalog, zone: str | None = None, limit: int = 100) -> list[RecordedScan]:
    """Return the newest looks at all zones, or at one, newest first."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT scan_id, zone, url, depth, scope, started_at, finished_at, complete, suspect, counts,
                      error_kind, error_message, error_hint, tool_version
               FROM scans JOIN turns USING (scan_key) WHERE $zone IS NULL OR zone = $zone
               ORDER BY turn DESC LIMIT $limit""",
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
