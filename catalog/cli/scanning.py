"""Perform a scan for a command: engine, progress, document; shared by scan, nightly and demo."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from catalog import answers
from catalog.cli.means import Means
from catalog.cli.progress import shown_progress
from catalog.cli.session import Session
from catalog.cli.spool import Spool
from catalog.exit_status import Judgement
from catalog.progress import Progress
from catalog.scans.estimate import estimate
from catalog.scans.results import ScanResult
from catalog.scans.reverify import Occasion, Wish, plan_reverification
from catalog.scans.run import Run
from catalog.scope import Scope
from catalog.targets import Target
from catalog.time_limit import TimeLimit
from catalog.workflow import Scan, new_scan_id, tool_version, utc_now
from verifier.engine import Engine
from verifier.model import Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a scan was asked for. `streams` prints each snapshot as a line at once."""

    depth: Depth = Depth.FULL
    scope: Scope = field(default_factory=Scope)
    reverify: Wish | None = None
    settle_minutes: int | None = None
    means: Means = field(default_factory=Means)
    accepts_vanished: bool = False
    streams: bool = False
    limit: TimeLimit = field(default_factory=TimeLimit)


@dataclass(frozen=True, slots=True)
class Performed:
    """A scan that came to its end, as a document and as values."""

    document: answers.Document
    result: ScanResult


def perform(session: Session, targets: Sequence[Target], terms: Terms, judgement: Judgement) -> Performed:
    """Scan the targets to the end, or to that of the time; `judgement` hears of everything."""
    snapshots = Spool()
    try:
        with shown_progress() as progress, terms.means.engine(targets, session.settings) as engine:
            scan = Scan(_run(session, targets, terms, engine, progress), targets)
            # Closed at once whatever happens, since that is when the rest of what was finished is recorded.
            with terms.limit.watching(), closing(scan.snapshots()) as reports:
                for report in reports:
                    judgement.snapshot(report)
                    one = answers.snapshot_object(report)
                    if terms.streams:
                        sys.stdout.write(f"{json.dumps(one, ensure_ascii=False)}\n")
                    else:
                        snapshots.add(one)
    except KeyboardInterrupt:
        if not terms.limit.is_over:
            raise
    result = scan.result(terms.limit.trouble() if terms.limit.is_over else None)
    judgement.scan(result)
    return Performed(answers.scan_document(result, None if terms.streams else snapshots), result)


def estimated(session: Session, targets: Sequence[Target], terms: Terms, judgement: Judgement) -> answers.Document:
    """Say what a scan of the targets would read and return the document; `judgement` hears what cannot be listed."""
    with shown_progress() as progress, Engine(0, rates=terms.means.rates) as engine:
        result = estimate(targets, _run(session, targets, terms, engine, progress))
    judgement.scan(result)
    return answers.scan_document(result, None)


def _run(session: Session, targets: Sequence[Target], terms: Terms, engine: Engine, progress: Progress) -> Run:
    occasion = Occasion(scan_id=new_scan_id(), depth=terms.depth, now=utc_now())
    return Run(
        scan_id=occasion.scan_id,
        catalog=session.catalog,
        settings=session.settings,
        engine=engine,
        progress=progress,
        clock=utc_now,
        tool_version=tool_version(),
        depth=terms.depth,
        scope=terms.scope,
        reverify=plan_reverification(terms.reverify, session.catalog, targets, terms.scope, occasion),
        settle_minutes=terms.settle_minutes,
        accepts_vanished=terms.accepts_vanished,
    )
