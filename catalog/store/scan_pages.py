"""What one scan left beside its counts: findings of zones, files in no snapshot, ledger entries, what it judged.

Who lists scans themselves is `scan_list`.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.store.codec import FINDING_COLUMNS, finding_from, findings_from, restored, storable
from catalog.store.database import Catalog
from catalog.store.scan_list import STATE_COLUMNS, RecordedState, state_from
from verifier.model import Finding

Place = tuple[int, str]
"""Where a snapshot stands among those of a scan: how bad it is, and its id."""

_FINDINGS = f"""
SELECT zone, {FINDING_COLUMNS} FROM zone_finding JOIN scan USING (scan_key)
WHERE scan_id = $scan_id ORDER BY started_at, zone, position
"""
_STRAYS = """
SELECT zone, path, size, findings, count(*) OVER (PARTITION BY zone) FROM stray JOIN scan USING (scan_key)
WHERE scan_id = $scan_id QUALIFY row_number() OVER (PARTITION BY zone ORDER BY path) <= $limit ORDER BY zone, path
"""
_ENTRIES = """
SELECT origin, sequence, about FROM ledger_entry WHERE kind = 'scan' AND starts_with(about, $scan_id || '/')
ORDER BY origin, sequence LIMIT 100
"""
# The last word of a scan on each snapshot; what is bad comes first.
_JUDGED = """
WITH said AS (
    SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS id, s.zone, s.dataset_id, s.export_time, r.*,
           CASE WHEN presence <> 'present' THEN 0 ELSE coalesce(list_position($order, verdict), 99) END AS rank
    FROM snapshot_revision r JOIN snapshot s USING (snapshot_key)
    WHERE scan_key IN (SELECT scan_key FROM scan WHERE scan_id = $scan_id)
    QUALIFY row_number() OVER (PARTITION BY snapshot_key ORDER BY r.recorded_at DESC) = 1)
"""
_PAGE = f"""{_JUDGED}
SELECT {STATE_COLUMNS}, rank, id FROM said
WHERE $rank IS NULL OR (rank, id) > ($rank, $id) ORDER BY rank, id LIMIT $limit
"""
_COUNTS = f"{_JUDGED} SELECT verdict, count(*) FROM said GROUP BY verdict ORDER BY verdict"
_ORDER = ["corrupt", "incomplete", "unknown", "unverifiable", "arriving", "empty", "good"]


@dataclass(frozen=True, slots=True)
class StrayFile:
    """A file that belongs to no snapshot."""

    zone: str
    path: str
    size: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a scan left beside snapshots: findings by zone, some stray files and how many there are, ledger entries.

    An entry is its ledger's origin, its number there and what it is about.
    """

    findings: tuple[tuple[str, Finding], ...]
    strays: tuple[StrayFile, ...]
    stray_counts: dict[str, int]
    entries: tuple[tuple[str, int, str], ...]


def beside_scan(catalog: Catalog, scan_id: str, limit: int) -> Beside:
    """Return what a scan left beside snapshots; of each zone's stray files the first `limit` by path."""
    values = {"scan_id": storable(scan_id)}
    with catalog.read() as connection:
        findings = connection.execute(_FINDINGS, values).fetchall()
        strays = connection.execute(_STRAYS, values | {"limit": limit}).fetchall()
        entries = connection.execute(_ENTRIES, values).fetchall()
    return Beside(
        findings=tuple((restored(row[0]), finding_from(row[1:])) for row in findings),
        strays=tuple(StrayFile(restored(z), restored(p), size, findings_from(f)) for z, p, size, f, _ in strays),
        stray_counts={restored(row[0]): row[4] for row in strays},
        entries=tuple((origin, sequence, restored(about)) for origin, sequence, about in entries),
    )


def judged_by_scan(
    catalog: Catalog, scan_id: str, after: Place | None, limit: int
) -> tuple[list[tuple[RecordedState, Place]], dict[str, int]]:
    """Return what a scan recorded of snapshots, the bad ones first, at most `limit`; and how many of each verdict.

    With each comes its place in the list, after which to go on.
    """
    values = {"scan_id": storable(scan_id), "order": _ORDER}
    rank, last = after or (None, None)
    with catalog.read() as connection:
        page = values | {"rank": rank, "id": last and storable(last), "limit": limit}
        rows = connection.execute(_PAGE, page).fetchall()
        counts = connection.execute(_COUNTS, values).fetchall()
    return [(state_from(row), (row[-2], restored(row[-1]))) for row in rows], dict(counts)
