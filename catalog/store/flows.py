"""What was recorded of Adobe's dataflows and their runs, as rows; what they mean is known elsewhere."""

from __future__ import annotations

from typing import Any

from catalog.store.codec import restored
from catalog.store.database import Catalog

_COLUMNS = ("flow_id", "name", "state", "schedule", "ends_at", "facts", "seen_at")


def recorded_flows(catalog: Catalog) -> list[dict[str, Any]]:
    """Return every dataflow as last seen, by its id; the columns are those of the record `flow`."""
    with catalog.read() as connection:
        rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM flows ORDER BY flow_id").fetchall()
    return [
        {name: restored(value) if isinstance(value, str) and name != "facts" else value for name, value in pairs}
        for row in rows
        for pairs in (zip(_COLUMNS, row, strict=True),)
    ]


def recorded_raws(catalog: Catalog) -> dict[str, str]:
    """Return what Adobe said last of every recorded run, by the run's id."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT run_id, raw FROM flow_runs ORDER BY run_id").fetchall()
    return {restored(run_id): restored(raw) for run_id, raw in rows}
