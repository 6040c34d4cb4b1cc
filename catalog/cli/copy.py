"""`landproof copy`: arguments, one copy, its document or its words, its exit status."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Annotated

import typer

from catalog.cli.copy_text import copy_text
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.progress import shown_progress
from catalog.cli.sealed import sealed
from catalog.cli.session import open_session
from catalog.copies.answers import copy_document
from catalog.copies.plan import plan_copy
from catalog.copies.run import Copying, estimate
from catalog.exit_status import Judgement
from catalog.questions.moments import parse_snapshot_id
from catalog.scans.run import Run
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.engine import Engine

_SNAPSHOTS = typer.Argument(metavar="SNAPSHOT...", help="What to copy: ZONE/DATASET_ID/EXPORT_TIME.")
_TO = typer.Option("--to", metavar="ZONE|URL", help="Where to: a zone, or a URL or path, which becomes one.")
_WORKERS = typer.Option("--workers", metavar="N", min=0, max=64, help="Files copied at once; 0: one after the other.")
_ESTIMATE = typer.Option("--estimate", help="Only say what would be copied and what is there already.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("copy")(copy)


def copy(
    *,
    snapshots: Annotated[list[str], _SNAPSHOTS],
    to: Annotated[str, _TO],
    workers: Annotated[int, _WORKERS] = 4,
    wants_estimate: Annotated[bool, _ESTIMATE] = False,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Preserve snapshots at another place, and prove them equal.

    Nothing there is overwritten; every file is read back. Interrupted, it goes on where it was when run again. Both
    places are known as one backup from then on.
    """
    wanted = [parse_snapshot_id(text) for text in snapshots]
    session = open_session(config, catalog, wants_json=wants_json)
    plan = plan_copy(wanted, to, session.settings, session.catalog)
    processes = min(workers, os.cpu_count() or 1)
    with shown_progress() as progress, Engine(processes) as engine:
        run = Run(
            scan_id=new_scan_id(),
            catalog=session.catalog,
            settings=session.settings,
            engine=engine,
            progress=progress,
            clock=utc_now,
            tool_version=tool_version(),
        )
        if wants_estimate:
            result = estimate(plan, run)
        else:
            copying = Copying(plan, run, workers)
            with closing(copying.snapshots()) as copied:
                for _ in copied:
                    """Each is recorded by now."""
            result = copying.result()
    judgement = Judgement(session.settings)
    judgement.copy(result)
    document = copy_document(result)
    session.answer(document, "" if wants_json else copy_text(document))
    return int(judgement.status) if wants_estimate else sealed(session, int(judgement.status))
