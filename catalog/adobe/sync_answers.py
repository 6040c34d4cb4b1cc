"""The document of `adobe sync`; what differs is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from catalog.adobe.noticed import Noticed
from catalog.adobe.sync_values import DatasetChange, Gone, KeyChange, SyncPlan, Value, ZoneChange
from catalog.answers import Document, finding_object, moment


def sync_document(plan: SyncPlan, *, at: datetime, config: str, written: bool) -> Document:
    """Return what the settings and Adobe differ in, and whether that was written."""
    new_zones, new_datasets = sum(z.is_new for z in plan.zones), sum(d.is_new for d in plan.datasets)
    return {
        "schema": "landproof/adobe-sync/1",
        "at": moment(at),
        "config": config,
        "written": written,
        "counts": {
            "flows": len(plan.flows),
            "zones_added": new_zones,
            "zones_changed": len(plan.zones) - new_zones,
            "datasets_added": new_datasets,
            "datasets_changed": len(plan.datasets) - new_datasets,
            "datasets_in_sync": plan.in_sync,
            "gone": len(plan.gone),
            "problems": len(plan.problems),
        },
        "zones": [_zone(one) for one in plan.zones],
        "datasets": [_dataset(one) for one in plan.datasets],
        "gone": [_gone(one) for one in plan.gone],
        "problems": [
            {"flow_id": one.flow_id, "flow": one.flow_name, "message": one.message, "hint": one.hint}
            for one in plan.problems
        ],
        "findings": [noticed_object(one) for one in plan.findings],
    }


def noticed_object(noticed: Noticed) -> Document:
    """One finding of what Adobe says, with what it is about."""
    about = {
        "zone": noticed.zone,
        "dataset_id": noticed.dataset_id,
        "flow_id": noticed.flow_id,
        "run_id": noticed.run_id,
    }
    return finding_object(noticed.finding) | about


def _zone(zone: ZoneChange) -> Document:
    return {
        "zone": zone.name,
        "state": _state(is_new=zone.is_new),
        "flow_ids": list(zone.flow_ids),
        "changes": _changes(zone.changes),
        "needs": zone.needs,
    }


def _dataset(dataset: DatasetChange) -> Document:
    return {
        "zone": dataset.zone,
        "dataset_id": dataset.dataset_id,
        "name": dataset.name,
        "flow_id": dataset.flow_id,
        "state": _state(is_new=dataset.is_new),
        "changes": _changes(dataset.changes),
    }


def _gone(gone: Gone) -> Document:
    return {
        "zone": gone.zone,
        "dataset_id": gone.dataset_id,
        "name": gone.name,
        "flow_id": gone.flow_id,
        "message": gone.why,
    }


def _state(*, is_new: bool) -> str:
    return "added" if is_new else "changed"


def _changes(changes: Iterable[KeyChange]) -> list[Document]:
    return [{"key": c.key, "before": _value(c.before), "after": _value(c.after)} for c in changes]


def _value(value: Value) -> Value:
    return moment(value) if isinstance(value, datetime) else value
