"""`landproof datasets`, `snapshots`, `show` and `history`: questions to the catalog."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from catalog import answers
from catalog.cli import lookup_text
from catalog.cli.naming import find_snapshot, names_snapshot, unknown
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
    parse_known_at,
    parse_period,
    refuse_excerpt,
)
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import Judgement
from catalog.store.copies import copies_of
from catalog.store.history import FileRevision, SnapshotRevision, path_history, snapshot_history
from catalog.store.known import known_zones
from catalog.store.queries import SnapshotFilter, count_snapshots, list_datasets, list_files, list_snapshots
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
    names = {(d.zone, d.id): d.name for d in session.settings.datasets}
    document = session.dated(answers.datasets_document(list_datasets(session.catalog, zone), names))
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
    period = parse_period(start, end)
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    of_zone, dataset_id = session.find_dataset(dataset, [zone] if zone else []) if dataset else (None, None)
    wanted = SnapshotFilter(
        zone=zone or of_zone,
        dataset_ids=(dataset_id,) if dataset_id else (),
        verdict=verdict,
        from_at=period[0],
        to_at=period[1],
        latest=latest,
        latest_good=latest_good,
        limit=limit,
        offset=offset,
    )
    found = list_snapshots(session.catalog, wanted)
    more = 0 if limit is None else max(count_snapshots(session.catalog, wanted) - offset - len(found), 0)
    document = session.dated(answers.snapshots_document(found, more))
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
    recorded = find_snapshot(session, snapshot)
    wanted = recorded.report.id
    files, copies = list_files(session.catalog, wanted), copies_of(session.catalog, wanted)
    document = session.dated(answers.show_document(recorded, files, copies))
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
    revisions = _revisions(session, subject, zone)
    page = revisions[offset:] if limit is None else revisions[offset:][:limit]
    more = max(len(revisions) - offset - len(page), 0)
    document = session.dated(answers.history_document(subject, page, more))
    session.answer(document, "" if wants_json else lookup_text.history_text(document))
    return 0


def _revisions(session: Session, subject: str, zone: str | None) -> list[SnapshotRevision] | list[FileRevision]:
    """Return what is recorded of a snapshot, or else of a path."""
    trouble = unknown(session, f"snapshot or path {subject}")
    try:
        wanted = find_snapshot(session, subject).report.id
    except UsageError as error:
        if names_snapshot(subject):
            trouble = error
    else:
        return snapshot_history(session.catalog, wanted)
    revisions = path_history(session.catalog, subject, zone)
    if not revisions:
        raise trouble
    return revisions
