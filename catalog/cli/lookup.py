"""`landproof datasets`, `snapshots`, `show` and `history`: questions to the catalog."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from catalog.cli import lookup_text
from catalog.cli.options import (
    AsKnownAt,
    CatalogPath,
    Config,
    Dataset,
    From,
    Json,
    Offset,
    To,
    WantsExcerpt,
    Zone,
    refuse_excerpt,
)
from catalog.cli.session import final_status, open_session
from catalog.exit_status import Judgement
from catalog.questions import lookups
from catalog.questions.lookups import HistoryQuestion, SnapshotsQuestion
from catalog.questions.moments import parse_known_at
from catalog.store.known import known_zones
from verifier.errors import UsageError
from verifier.model import Verdict

_VERDICT = typer.Option("--verdict", help="Only snapshots with this verdict.")
_LATEST = typer.Option("--latest", help="Only the newest of each dataset.")
_LATEST_GOOD = typer.Option("--latest-good", help="Only the newest good one of each dataset.")
_LIMIT = typer.Option("--limit", metavar="N", min=1, max=10**6, help="At most so many, the newest.")
_STATES = typer.Option("--limit", metavar="N", min=1, help="At most so many states, the oldest.")
_SNAPSHOT = typer.Argument(metavar="SNAPSHOT", help="ZONE/DATASET_ID/EXPORT_TIME, or DATASET/latest.")
_SUBJECT = typer.Argument(metavar="SNAPSHOT|PATH", help="A snapshot's id, or the path of a file below its zone.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (datasets, snapshots, show, history):
        app.command(command.__name__)(command)


def datasets(
    *,
    zone: Zone = None,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """List datasets with their newest and newest good snapshot."""
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    document = lookups.datasets(session, zone)
    session.answer(document, "" if wants_json else lookup_text.datasets_text(document))
    return 0


def snapshots(
    *,
    zone: Zone = None,
    dataset: Dataset = None,
    verdict: Annotated[Verdict | None, _VERDICT] = None,
    start: From = None,
    end: To = None,
    latest: Annotated[bool, _LATEST] = False,
    latest_good: Annotated[bool, _LATEST_GOOD] = False,
    limit: Annotated[int | None, _LIMIT] = None,
    offset: Offset = 0,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """List snapshots with their verdicts, oldest first."""
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    asked = SnapshotsQuestion(
        zone=zone,
        dataset=dataset,
        verdict=verdict,
        start=start,
        end=end,
        latest=latest,
        latest_good=latest_good,
        limit=limit,
        offset=offset,
    )
    document = lookups.snapshots(session, asked)
    session.answer(document, "" if wants_json else lookup_text.snapshots_text(document))
    return 0


def show(
    *,
    snapshot: Annotated[str, _SNAPSHOT],
    wants_excerpt: WantsExcerpt = False,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Show one snapshot with its findings, files, digests and copies.

    For the export time may stand latest, latest-good or last-full. The exit status goes by the verdict.
    """
    refuse_excerpt(wanted=wants_excerpt, in_document=wants_json)
    if wants_excerpt and as_known_at is not None:
        raise UsageError("--excerpt shows what is inside a file now, not what was at --as-known-at")
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    recorded, document = lookups.show(session, snapshot)
    wanted = recorded.report.id
    if wants_excerpt:
        from catalog.cli.excerpt import excerpts_of  # which opens files, as nothing else here does

        with closing(excerpts_of(wanted.zone, session.settings, known_zones(session.catalog))) as excerpts:
            session.answer(document, lookup_text.show_text(document, excerpts.of))
    else:
        session.answer(document, "" if wants_json else lookup_text.show_text(document))
    judgement = Judgement(session.settings)
    judgement.snapshot(recorded.report)
    return final_status(judgement.status, fails_on_warnings=True)


def history(
    *,
    subject: Annotated[str, _SUBJECT],
    zone: Zone = None,
    limit: Annotated[int | None, _STATES] = None,
    offset: Offset = 0,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Show every recorded state of a snapshot or a file.

    For the export time may stand latest, latest-good or last-full.
    """
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    asked = HistoryQuestion(subject=subject, zone=zone, limit=limit, offset=offset)
    document = lookups.history(session, asked)
    session.answer(document, "" if wants_json else lookup_text.history_text(document))
    return 0
