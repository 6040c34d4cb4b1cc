"""`landproof adobe provision`: an export of the settings set up at Adobe; the requests shown, and at a word sent."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer

from catalog.adobe.calls import eligible_datasets
from catalog.adobe.opening import flow_service
from catalog.adobe.provision import apply, look
from catalog.adobe.provision_answers import provision_document
from catalog.adobe.provision_bodies import check_login
from catalog.adobe.provision_plan import plan_provision
from catalog.adobe.provision_rules import want
from catalog.adobe.provision_values import Part, Plan, State, Step
from catalog.answers import Document
from catalog.cli.options import Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.session import open_session
from catalog.exit_status import ExitStatus
from catalog.settings.loading import Settings
from catalog.settings.values import nearest
from catalog.words import plural, shown
from catalog.workflow import utc_now
from verifier.errors import UsageError

_NAME = typer.Argument(metavar="NAME", help="The export, as adobe.exports names it.")
_PLAN = typer.Option("--plan", help="Only show what would be sent. The default.")
_APPLY = typer.Option("--apply", help="Send it.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("provision")(provision)


def provision(
    *,
    name: Annotated[str, _NAME],
    wants_plan: Annotated[bool, _PLAN] = False,
    wants_apply: Annotated[bool, _APPLY] = False,
    config: Config = None,
    wants_json: Json = False,
) -> int:
    """Set up an export that the settings describe.

    Source, base and target connection and the dataflow are made in order, each once: what is there already is found and
    left as it is, or changed where it differs. Secrets are never shown nor kept.
    """
    if wants_plan and wants_apply:
        raise UsageError("--plan and --apply exclude each other", hint="look at the plan first")
    session = open_session(config, None, wants_json=wants_json)
    at = _position(session.settings, name)
    with flow_service(session.settings) as client:
        wanted = want(session.settings.adobe.exports[at], at, list(eligible_datasets(client)), utc_now())
        plan = plan_provision(wanted, look(client, wanted))
        if wants_apply:
            _refuse(plan, at)
            plan = apply(client, plan, os.environ, tell=_ignore if wants_json else _tell)
        else:
            plan = _with_login_told(plan, at)
    document = provision_document(session.settings.adobe.sandbox, plan, applied=wants_apply)
    session.answer(document, "" if wants_json else provision_text(document))
    is_behind = not wants_apply and (plan.has_work or plan.blocked)
    return int(ExitStatus.WARNINGS if is_behind else ExitStatus.OK)


def _position(settings: Settings, name: str) -> int:
    names = [export.name for export in settings.adobe.exports]
    if name in names:
        return names.index(name)
    known = f"the nearest known is {nearest(name, names)!r}" if names else "add [[adobe.exports]] to the settings"
    raise UsageError(f"the settings have no export {name!r}", hint=known)


def _refuse(plan: Plan, at: int) -> None:
    """Raise `UsageError` for what would fail half-way."""
    if plan.blocked:
        raise UsageError("; ".join(plan.blocked), hint="nothing was sent")
    if _sends_login(plan):
        check_login(plan.wanted, at, os.environ)


def _with_login_told(plan: Plan, at: int) -> Plan:
    """Return the plan with what its login lacks here: who only plans need not have it."""
    try:
        if _sends_login(plan):
            check_login(plan.wanted, at, os.environ)
    except UsageError as error:
        return replace(plan, notes=(*plan.notes, f"--apply needs what is not here: {error.message}"))
    return plan


def _sends_login(plan: Plan) -> bool:
    return any(step.ask and step.part is Part.BASE for step in plan.steps)


def _tell(step: Step) -> None:
    sys.stderr.write(f"{step.state} {step.part} {step.id}\n")
    sys.stderr.flush()


def _ignore(step: Step) -> None:
    """Say nothing: the document tells."""


def provision_text(document: Document) -> str:
    """Lay out the parts, the requests of those that are not as wanted, and what to do next."""
    steps = document["steps"]
    head = f"export {document['export']}: {plural(len(document['datasets']), 'dataset')} to {document['kind']}"
    rows = [(s["state"], s["part"], s["id"], ", ".join(s["differs"])) for s in steps]
    headings = ("state", "part", "id", "differs in" if any(s["differs"] for s in steps) else "")
    parts: list[Any] = [shown(f"{head}, sandbox {document['sandbox']}"), ""]
    parts += [table(headings, rows), ""]
    if not document["applied"]:
        for step in steps:
            parts += _request_lines(step)
    for kind, word in (("blocked", "blocked"), ("notes", "note"), ("warnings", "warning")):
        parts += [shown(f"{word}: {text}") for text in document[kind]]
    return text_of(*parts, *_next(document))


def _request_lines(step: Document) -> list[str]:
    request = step["request"]
    if request is None:
        return []
    stands_on = f"   If-Match: {request['if_match']}" if request["if_match"] else ""
    body = json.dumps(request["body"], ensure_ascii=False, indent=2).splitlines()
    return [f"{request['method']} {request['path']}{stands_on}", *map(shown, body), ""]


def _next(document: Document) -> list[str]:
    """Say what to do next."""
    steps, flow_id = document["steps"], document["flow_id"]
    if not document["applied"]:
        waiting = sum(1 for s in steps if s["request"])
        if document["blocked"]:
            return ["nothing can be sent before that is settled"]
        if waiting:
            return [f"{plural(waiting, 'request')} would be sent: --apply sends them"]
        return ["everything is there as wanted: nothing would be sent"]
    if not any(s["request"] for s in steps):
        return ["everything was there as wanted: nothing was sent"]
    is_new = any(s["part"] == Part.FLOW and s["state"] == State.CREATED for s in steps)
    wait = ["a new dataflow is not ready for about ten minutes, and runs when its schedule says"] if is_new else []
    look_at_it = f"look at its runs with: landproof adobe runs {flow_id}"
    return [*wait, look_at_it, f"have it watched with: landproof adobe sync {flow_id} --write"]
