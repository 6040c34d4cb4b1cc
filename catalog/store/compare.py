"""Compare what two catalogs know, whatever numbers and order they keep it in; changes neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog.store.database import Catalog

_OF_SCAN = "JOIN (SELECT scan_key, scan_id, zone FROM scan) k USING (scan_key)"
_OF_SNAPSHOT = f"""{_OF_SCAN}
JOIN (SELECT snapshot_key, dataset_id, export_time, folder, writer FROM snapshot) s USING (snapshot_key)"""
_PATH = "to_path(t.name, s.folder, s.writer) AS path"
WITH_ROWS = "SEMI JOIN batch USING (scan_key)"
"""SQL that leaves out of `scan` what was begun, and broken off before anything was recorded."""

# What is recorded in each table, in words of the world outside, with the scan that recorded it.
_RECORDED: Mapping[str, str] = {
    "scan": f"SELECT scan_id, zone, * EXCLUDE (scan_key, scan_id, zone) FROM scan {WITH_ROWS}",
    "end": f"SELECT scan_id, zone, t.* EXCLUDE (scan_key) FROM scan_end t {_OF_SCAN}",
    "snapshot": f"""SELECT scan_id, zone, dataset_id, export_time, t.* EXCLUDE (scan_key, snapshot_key)
                    FROM snapshot_revision t {_OF_SNAPSHOT}""",
    "file": f"""SELECT scan_id, zone, dataset_id, export_time, {_PATH},
                       t.* EXCLUDE (scan_key, snapshot_key, name) FROM file_revision t {_OF_SNAPSHOT}""",
    "finding": f"""SELECT scan_id, zone, dataset_id, export_time, {_PATH},
                          t.* EXCLUDE (scan_key, snapshot_key, name) FROM finding t {_OF_SNAPSHOT}""",
    "read": f"SELECT scan_id, zone, dataset_id, export_time, {_PATH}, read_at FROM full_read t {_OF_SNAPSHOT}",
    "stray": f"SELECT scan_id, zone, t.* EXCLUDE (scan_key) FROM stray t {_OF_SCAN}",
    "zone finding": f"SELECT scan_id, zone, t.* EXCLUDE (scan_key) FROM zone_finding t {_OF_SCAN}",
    "zone": f"SELECT '' AS scan_id, zone, url FROM zone SEMI JOIN (FROM scan {WITH_ROWS}) USING (zone)",
    "columns": "SELECT '' AS scan_id, '' AS zone, * FROM column_set",
    "slot": "SELECT '' AS scan_id, * FROM slot_transition",
    "schedule": "SELECT '' AS scan_id, * FROM schedule_seen",
    "copy": "SELECT '' AS scan_id, '' AS zone, * FROM copies",
    "restore": "SELECT '' AS scan_id, * FROM restore",
    "accepted gap": "SELECT '' AS scan_id, * FROM gap_acceptance",
    "drill": "SELECT '' AS scan_id, * FROM drill",
    "waiver": "SELECT '' AS scan_id, * FROM waiver",
    "acceptance": "SELECT '' AS scan_id, * FROM acceptance",
    "night": "SELECT '' AS scan_id, '' AS zone, * FROM night",
    "notice": "SELECT '' AS scan_id, * FROM notice",
    "delivery": "SELECT '' AS scan_id, '' AS zone, * FROM delivery",
    "flow": "SELECT '' AS scan_id, '' AS zone, * FROM flow_seen",
    "run": "SELECT '' AS scan_id, '' AS zone, * FROM flow_run",
    "empty slot": "SELECT '' AS scan_id, * FROM empty_slot",
    "hold": "SELECT '' AS scan_id, '' AS zone, * FROM hold",
    "control test": "SELECT '' AS scan_id, '' AS zone, * FROM control_test",
    "signing key": "SELECT '' AS scan_id, '' AS zone, * FROM signing_key",
    "ledger entry": """SELECT '' AS scan_id, '' AS zone, t.* FROM ledger_entry t
                       JOIN (SELECT origin, max(size) AS size FROM checkpoint GROUP BY origin) c USING (origin)
                       WHERE t.sequence < c.size""",
    "checkpoint": "SELECT '' AS scan_id, '' AS zone, * FROM checkpoint",
    "segment": "SELECT '' AS scan_id, '' AS zone, * FROM segment",
}

Sums = dict[tuple[str, str, str], tuple[int, int]]
"""By what is recorded, scan and zone: how many rows, and a sum over their hashes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one catalog has otherwise than another: how many rows of what, by which scan ("" where by none)."""

    what: str
    scan_id: str
    zone: str
    here: int
    there: int


def sums(catalog: Catalog) -> Sums:
    """Return what a catalog knows, summed up."""
    found: Sums = {}
    with catalog.read() as connection:
        for what, query in _RECORDED.items():
            for scan_id, zone, count, total in connection.execute(
                f"SELECT scan_id, zone, count(*), sum(hash(t)::HUGEINT) FROM ({query}) t GROUP BY scan_id, zone"
            ).fetchall():
                found[what, scan_id, zone] = count, total
    return found


def differences(here: Sums, there: Sums) -> Iterator[Difference]:
    """Yield what two catalogs have otherwise, in order."""
    for key in sorted(here.keys() | there.keys()):
        one, other = here.get(key, (0, 0)), there.get(key, (0, 0))
        if one != other:
            yield Difference(*key, one[0], other[0])
