"""The document of `adobe provision`: each part, how it stands, and the request for it with its secrets hidden."""

from __future__ import annotations

from catalog.adobe.client import BASE
from catalog.adobe.provision_bodies import shown_body
from catalog.adobe.provision_values import Part, Plan, Step
from catalog.answers import Document


def provision_document(sandbox: str, plan: Plan, *, applied: bool) -> Document:
    """The document of `adobe provision`."""
    wanted = plan.wanted
    return {
        "schema": "landproof/adobe-provision/1",
        "sandbox": sandbox,
        "export": wanted.name,
        "kind": wanted.kind.name,
        "applied": applied,
        "flow_id": plan.id_of(Part.FLOW),
        "datasets": [{"id": dataset.id, "name": dataset.name} for dataset in wanted.datasets],
        "warnings": list(wanted.warnings),
        "notes": list(plan.notes),
        "blocked": list(plan.blocked),
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Step) -> Document:
    ask = step.ask
    request = ask and {
        "method": ask.method,
        "path": f"{BASE}{ask.path}",
        "if_match": ask.etag,
        "body": shown_body(ask.body),
    }
    return {
        "part": step.part.value,
        "state": step.state.value,
        "id": step.id,
        "differs": list(step.differs),
        "request": request,
    }
