"""`landproof nightly`: one night from the first ping to the last; the cron entry."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.means import EngineKind, Kind, MostBytes, MostRequests, Scheduler, Workers, parse_means
from catalog.cli.nightly_text import gist_text, night_text
from catalog.cli.options import CatalogPath, Config, FailOn, Json, Reverify, parse_fail_on
from catalog.cli.scanning import Terms, perform
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.metrics.facts import gather_facts
from catalog.metrics.file import write_metrics
from catalog.nights.answers import ended, nightly_document
from catalog.nights.lock import only_night
from catalog.nights.night import Means, Night, record_night, watch_over
from catalog.nights.ping import Pinged, Pinger
from catalog.notify.channels import sender
from catalog.scans.reverify import parse_reverify
from catalog.schedule import parse_duration
from catalog.targets import find_targets
from catalog.time_limit import TimeLimit
from catalog.workflow import new_scan_id, utc_now
from verifier.errors import LandproofError, UsageError
from verifier.model import Depth

_LIMIT = typer.Option("--time-limit", metavar="TIME", help="How long to look at most, such as 6h (default: settings').")
_TROUBLE_BESIDE = (LandproofError, OSError)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("nightly")(nightly)


def nightly(
    *,
    reverify: Reverify = None,
    time_limit: Annotated[str | None, _LIMIT] = None,
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
    """Scan, judge, tell people what turned: the cron entry.

    One run at a time. What a time limit cuts off is said, with status 3, and looked at by the next run.
    """
    fails_on_warnings = parse_fail_on(fail_on)
    limit = _parse_limit(time_limit)
    terms = Terms(
        reverify=parse_reverify(reverify, Depth.FULL) if reverify is not None else None,
        means=parse_means(engine, scheduler, workers, max_bytes, max_requests),
    )
    session = open_session(config, catalog, wants_json=wants_json)
    terms = replace(terms, limit=limit or TimeLimit(session.settings.nightly.time_limit))
    pings = Pings.of(session)
    with only_night(session.catalog.path, utc_now()), pings:
        document, status = watch_night(session, terms, pings.run_id)
        final = sealed(session, final_status(status, fails_on_warnings=fails_on_warnings))
        pings.end(gist_text(document), final)
    session.answer(document, "" if wants_json else night_text(document))
    return final


def watch_night(session: Session, terms: Terms | None = None, run_id: str | None = None) -> tuple[Document, ExitStatus]:
    """Do one night's work; a zone that cannot be read does not keep the others from being judged."""
    judgement = Judgement(session.settings)
    targets = find_targets([], session.settings, {})
    seen = perform(session, targets, terms or Terms(), judgement)
    means = Means(utc_now, sender())
    night = watch_over(session.settings, session.catalog, seen.result, run_id or new_scan_id(), means)
    _judge(night, judgement)
    names = {(d.zone, d.id): d.name for d in session.settings.datasets}
    document = nightly_document(night, seen.document, names)
    finished_at = utc_now()
    record_night(session.catalog, night, int(judgement.status), finished_at)
    troubles = [*night.told.troubles, *_write_metrics(session)]
    for trouble in troubles:
        sys.stderr.write(f"landproof: {trouble}\n")
    return ended(document, finished_at, int(judgement.status), troubles), judgement.status


def _judge(night: Night, judgement: Judgement) -> None:
    judgement.watch(night.watch)
    if night.adobe:
        judgement.findings(noted.finding for noted in night.adobe.noted)
        if night.adobe.is_in_the_dark:
            judgement.could_not_look()


def _write_metrics(session: Session) -> list[str]:
    """Write the metrics and return what went wrong: alert rules fire where they are not written any more."""
    path = session.settings.metrics_file
    if path is None:
        return []
    try:
        write_metrics(path, gather_facts(session.settings, session.catalog, utc_now()))
    except _TROUBLE_BESIDE as error:
        return [f"metrics not written: {error}"]
    return []


def _parse_limit(text: str | None) -> TimeLimit | None:
    if text is None:
        return None
    try:
        return TimeLimit(parse_duration(text))
    except ValueError as error:
        raise UsageError(f"--time-limit: {error}") from None


@dataclass(slots=True)
class Pings:
    """The pings of one run: its start, then how it ended, whatever ended it; what is not taken is said on stderr."""

    run_id: str
    pinger: Pinger | None = None
    _is_told: bool = field(default=False)

    @classmethod
    def of(cls, session: Session) -> Pings:
        """Return the pings that the settings want."""
        url, run_id = session.settings.nightly.ping_url, new_scan_id()
        return cls(run_id, Pinger(url.reveal(), run_id) if url else None)

    def __enter__(self) -> Pings:
        self._ping(lambda pinger: pinger.start())
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and not self._is_told:
            status = error.exit_status if isinstance(error, LandproofError) else ExitStatus.NOT_LOOKED
            is_interrupt = isinstance(error, KeyboardInterrupt)
            text = "interrupted" if is_interrupt else error.message if isinstance(error, LandproofError) else "failed"
            self.end(text, int(ExitStatus.INTERRUPTED if is_interrupt else status))

    def end(self, text: str, status: int) -> None:
        """Tell how the run ended."""
        self._is_told = True
        is_well = status in (ExitStatus.OK, ExitStatus.WARNINGS)
        self._ping(lambda pinger: pinger.success(text) if is_well else pinger.fail(text, status))

    def _ping(self, ping: Callable[[Pinger], Pinged]) -> None:
        if self.pinger is None:
            return
        done = ping(self.pinger)
        if not done.is_sent:
            sys.stderr.write(f"landproof: {done}\n")
