"""Write the rows of scans, copies, restores, drills, tests and decisions, and of findings of zones; judges none."""

from __future__ import annotations

from collections.abc import Collection

from catalog.evidence.asked import Asked
from catalog.evidence.gather.population import Slots
from catalog.evidence.rows.findings import zone_findings
from catalog.evidence.rows.records import FILES, decision_rows, matched, record_rows, scan_rows
from catalog.evidence.sheets import Sheets
from catalog.store.codec import restored
from catalog.store.database import Connection
from catalog.store.evidence_ledger import of_kinds
from catalog.store.evidence_records import RECORDS, begun_scans, record_facts, zone_found, zone_looks


def write_records(
    connection: Connection, asked: Asked, snapshots: Collection[str], slots: Slots, sheets: Sheets
) -> None:
    """Write them; `snapshots` are the ids of those that are told of."""
    records = matched(record_facts(connection), of_kinds(connection, RECORDS))
    scans = {one.about: one.entry for one in records if one.kind == "scan" and one.entry is not None}
    sheets.add_stated("scans", scan_rows(records, begun_scans(connection, asked.since, asked.until), asked))
    for name in FILES:
        sheets.add_stated(name, record_rows(records, name, asked, snapshots))
    sheets.add_stated("decisions", decision_rows(records, asked, snapshots))
    found = [one for one in zone_found(connection, asked.since, asked.until) if asked.covers_zone(restored(one.zone))]
    rows = zone_findings(found, zone_looks(connection), scans, slots.accepted_of_zones)
    for row in rows:
        sheets.name(row["first_entry"])
        sheets.name(row["last_entry"])
        sheets.not_in_ledger["findings"] += row["last_entry"] is None
    sheets.add("findings", rows)
