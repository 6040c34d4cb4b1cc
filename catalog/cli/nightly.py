"""`landproof nightly`: scan every configured zone, then check; the cron entry."""

from __future__ import annotations

import typer

from catalog.answers import Document, check_document, nightly_document
from catalog.cli.check import check_text
from catalog.cli.means import EngineKind, Kind, MostBytes, MostRequests, Scheduler, Workers, parse_means
from catalog.cli.options import CatalogPath, Config, FailOn, Json, Reverify, parse_fail_on
from catalog.cli.render import text_of
from catalog.cli.scan_text import scan_text
from catalog.cli.scanning import Terms, perform
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.judge_values import Period
from catalog.reverify import parse_reverify
from catalog.targets import find_targets
from catalog.workflow import DEFAULT_PERIOD, Question, check, utc_now
from verifier.model import Depth


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("nightly")(nightly)


def nightly(
    *,
    reverify: Reverify = None,
    workers: Workers = None,
    engine: EngineKind = Kind.LOCAL,
    scheduler: Scheduler = None,
    max_bytes: MostBytes = None,
    max_requests: MostRequests = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    fail_on: FailOn = "warn",
) -> int:
    """Scan every zone, judge every schedule: the cron entry."""
    fails_on_warnings = parse_fail_on(fail_on)
    terms = Terms(
        reverify=parse_reverify(reverify, Depth.FULL) if reverify is not None else None,
        means=parse_means(engine, scheduler, workers, max_bytes, max_requests),
    )
    session = open_session(config, catalog, wants_json=wants_json)
    document, status = watch_night(session, terms)
    session.answer(document, "" if wants_json else night_text(document))
    return final_status(status, fails_on_warnings=fails_on_warnings)


def watch_night(session: Session, terms: Terms | None = None) -> tuple[Document, ExitStatus]:
    """Do one night's work; a zone that cannot be read does not keep the others from being judged."""
    judgement = Judgement(session.settings)
    targets = find_targets([], session.settings, {})
    seen = perform(session, targets, terms or Terms(), judgement)
    now = utc_now()
    question = Question(Period(now - DEFAULT_PERIOD, now), records=True)
    watch = check(session.settings, session.catalog, question)
    judgement.watch(watch)
    return nightly_document(seen, check_document(watch)), judgement.status


def night_text(document: Document) -> str:
    """Lay out a night: what was seen, then what is due."""
    return text_of(
        "What was seen", "=============", scan_text(document["scan"]), "", "What is due", "===========", ""
    ) + check_text(document["check"], with_content=False)
