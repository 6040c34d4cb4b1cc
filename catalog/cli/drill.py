"""`landproof drill`: arguments, one restore that is tried, its document or its words, its exit status."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.drill_text import drill_text
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.progress import shown_progress
from catalog.cli.sealed import sealed
from catalog.cli.session import open_session
from catalog.drills.answers import drill_document
from catalog.drills.run import drill as try_restore
from catalog.drills.values import DrillResult, DrillRun, DrillState
from catalog.exit_status import ExitStatus
from catalog.questions.moments import parse_moment
from catalog.restores.plan import Wish
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.model import Depth

_DATASET = typer.Argument(metavar="DATASET", help="Id, ZONE/ID or name.")
_AS_OF = typer.Option("--as-of", metavar="TIME", help="The moment to go back to (default: now).")
_DEPTH = typer.Option("--depth", help="How hard a snapshot was looked at, at least, to count.")
_ACCEPT = typer.Option("--accept-gaps", help="Go on behind gaps, and pass without what was exported there.")
_SCRATCH = typer.Option("--scratch", metavar="DIR", help="Where files and tables are kept meanwhile (default: TMPDIR).")
_WORKERS = typer.Option("--workers", metavar="N", min=0, max=64, help="Files fetched at once; 0: one after the other.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drill")(drill)


def drill(
    *,
    dataset: Annotated[str, _DATASET],
    as_of: Annotated[str | None, _AS_OF] = None,
    depth: Annotated[Depth, _DEPTH] = Depth.FULL,
    accepts_gaps: Annotated[bool, _ACCEPT] = False,
    scratch: Annotated[Path | None, _SCRATCH] = None,
    workers: Annotated[int, _WORKERS] = 4,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Try a restore in a scratch database, and count its rows.

    Every data file of the chain is fetched, compared with its recorded SHA-256, loaded and deleted again, snapshot by
    snapshot. What came of it is recorded.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    moment = parse_moment(as_of, "--as-of", is_end=True) if as_of else utc_now()
    zone, dataset_id = session.known_dataset(dataset)
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=moment, depth=depth, accepts_gaps=accepts_gaps)
    with shown_progress() as progress:
        run = DrillRun(
            drill_id=new_scan_id(),
            catalog=session.catalog,
            settings=session.settings,
            progress=progress,
            clock=utc_now,
            tool_version=tool_version(),
            workers=workers,
            scratch=(scratch or Path(tempfile.gettempdir())).resolve(),
        )
        result = try_restore(wish, run)
    document = drill_document(result)
    session.answer(document, "" if wants_json else drill_text(document))
    return sealed(session, int(_status(result)))


def _status(result: DrillResult) -> ExitStatus:
    """Not having looked at all of it comes before what was seen of the rest."""
    if result.is_blind:
        return ExitStatus.NOT_LOOKED
    return ExitStatus.OK if result.state is DrillState.PASSED else ExitStatus.ERRORS
