"""The document of `drill`; all others are in `catalog.answers`."""

from __future__ import annotations

from catalog.answers import Document, moment
from catalog.drills.values import DrilledSnapshot, DrillResult
from catalog.restores.answers import restore_plan_document

_OF_PLAN = ("zone", "dataset_id", "as_of", "depth", "accepts_gaps", "mode", "recovers_to", "gaps", "doubts", "rows")


def drill_document(result: DrillResult) -> Document:
    """The document of `drill`: what came of the restore that was tried, snapshot by snapshot."""
    plan = restore_plan_document(result.plan)
    return {
        "schema": "landproof/drill/1",
        "drill_id": result.drill_id,
        "state": result.state.value,
        "message": result.message,
        "started_at": moment(result.started_at),
        "finished_at": moment(result.finished_at),
        **{name: plan[name] for name in _OF_PLAN},
        "snapshots": [_snapshot(s) for s in result.snapshots],
        "files": result.files,
        "bytes": result.bytes,
        "rows_loaded": result.rows_loaded,
        "seconds": round((result.finished_at - result.started_at).total_seconds(), 3),
        "fetch_seconds": round(result.fetch_seconds, 3),
        "load_seconds": round(result.load_seconds, 3),
    }


def _snapshot(drilled: DrilledSnapshot) -> Document:
    """One snapshot: what of it was fetched, from where, and loaded."""
    return {
        "id": str(drilled.member.id),
        "role": drilled.member.role.value,
        "state": drilled.state.value,
        "message": drilled.message,
        "places": [str(place) for place in drilled.places],
        "files": drilled.files,
        "bytes": drilled.bytes,
        "rows": drilled.rows,
        "rows_loaded": drilled.rows_loaded,
        "seconds": round(drilled.fetch_seconds + drilled.load_seconds, 3),
        "fetch_seconds": round(drilled.fetch_seconds, 3),
        "load_seconds": round(drilled.load_seconds, 3),
    }
