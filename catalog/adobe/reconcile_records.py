"""Runs as the rows that are recorded of them, and back; the recording itself is the business of others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from catalog.adobe.model import Run
from catalog.adobe.parse import parse_run
from catalog.adobe.reconcile_values import Reconciliation
from catalog.store.codec import Row, to_json, to_moment, to_stored


def run_rows(runs: Iterable[Run], fetched_at: datetime, known: Mapping[str, str] | None = None) -> list[Row]:
    """Return a row for every run that is new or not what `known`, the recorded `raw` by the run's id, has of it."""
    recorded = known or {}
    return [_run_row(run, fetched_at) for run in runs if recorded.get(run.id) != run.raw]


def run_of(row: Mapping[str, object]) -> Run:
    """Return the run of a recorded row, by its `raw`."""
    return parse_run(json.loads(str(row["raw"])))


def empty_slot_rows(reconciliation: Reconciliation, known: Iterable[tuple[str, str, datetime]] = ()) -> list[Row]:
    """Return a row for every slot that is proven empty and not known to be."""
    recorded = set(known)
    return [
        {
            "zone": zone,
            "dataset_id": dataset_id,
            "due_at": to_stored(due_at),
            "run_id": reconciliation.proofs[zone, dataset_id, due_at],
            "proven_at": to_stored(reconciliation.at),
        }
        for zone, dataset_id, due_at in reconciliation.proven_empty
        if (zone, dataset_id, due_at) not in recorded
    ]


def _run_row(run: Run, fetched_at: datetime) -> Row:
    errors = [{"code": e.code, "message": e.message, "count": e.count} for e in run.errors]
    return {
        "run_id": run.id,
        "flow_id": run.flow_id or "",
        "status": run.status.value,
        "started_at": to_moment(run.started_at),
        "completed_at": to_moment(run.completed_at),
        "rows": run.rows,
        "files": run.files,
        "bytes": run.bytes,
        "errors": to_json(errors) if errors else None,
        "raw": run.raw,
        "fetched_at": to_stored(fetched_at),
    }
