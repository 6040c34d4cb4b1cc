"""`landproof scan`: arguments, one scan, its document or its words, its exit status."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.estimate_text import estimate_text
from catalog.cli.excerpt import Excerpts
from catalog.cli.means import EngineKind, Kind, MostBytes, MostRequests, Scheduler, Workers, parse_means
from catalog.cli.options import (
    CatalogPath,
    Config,
    Dataset,
    FailOn,
    From,
    Json,
    Reverify,
    To,
    WantsExcerpt,
    parse_fail_on,
    refuse_excerpt,
)
from catalog.cli.scan_text import scan_text
from catalog.cli.scanning import Terms, estimated, perform
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import Judgement
from catalog.questions.moments import parse_period, parse_snapshot_id
from catalog.scans.reverify import parse_reverify
from catalog.scope import Scope
from catalog.store.known import known_zones
from catalog.targets import Target, find_targets
from verifier.errors import UsageError
from verifier.model import Depth, SnapshotId

_PLACES = typer.Argument(metavar="ZONE|URL", help="Zones, URLs or paths; default: every configured zone.")
_SETTLE = typer.Option(
    "--settle-minutes",
    metavar="N",
    min=0,
    max=525_600,
    help="Quiet time until a snapshot counts as settled; 0: do not wait.",
)
_VANISHED = typer.Option("--accept-vanished", help="Believe a listing that lacks many known files at once.")
_ESTIMATE = typer.Option("--estimate", help="Only list, and say what a scan would read: files, bytes, requests.")
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
    reverify: Reverify = None,
    workers: Workers = None,
    engine: EngineKind = Kind.LOCAL,
    scheduler: Scheduler = None,
    max_bytes: MostBytes = None,
    max_requests: MostRequests = None,
    wants_estimate: Annotated[bool, _ESTIMATE] = False,
    wants_excerpt: WantsExcerpt = False,
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
    refuse_excerpt(wanted=wants_excerpt, in_document=wants_json or jsonl)
    means = parse_means(engine, scheduler, workers, max_bytes, max_requests)
    session = open_session(config, catalog, wants_json=wants_json)
    one = parse_snapshot_id(snapshot) if snapshot else None
    targets, dataset_id = _chosen(session, places or [], one, dataset)
    scope = Scope(
        datasets=frozenset({dataset_id}) if dataset_id else None,
        start=period[0],
        end=period[1],
        keys=frozenset({(one.dataset_id, one.export_time)}) if one else None,
    )
    terms = Terms(
        depth=depth,
        scope=scope,
        reverify=parse_reverify(reverify, depth) if reverify is not None else None,
        settle_minutes=settle_minutes,
        means=means,
        accepts_vanished=accept_vanished,
        streams=jsonl,
    )
    judgement = Judgement(session.settings)
    if wants_estimate:
        document = estimated(session, targets, terms, judgement)
    else:
        document = perform(session, targets, terms, judgement).document
    if jsonl:
        sys.stdout.write(f"{json.dumps(document, ensure_ascii=False)}\n")
    else:
        session.answer(document, "" if wants_json else _text(document, targets, wants_excerpt=wants_excerpt))
    final = final_status(judgement.status, fails_on_warnings=fails_on_warnings)
    return final if wants_estimate else sealed(session, final)


def _text(document: Document, targets: list[Target], *, wants_excerpt: bool) -> str:
    if document["estimate"]:
        return estimate_text(document)
    if not wants_excerpt:
        return scan_text(document)
    with closing(Excerpts({t.zone: t.location for t in targets})) as excerpts:
        return scan_text(document, excerpts.of)


def _chosen(
    session: Session, places: list[str], one: SnapshotId | None, dataset: str | None
) -> tuple[list[Target], str | None]:
    """Find the zones to look at and the dataset's id; a snapshot or dataset tells its zone where no place was given."""
    known = known_zones(session.catalog)
    targets = find_targets(places, session.settings, known) if places else []
    zones = [t.zone for t in targets]
    zone, dataset_id = session.find_dataset(dataset, zones) if dataset else (None, None)
    named = {name for name in (zone, one.zone if one else None) if name}
    for name in sorted(named):
        if name not in (zones or {*session.settings.zones, *known}):
            names = ", ".join(sorted(set(zones or [*session.settings.zones, *known]))) or "none"
            raise UsageError(f"no zone named {name} to look at", hint=f"the zones are: {names}")
    if not places:
        texts = [name if name in session.settings.zones else known[name] for name in sorted(named)]
        targets = find_targets(texts, session.settings, known)
    return [t for t in targets if not named or named == {t.zone}], dataset_id
