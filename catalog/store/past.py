"""A connection that sees what was recorded by a moment and no more; not what is asked of it.

Of every table a temporary view stands before it, which leaves out what was recorded later. A name in a question is
looked up among the temporary ones first, and so are those in the catalog's own views and macros: all that is asked, and
however it is asked, answers from these.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import duckdb

from catalog.store.codec import to_stored

MOMENTS: Mapping[str, str] = MappingProxyType(
    {
        "acceptance": "recorded_at",
        "batch": "recorded_at",
        "checkpoint": "recorded_at",
        "control_test": "recorded_at",
        "copies": "recorded_at",
        "delivery": "happened_at",
        "drill": "recorded_at",
        "empty_slot": "proven_at",
        "event": "happened_at",
        "file_revision": "recorded_at",
        "flow_run": "fetched_at",
        "flow_seen": "seen_at",
        "full_read": "read_at",
        "gap_acceptance": "recorded_at",
        "hold": "recorded_at",
        "ledger_entry": "appended_at",
        "ledger_head": "appended_at",
        "night": "finished_at",
        "notice": "noticed_at",
        "own_ledger": "begun_at",
        "restore": "recorded_at",
        "scan": "started_at",
        "scan_end": "recorded_at",
        "schedule_seen": "recorded_at",
        "segment": "written_at",
        "signing_key": "recorded_at",
        "slot_transition": "recorded_at",
        "snapshot_revision": "recorded_at",
        "stray": "recorded_at",
        "waiver": "recorded_at",
    }
)
"""By table the column that tells when a row of it was recorded."""

OWNERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "finding": ("snapshot_revision", "scan_key, snapshot_key"),
        "snapshot": ("snapshot_revision", "snapshot_key"),
        "zone": ("scan", "zone"),
        "zone_finding": ("scan_end", "scan_key"),
    }
)
"""By table another one, and the columns they share: a row of the first is known once one of the other is.

A snapshot and a zone have moments of their own, which are those of what was taken in first, not of what was recorded
first.
"""

TIMELESS = frozenset({"column_set", "landproof_migration"})
"""Sets of columns are asked for by their digest only, which belongs to what has a moment; the steps tell the shape."""


_CLOCKS: Mapping[str, str] = MappingProxyType(
    {
        "now": "TIMESTAMPTZ",
        "get_current_timestamp": "TIMESTAMPTZ",
        "transaction_timestamp": "TIMESTAMPTZ",
        "current_localtimestamp": "TIMESTAMP",
        "today": "DATE",
        "current_date": "DATE",
    }
)
"""By function that tells the time, of which the views know one, its type."""


def go_back(connection: duckdb.DuckDBPyConnection, moment: datetime) -> None:
    """Leave out of all that a connection in UTC gives what was recorded after a moment, aware; its clock stands still.

    Tables that are named with their schema are not held back.
    """
    at = to_stored(moment).isoformat(sep=" ")
    ((database,),) = connection.execute("SELECT current_database()").fetchall()
    there = '"{}".main'.format(str(database).replace('"', '""'))
    kept = {table: f"WHERE {column} <= TIMESTAMP '{at}'" for table, column in MOMENTS.items()}
    kept |= {table: f"SEMI JOIN {owner} USING ({columns})" for table, (owner, columns) in OWNERS.items()}
    statements = [
        *(f"CREATE TEMP MACRO {clock}() AS CAST(TIMESTAMPTZ '{at}+00' AS {kind})" for clock, kind in _CLOCKS.items()),
        *(f"CREATE TEMP VIEW {table} AS FROM {there}.{table} {condition}" for table, condition in kept.items()),
    ]
    connection.execute(";".join(("BEGIN", *statements, "COMMIT")))
