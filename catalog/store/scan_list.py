"""Looks at zones as people count them: all zones of a scan together, the newest first, in pages; judges none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.store.codec import from_json, from_stored, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from verifier.model import SnapshotId
from verifier.zone_model import Trouble

_STATES = ("complete", "incomplete", "unfinished")
"""From best to worst: a scan is what the worst of its zones is."""

# A scan begins when the first of its zones does; which zones it had is told in the order in which they began.
_PAGE = """
WITH one AS (
    SELECT scan_id, min(started_at) AS began_at FROM scan
    WHERE scan_id IN (SELECT scan_id FROM scan WHERE $zone IS NULL OR zone = $zone) GROUP BY scan_id)
SELECT scan_id, began_at, count(*) OVER () FROM one
WHERE ($scan_id IS NULL OR scan_id = $scan_id)
  AND ($at IS NULL OR began_at < $at OR (began_at = $at AND scan_id < $id))
ORDER BY began_at DESC, scan_id DESC LIMIT $limit
"""
_ZONES = """
SELECT scan_id, zone, url, scope, depth, state, suspect, started_at, finished_at, counts, error_kind, error_message,
       error_hint, tool_version, endpoint, identity, requests, run_by
FROM scans SEMI JOIN on_page USING (scan_id) ORDER BY started_at, zone
"""
STATE_COLUMNS = """zone, dataset_id, export_time, verdict, depth, presence, files, bytes, files_changed, files_read,
       bytes_read, recorded_at"""
_RECORDED = f"""
SELECT {STATE_COLUMNS} FROM (
    SELECT s.zone, s.dataset_id, s.export_time, r.*
    FROM snapshot_revision r JOIN snapshot s USING (snapshot_key)
    WHERE scan_key IN (SELECT scan_key FROM scan WHERE scan_id = ?)
    QUALIFY row_number() OVER (PARTITION BY snapshot_key ORDER BY r.recorded_at DESC) = 1)
ORDER BY zone, dataset_id, export_time
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedZone:
    """A zone as one scan looked at it. `scope` is the part of it that was asked for, empty for all of it.

    `state` is complete, incomplete or unfinished: it runs, or was killed. `suspect` is a listing that was not believed.
    """

    zone: str
    url: str
    scope: str
    state: str
    suspect: bool
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    trouble: Trouble | None
    endpoint: str | None
    identity: str | None
    requests: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRun:
    """A scan with its zones; `finished_at` is None while one of them is unfinished."""

    scan_id: str
    depth: str
    tool_version: str
    run_by: str | None
    started_at: datetime
    zones: tuple[ScannedZone, ...]

    @property
    def state(self) -> str:
        """What the worst of its zones is: complete, incomplete or unfinished."""
        return max((zone.state for zone in self.zones), key=_STATES.index)

    @property
    def finished_at(self) -> datetime | None:
        """When its last zone was finished."""
        ends = [zone.finished_at for zone in self.zones]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def counts(self) -> dict[str, int]:
        """The counts of its zones together."""
        total: Counter[str] = Counter()
        for zone in self.zones:
            total.update(zone.counts)
        return dict(total)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFilter:
    """Which scans are asked for, at most `limit`; `after` is when one began and its id: those that come after it."""

    zone: str | None = None
    scan_id: str | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedState:
    """What a scan recorded of one snapshot, its last word: only of what was new to it, changed or read."""

    snapshot: SnapshotId
    verdict: str
    depth: str
    presence: str
    files: int
    bytes: int
    files_changed: int
    files_read: int
    bytes_read: int
    recorded_at: datetime


def list_scan_runs(catalog: Catalog, wanted: ScanFilter) -> tuple[list[ScanRun], int]:
    """Return the scans that pass a filter, newest first, each with all its zones; and how many come after them."""
    at, scan_id = wanted.after or (None, None)
    values = {
        "zone": wanted.zone and storable(wanted.zone),
        "scan_id": wanted.scan_id and storable(wanted.scan_id),
        "at": None if at is None else to_stored(at),
        "id": scan_id and storable(scan_id),
        "limit": wanted.limit,
    }
    with catalog.read() as connection:
        page = connection.execute(_PAGE, values).fetchall()
        zones = _zones(connection, [row[0] for row in page])
    return [_run(zones[row[0]]) for row in page], (page[0][2] - len(page)) if page else 0


def recorded_states(catalog: Catalog, scan_id: str) -> list[RecordedState]:
    """Return what a scan recorded of snapshots, by zone, dataset and export time."""
    with catalog.read() as connection:
        rows = connection.execute(_RECORDED, [storable(scan_id)]).fetchall()
    return [state_from(row) for row in rows]


def state_from(row: Sequence[Any]) -> RecordedState:
    """Return a row of `STATE_COLUMNS`, and of whatever comes after them, as a value."""
    return RecordedState(
        snapshot=SnapshotId(restored(row[0]), restored(row[1]), restored(row[2])),
        verdict=row[3],
        depth=row[4],
        presence=row[5],
        files=row[6],
        bytes=row[7],
        files_changed=row[8],
        files_read=row[9],
        bytes_read=row[10],
        recorded_at=row[11].replace(tzinfo=UTC),
    )


def _zones(connection: Connection, scan_ids: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    connection.execute("CREATE OR REPLACE TEMP TABLE on_page AS SELECT unnest(?::VARCHAR[]) AS scan_id", [scan_ids])
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in connection.execute(_ZONES).fetchall():
        found.setdefault(row[0], []).append(row)
    return found


def _run(rows: list[tuple[Any, ...]]) -> ScanRun:
    first = rows[0]
    return ScanRun(
        scan_id=restored(first[0]),
        depth=first[4],
        tool_version=first[13],
        run_by=first[17],
        started_at=first[7].replace(tzinfo=UTC),
        zones=tuple(_zone(row) for row in rows),
    )


def _zone(row: tuple[Any, ...]) -> ScannedZone:
    kind, message, hint = row[10:13]
    return ScannedZone(
        zone=restored(row[1]),
        url=row[2],
        scope=row[3],
        state=row[5],
        suspect=row[6],
        started_at=row[7].replace(tzinfo=UTC),
        finished_at=from_stored(row[8]),
        counts=from_json(row[9] or "{}"),
        trouble=None if kind is None else Trouble(kind=kind, message=message, hint=hint),
        endpoint=row[14],
        identity=row[15],
        requests=row[16],
    )
