"""`landproof adobe sync`: the settings against Adobe's dataflows; the difference, and at a word the writing of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.adobe.calls import eligible_datasets
from catalog.adobe.client import FlowClient
from catalog.adobe.opening import flow_service
from catalog.adobe.sync import Shown, plan_sync
from catalog.adobe.sync_answers import sync_document
from catalog.adobe.sync_fetch import fetch_flows
from catalog.adobe.sync_values import SyncPlan
from catalog.adobe.sync_write import Draft
from catalog.answers import Document
from catalog.cli.options import Config, Json
from catalog.cli.render import findings_text, table, text_of
from catalog.cli.session import Session, open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.settings.loading import FILE_NAME, load_settings
from catalog.words import plural, shown
from catalog.workflow import utc_now
from verifier.errors import DeniedError, NotFoundError

_FLOWS = typer.Argument(metavar="FLOW", help="Only these dataflows, by id or name (default: adobe.flows, or all).")
_WRITE = typer.Option("--write", help="Write the difference to the settings.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sync")(sync)


def sync(
    *,
    flows: Annotated[list[str] | None, _FLOWS] = None,
    wants_write: Annotated[bool, _WRITE] = False,
    config: Config = None,
    wants_json: Json = False,
) -> int:
    """Take zones, datasets and schedules from dataflows.

    Shows what the settings and Adobe differ in. Only keys that come from Adobe are looked at; nothing is removed.
    """
    session = open_session(config, None, wants_json=wants_json)
    path = session.settings.path or Path.cwd() / FILE_NAME
    draft = Draft.of(path)
    settings = load_settings(session.settings.path, os.environ)  # not older than the draft, by which it is written
    wanted = flows or settings.adobe.flows
    with flow_service(settings) as client:
        found = fetch_flows(client, wanted)
        eligible = _eligible(client)
    plan = plan_sync(Shown(flows=found, is_all=not wanted, eligible=eligible), settings)
    writes = wants_write and plan.has_changes
    if writes:
        draft.write(plan, os.environ)
    document = sync_document(plan, at=utc_now(), config=str(path), written=writes)
    session.answer(document, "" if wants_json else sync_text(document))
    return int(_status(plan, session, is_written=writes))


def _eligible(client: FlowClient) -> frozenset[str] | None:
    """Return the ids of what may be exported, None where that may not be asked: the rest is worth as much without."""
    try:
        return frozenset(dataset.id for dataset in eligible_datasets(client))
    except (DeniedError, NotFoundError) as error:
        sys.stderr.write(f"landproof: which datasets may be exported is not known: {shown(error.message)}\n")
        return None


def sync_text(document: Document) -> str:
    """Lay out what differs, what people have to do, and one line of sums."""
    parts: list[Any] = []
    for zone in document["zones"]:
        parts += _change_lines(zone, f"zone {zone['zone']}")
        parts += [f"    to be given by hand, in its options: {zone['needs']}"] if zone["needs"] else []
    for dataset in document["datasets"]:
        parts += _change_lines(dataset, f"dataset {_name(dataset)}")
    for one in document["gone"]:
        parts.append(shown(f"no longer at Adobe: dataset {_name(one)}: {one['message']}"))
        parts.append("    hint: remove it from the settings, or set enabled = false")
    for one in document["problems"]:
        parts.append(shown(f"left out: dataflow {one['flow']} ({one['flow_id']}): {one['message']}"))
        parts += [shown(f"    hint: {one['hint']}")] if one["hint"] else []
    findings = findings_text(
        [f | {"subject": f"{f['zone']}/{f['dataset_id']}" if f["zone"] else ""} for f in document["findings"]]
    )
    parts += [*([""] if parts else []), *findings] if findings else []
    return text_of(*parts, *([""] if parts else []), _sums(document))


def _change_lines(one: Document, what: str) -> list[Any]:
    rows = [("", change["key"], _was(one, change), _plain(change["after"])) for change in one["changes"]]
    return [shown(f"{one['state']}: {what}"), table(("", "", "", ""), rows)]


def _was(one: Document, change: Document) -> str:
    return "" if one["state"] == "added" else f"{_plain(change['before'])} ->"


def _plain(value: object) -> str:
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _name(one: Document) -> str:
    place = f"{one['zone']}/{one['dataset_id']}"
    return f"{one['name']} ({place})" if one["name"] else place


def _sums(document: Document) -> str:
    counts = document["counts"]
    seen = f"{plural(counts['flows'], 'dataflow')}, {plural(counts['datasets_in_sync'], 'dataset')} in sync"
    added = counts["zones_added"] + counts["datasets_added"]
    changed = counts["zones_changed"] + counts["datasets_changed"]
    if not added and not changed:
        return f"{seen}: nothing to write to {document['config']}"
    done = "written to" if document["written"] else "not written: --write writes them to"
    return f"{seen}; {added} added and {changed} changed, {done} {document['config']}"


def _status(plan: SyncPlan, session: Session, *, is_written: bool) -> ExitStatus:
    judgement = Judgement(session.settings)
    judgement.findings(noticed.finding for noticed in plan.findings)
    is_behind = (plan.has_changes and not is_written) or not plan.is_settled
    return max(judgement.status, ExitStatus.WARNINGS if is_behind else ExitStatus.OK)
