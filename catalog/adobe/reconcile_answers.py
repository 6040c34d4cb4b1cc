"""The document of `adobe reconcile`; what is compared and found is decided elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from catalog.adobe.model import RunError
from catalog.adobe.reconcile_match import began_at
from catalog.adobe.reconcile_values import (
    ComparedFlow,
    ComparedRun,
    Comparison,
    Pair,
    Reconciliation,
    Sight,
)
from catalog.adobe.sync_answers import noticed_object
from catalog.adobe.told import short
from catalog.answers import Document, moment


def reconcile_document(result: Reconciliation, *, since: datetime, source: str) -> Document:
    """Return what runs and snapshots come to against each other; `source` is `adobe` or `files`."""
    runs = [run for flow in result.flows for run in flow.runs]
    levels = Counter(noticed.finding.level.value for noticed in result.findings)
    return {
        "schema": "landproof/adobe-reconcile/1",
        "at": moment(result.at),
        "from": moment(since),
        "source": source,
        "compared": result.is_compared,
        "counts": {
            "flows": len(result.flows),
            "runs": len(runs),
            "with_snapshot": sum(any(pair.export for pair in run.pairs) for run in runs),
            "without_snapshot": sum(_lacks(run) for run in runs),
            "snapshots_without_run": sum(len(flow.unclaimed) for flow in result.flows),
            "proven_empty": len(result.proven_empty),
            **{level: levels[level] for level in ("error", "warn", "info")},
        },
        "flows": [_flow(flow) for flow in result.flows],
        "proven_empty": [
            {
                "zone": zone,
                "dataset_id": dataset_id,
                "due_at": moment(due_at),
                "run_id": result.proofs[zone, dataset_id, due_at],
            }
            for zone, dataset_id, due_at in result.proven_empty
        ],
        "findings": [noticed_object(one) for one in result.findings],
    }


def _flow(flow: ComparedFlow) -> Document:
    scope, trouble = flow.scope, flow.scope.trouble
    return {
        "flow_id": scope.flow_id,
        "name": scope.name,
        "error": {"kind": trouble.kind, "message": trouble.message, "hint": trouble.hint} if trouble else None,
        "missing": scope.missing,
        "assumed": scope.assumed,
        "datasets": [{"zone": s.zone, "dataset_id": s.dataset_id, "name": s.name} for s in scope.streams],
        "runs": [_run(run) for run in flow.runs],
        "snapshots_without_run": [str(export.id) for export in flow.unclaimed],
    }


def _run(compared: ComparedRun) -> Document:
    run = compared.run
    return {
        "run_id": run.id,
        "status": run.status.value,
        "started_at": moment(began_at(run)),
        "completed_at": moment(run.completed_at),
        "due_at": moment(compared.due_at),
        "files": _comparison(compared.files),
        "rows": _comparison(compared.rows),
        "bytes": _comparison(compared.bytes),
        "errors": _errors(run.errors),
        "skipped": _errors(run.skipped),
        "datasets": [_pair(pair) for pair in compared.pairs],
    }


def _pair(pair: Pair) -> Document:
    return {
        "zone": pair.zone,
        "dataset_id": pair.dataset_id,
        "state": pair.state.value,
        "snapshot": str(pair.export.id) if pair.export else None,
        "matched_by": pair.way.value if pair.way else None,
        "verdict": pair.export.verdict.value if pair.export else None,
        "rows": _comparison(pair.rows) if pair.rows else None,
        "reason": pair.reason,
    }


def _comparison(comparison: Comparison) -> Document:
    return {
        "verdict": comparison.verdict.value,
        "adobe": comparison.adobe,
        "ours": comparison.ours,
        "reason": comparison.reason,
    }


def _errors(errors: Iterable[RunError]) -> list[Document]:
    return [
        {"code": None if e.code is None else short(e.code, 80), "message": short(e.message), "count": e.count}
        for e in errors
    ]


def _lacks(run: ComparedRun) -> bool:
    return bool(run.pairs) and all(pair.state is Sight.ABSENT for pair in run.pairs)
