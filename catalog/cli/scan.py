"""`landproof scan`: arguments, one scan, its document or its words, its exit status."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from catalog.cli.options import (
    CatalogPath,
    Config,
    Dataset,
    FailOn,
    From,
    Json,
    To,
    parse_fail_on,
    parse_period,
    parse_snapshot_id,
)
from catalog.cli.scan_text import scan_text
from catalog.cli.scanning import Terms, perform
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import Judgement
from catalog.scope import Scope
from catalog.store.known import known_zones
from catalog.targets import Target, find_targets
from verifier.model import Depth, SnapshotId

_PLACES = typer.Argument(metavar="[ZONE or URL]...", help="Zones, URLs or paths; default: every configured zone.")
_SETTLE = typer.Option("--settle-minutes", min=0, help="Quiet time until a snapshot counts as settled; 0: do not wait.")
_WORKERS = typer.Option("--workers", min=0, help="Worker processes (default: one a core); 0: none, work in this one.")
_VANISHED = typer.Option("--accept-vanished", help="Believe a listing that lacks many known files at once.")
_SNAPSHOT = typer.Option("--snapshot", metavar="ID", help="Only this snapshot: ZONE/DATASET_ID/EXPORT_TIME.")
_JSONL = typer.Option("--jsonl", help="Print one snapshot a line as it is judged, then the document without them.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan")(scan)


def scan(
    *,
    places: Annotated[list[str] | None, _PLACES] = None,
    depth: Annotated[Depth, typer.Option("--depth", help="How hard to look.")] = Depth.FULL,
    dataset: Dataset = None,
    start: From = None,
    end: To = None,
    snapshot: Annotated[str | None, _SNAPSHOT] = None,
    settle_minutes: Annotated[int | None, _SETTLE] = None,
    workers: Annotated[int | None, _WORKERS] = None,
    accept_vanished: Annotated[bool, _VANISHED] = False,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    jsonl: Annotated[bool, _JSONL] = False,
    fail_on: FailOn = "warn",
) -> int:
    """List, verify and record landing zones.

    What was verified at that depth and has not changed is not read again; its recorded findings are reported again.
    """
    fails_on_warnings, period = parse_fail_on(fail_on), parse_period(start, end)
    session = open_session(config, catalog, wants_json=wants_json)
    one = parse_snapshot_id(snapshot) if snapshot else None
    zone, dataset_id = session.find_dataset(dataset) if dataset else (None, None)
    targets = _targets(session, places or [], one, zone)
    scope = Scope(
        datasets=frozenset({dataset_id}) if dataset_id else None,
        start=period[0],
        end=period[1],
        keys=frozenset({(one.dataset_id, one.export_time)}) if one else None,
    )
    terms = Terms(
        depth=depth,
        scope=scope,
        settle_minutes=settle_minutes,
        workers=workers,
        accepts_vanished=accept_vanished,
        streams=jsonl,
    )
    judgement = Judgement(session.settings)
    document = perform(session, targets, terms, judgement)
    if jsonl:
        sys.stdout.write(f"{json.dumps(document, ensure_ascii=False)}\n")
    else:
        session.answer(document, "" if wants_json else scan_text(document))
    return final_status(judgement.status, fails_on_warnings=fails_on_warnings)


def _targets(session: Session, places: list[str], one: SnapshotId | None, zone: str | None) -> list[Target]:
    """Find the zones to look at; a snapshot or a dataset of a zone names its zone where no place was given."""
    known = known_zones(session.catalog)
    named = one.zone if one else zone
    if named and not places and named not in session.settings.zones and named in known:
        places = [known[named]]
    targets = find_targets(places or ([named] if named else []), session.settings, known)
    return [t for t in targets if named is None or t.zone == named or places]
