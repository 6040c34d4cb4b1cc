"""`landproof rpo`: how long a complete chain was no older than the objective; the document or its words, its status."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

import typer

from catalog.cli.options import (
    AsKnownAt,
    CatalogPath,
    Config,
    FailOn,
    Json,
    parse_fail_on,
    parse_known_at,
    parse_moment,
)
from catalog.cli.rpo_text import rpo_text
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import ExitStatus
from catalog.judge_rpo_values import RpoJudgement, State
from catalog.rpo import RpoWish, measure
from catalog.rpo_answers import rpo_document
from catalog.schedule import parse_duration, shift
from verifier.errors import UsageError

_PERIOD = timedelta(days=30)
_INSTANT = timedelta(microseconds=1)
_DATASET = typer.Argument(metavar="DATASET", help="Id, ZONE/ID or name.")
_FROM = typer.Option("--from", metavar="TIME", help="From here on (default: 30 days before the end).")
_TO = typer.Option("--to", metavar="TIME", help="Up to here, a whole day where it is a date (default: now).")
_OBJECTIVE = typer.Option("--objective", metavar="DURATION", help="Such as 36h, in place of the dataset's own.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rpo")(rpo)


def rpo(
    *,
    dataset: Annotated[str, _DATASET],
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    objective: Annotated[str | None, _OBJECTIVE] = None,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    fail_on: FailOn = "warn",
) -> int:
    """Measure how long a complete chain was young enough.

    Young enough is no older than the objective. Nothing is read from the zone. Time of which nobody knows counts as
    neither met nor missed.
    """
    fails_on_warnings = parse_fail_on(fail_on)
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    zone, dataset_id = session.find_dataset(dataset)
    if zone is None:
        hint = "list what is known with: landproof datasets"
        raise UsageError(f"no dataset {dataset} in {session.catalog}", hint=hint)
    now = session.now
    since, until = _period(start, end, now)
    wish = RpoWish(
        zone=zone,
        dataset_id=dataset_id,
        since=since,
        until=min(until, now),
        objective=_objective(session, objective, zone, dataset_id),
    )
    found = measure(session.settings, session.catalog, wish, now)
    document = session.dated(rpo_document(found, until))
    session.answer(document, "" if wants_json else rpo_text(document))
    return final_status(_status(found.judgement), fails_on_warnings=fails_on_warnings)


def _status(judgement: RpoJudgement) -> ExitStatus:
    if judgement.length(State.MISSED):
        return ExitStatus.ERRORS
    return ExitStatus.WARNINGS if judgement.length(State.UNKNOWN) else ExitStatus.OK


def _period(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Read from when to when; the end is not included, and a date stands for all of its day."""
    until = parse_moment(end, "--to", is_end=True) if end else now
    if until.time() == time.max:
        until = shift(until, _INSTANT)
    since = parse_moment(start, "--from") if start else shift(min(until, now), -_PERIOD)
    if since >= until:
        raise UsageError(f"--to {end or 'now'} is not after --from {start}")
    if since >= now:
        raise UsageError(f"--from {start} is in the future, of which nothing is known")
    return since, until


def _objective(session: Session, text: str | None, zone: str, dataset_id: str) -> timedelta:
    """Return how old a chain may be: as asked for, else as the settings say. Raises `UsageError` where neither does."""
    if text is None:
        dataset = session.settings.dataset(zone, dataset_id)
        if dataset is None or dataset.recovery_point is None:
            hint = "set recovery_point in the settings, or give --objective 36h"
            raise UsageError(f"dataset {zone}/{dataset_id} has no objective for its recovery point", hint=hint)
        return dataset.recovery_point
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--objective: {error}") from None
    if not length:
        raise UsageError(f"--objective: expected a duration longer than none, got {text!r}")
    return length
