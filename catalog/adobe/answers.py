"""The documents of `adobe datasets`, `adobe flows` and `adobe runs`: what Adobe says, in our words and units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalog.adobe.model import DatasetRef, EligibleDataset, Flow, LastRun, Run, RunError
from catalog.adobe.sync_values import FlowParts
from catalog.answers import Document, moment


@dataclass(frozen=True, slots=True)
class PlacedFlow:
    """A flow with its parts, the URL it exports to and the zones of the settings that watch it."""

    parts: FlowParts
    url: str | None
    zones: tuple[str, ...] = ()


def datasets_document(
    sandbox: str, datasets: Iterable[EligibleDataset], zones: Mapping[str, Sequence[str]]
) -> Document:
    """The document of `adobe datasets`; `zones` are those that watch a dataset, by its id."""
    listed = [
        {
            "id": one.id,
            "name": one.name,
            "state": one.state,
            "watched": one.id in zones,
            "zones": list(zones.get(one.id, ())),
        }
        for one in datasets
    ]
    watched = sum(1 for one in listed if one["watched"])
    return {
        "schema": "landproof/adobe-datasets/1",
        "sandbox": sandbox,
        "counts": {"datasets": len(listed), "watched": watched},
        "datasets": listed,
    }


def flows_document(sandbox: str, flows: Iterable[PlacedFlow]) -> Document:
    """The document of `adobe flows`."""
    return {"schema": "landproof/adobe-flows/1", "sandbox": sandbox, "flows": [_flow(flow) for flow in flows]}


def runs_document(sandbox: str, flow: Flow, runs: Iterable[Run]) -> Document:
    """The document of `adobe runs`, those that began last first."""
    return {
        "schema": "landproof/adobe-runs/1",
        "sandbox": sandbox,
        "flow": {"id": flow.id, "name": flow.name, "state": flow.state},
        "runs": [run_object(run) for run in runs],
    }


def run_object(run: Run) -> Document:
    """One run, the same wherever it appears; its numbers are Adobe's own."""
    return {
        "id": run.id,
        "status": run.status.value,
        "started_at": moment(run.started_at or run.created_at),
        "completed_at": moment(run.completed_at),
        "seconds": run.took.total_seconds() if run.took else None,
        "rows": run.rows,
        "rows_skipped": run.rows_skipped,
        "rows_failed": run.rows_failed,
        "files": run.files,
        "bytes": run.bytes,
        "errors": [_error(one) for one in run.errors],
        "skipped": [_error(one) for one in run.skipped],
    }


def _flow(placed: PlacedFlow) -> Document:
    flow, target = placed.parts.flow, placed.parts.target
    schedule = flow.schedule
    return {
        "id": flow.id,
        "name": flow.name,
        "state": flow.state,
        "kind": flow.kind.name if flow.kind else None,
        "url": placed.url,
        "zones": list(placed.zones),
        "datasets": [_dataset(one) for one in placed.parts.datasets],
        "format": target.format if target else None,
        "compressed": target.compressed if target else None,
        "manifest": target.manifest if target else None,
        "template": schedule.template,
        "mode": schedule.mode,
        "cadence": schedule.words(),
        "starts_at": moment(schedule.start_at),
        "ends_at": moment(schedule.end_at),
        "last_run": _last_run(flow.last_run) if flow.last_run else None,
        "trouble": placed.parts.trouble,
    }


def _dataset(dataset: DatasetRef) -> Document:
    return {"id": dataset.id, "name": dataset.name}


def _last_run(run: LastRun) -> Document:
    return {
        "id": run.id,
        "status": run.status.value,
        "started_at": moment(run.started_at),
        "completed_at": moment(run.completed_at),
    }


def _error(error: RunError) -> Document:
    return {"code": error.code, "message": error.message, "count": error.count}
