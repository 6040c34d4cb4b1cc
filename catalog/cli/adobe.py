"""`landproof adobe …`: what Adobe says it exports; arguments, one question each, its document or its words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from catalog.adobe.answers import PlacedFlow, datasets_document, flows_document, runs_document
from catalog.adobe.calls import dataset_flows, eligible_datasets, get_flow, raw_runs
from catalog.adobe.client import FlowClient
from catalog.adobe.model import Flow
from catalog.adobe.opening import flow_service
from catalog.adobe.parse import parse_run
from catalog.adobe.sync_fetch import choose_flows, fetch_flows
from catalog.adobe.sync_places import NoPlaceError, place_of
from catalog.adobe.sync_values import FlowParts
from catalog.cli import adobe_provision, adobe_reconcile, adobe_sync
from catalog.cli.adobe_text import datasets_text, flows_text, runs_text
from catalog.cli.options import Config, Json
from catalog.cli.session import open_session
from catalog.exit_status import ExitStatus
from catalog.settings.loading import Settings
from catalog.whole_file import write_report
from catalog.workflow import utc_now

_TEXT = typer.Argument(metavar="TEXT", help="Only those with this in their name or id.")
_FLOWS = typer.Argument(metavar="FLOW", help="Only these dataflows, by id or name.")
_FLOW = typer.Argument(metavar="FLOW", help="The dataflow, by id or name.")
_LIMIT = typer.Option("--limit", metavar="N", min=1, max=100_000, help="At most so many, the newest.")
_OUTPUT = typer.Option("--output", metavar="FILE", help="Also save all runs as Adobe tells them, to look at offline.")
_MOST_RUNS = 20
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    adobe = typer.Typer(name="adobe", help="See what Adobe exports, compare, and set exports up.", no_args_is_help=True)
    adobe.callback()(lambda: None)
    for name, command in (("datasets", datasets_command), ("flows", flows_command), ("runs", runs_command)):
        adobe.command(name)(command)
    adobe_sync.register(adobe)
    adobe_provision.register(adobe)
    adobe_reconcile.register(adobe)
    app.add_typer(adobe)


def datasets_command(*, text: Annotated[str, _TEXT] = "", config: Config = None, wants_json: Json = False) -> int:
    """List the datasets that Adobe would export.

    Those that the settings watch are marked.
    """
    session = open_session(config, None, wants_json=wants_json)
    zones: dict[str, list[str]] = {}
    for dataset in session.settings.datasets:
        zones.setdefault(dataset.id, []).append(dataset.zone)
    with flow_service(session.settings) as client:
        found = list(eligible_datasets(client))
    wanted = [one for one in found if text.lower() in (one.name or "").lower() or text.lower() in one.id]
    wanted.sort(key=lambda one: ((one.name or "").lower(), one.id))
    document = datasets_document(session.settings.adobe.sandbox, wanted, zones)
    session.answer(document, "" if wants_json else datasets_text(document))
    return int(ExitStatus.OK)


def flows_command(
    *, flows: Annotated[list[str] | None, _FLOWS] = None, config: Config = None, wants_json: Json = False
) -> int:
    """List the dataflows that export datasets.

    With where they export to, when, until when, and how their last run went.
    """
    session = open_session(config, None, wants_json=wants_json)
    with flow_service(session.settings) as client:
        found = fetch_flows(client, flows or ())
    placed = [_placed(parts, session.settings) for parts in found]
    document = flows_document(session.settings.adobe.sandbox, placed)
    session.answer(document, "" if wants_json else flows_text(document, utc_now()))
    return int(ExitStatus.OK)


def runs_command(
    *,
    flow: Annotated[str, _FLOW],
    limit: Annotated[int, _LIMIT] = _MOST_RUNS,
    output: Annotated[Path | None, _OUTPUT] = None,
    config: Config = None,
    wants_json: Json = False,
) -> int:
    """List the runs of a dataflow, the newest first.

    Rows, files and bytes are as Adobe counts them.
    """
    session = open_session(config, None, wants_json=wants_json)
    with flow_service(session.settings) as client:
        asked = _find_flow(client, flow)
        items = raw_runs(client, asked.id, limit=None if output else limit)
    if output:
        write_report(output, json.dumps({"items": items}, ensure_ascii=False, indent=1) + "\n")
    document = runs_document(session.settings.adobe.sandbox, asked, map(parse_run, items[:limit]))
    session.answer(document, "" if wants_json else runs_text(document, saved=str(output) if output else None))
    return int(ExitStatus.OK)


def _find_flow(client: FlowClient, text: str) -> Flow:
    """Return the dataflow that goes by an id or a unique name. Raises `UsageError` and `NotFoundError`."""
    if _ID.fullmatch(text):
        return get_flow(client, text)
    (flow,) = choose_flows(list(dataset_flows(client)), [text])
    return flow


def _placed(parts: FlowParts, settings: Settings) -> PlacedFlow:
    zones = tuple(dict.fromkeys(d.zone for d in settings.datasets if d.flow == parts.flow.id))
    try:
        place = place_of(parts, settings.adobe.sandbox, settings.zones)
    except NoPlaceError:
        return PlacedFlow(parts, None, zones)
    return PlacedFlow(parts, place.url, zones)
