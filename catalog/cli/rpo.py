"""`landproof rpo`: how long a complete chain was no older than the objective; the document or its words, its status."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli.options import AsKnownAt, CatalogPath, Config, FailOn, Json, parse_fail_on
from catalog.cli.rpo_text import rpo_text
from catalog.cli.session import final_status, open_session
from catalog.exit_status import ExitStatus
from catalog.judging.rpo_values import RpoJudgement, State
from catalog.questions.judgements import RpoQuestion
from catalog.questions.judgements import rpo as measure
from catalog.questions.moments import parse_known_at

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
    asked = RpoQuestion(dataset=dataset, start=start, end=end, objective=objective)
    judgement, document = measure(session, asked)
    session.answer(document, "" if wants_json else rpo_text(document))
    return final_status(_status(judgement), fails_on_warnings=fails_on_warnings)


def _status(judgement: RpoJudgement) -> ExitStatus:
    if judgement.length(State.MISSED):
        return ExitStatus.ERRORS
    return ExitStatus.WARNINGS if judgement.length(State.UNKNOWN) else ExitStatus.OK
