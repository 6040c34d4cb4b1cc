"""Perform a scan for a command: engine, progress, document; shared by scan, nightly and demo."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from catalog import answers
from catalog.cli.progress import shown_progress
from catalog.cli.session import Session
from catalog.exit_status import Judgement
from catalog.run import Run
from catalog.scope import Scope
from catalog.targets import Target
from catalog.workflow import Scan, new_scan_id, tool_version, utc_now
from verifier.engine import Engine
from verifier.model import Depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a scan was asked for. `workers` None is one a core; `streams` prints each snapshot as a line at once."""

    depth: Depth = Depth.FULL
    scope: Scope = field(default_factory=Scope)
    settle_minutes: int | None = None
    workers: int | None = None
    accepts_vanished: bool = False
    streams: bool = False


def perform(session: Session, targets: Sequence[Target], terms: Terms, judgement: Judgement) -> answers.Document:
    """Scan the targets to the end and return the document; `judgement` hears of everything."""
    workers = os.cpu_count() or 1 if terms.workers is None else terms.workers
    snapshots: list[answers.Document] = []
    with shown_progress() as progress, Engine(workers) as engine:
        run = Run(
            scan_id=new_scan_id(),
            catalog=session.catalog,
            settings=session.settings,
            engine=engine,
            progress=progress,
            clock=utc_now,
            tool_version=tool_version(),
            depth=terms.depth,
            scope=terms.scope,
            settle_minutes=terms.settle_minutes,
            accepts_vanished=terms.accepts_vanished,
        )
        scan = Scan(run, targets)
        # Closed at once whatever happens, since that is when the rest of what was finished is recorded.
        with closing(scan.snapshots()) as reports:
            for report in reports:
                judgement.snapshot(report)
                one = answers.snapshot_object(report)
                if terms.streams:
                    sys.stdout.write(f"{json.dumps(one, ensure_ascii=False)}\n")
                else:
                    snapshots.append(one)
        result = scan.result()
    judgement.scan(result)
    return answers.scan_document(result, None if terms.streams else snapshots)
