"""`landproof restore run`: arguments, one restore, its document or its words, its exit status."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.caller import who
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.progress import shown_progress
from catalog.cli.restore_asked import AS_OF, DATASET, DEPTH, REASON
from catalog.cli.restore_run_text import refused_text, restore_text
from catalog.cli.sealed import sealed
from catalog.cli.session import open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.questions.judgements import PlanQuestion
from catalog.questions.judgements import plan as plan_of
from catalog.restores.answers import refused_document, restore_run_document
from catalog.restores.order import order_restore, target_location
from catalog.restores.run import RestoreTerms, Restoring, must_be_refused
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.model import Depth

_TO = typer.Option("--to", metavar="URL", help="Where to: an empty folder, or that of a restore that was interrupted.")
_ACCEPT = typer.Option("--accept-gaps", help="Restore what lies behind gaps, too; who accepted them is recorded.")
_WORKERS = typer.Option("--workers", metavar="N", min=0, max=64, help="Files copied at once; 0: one after the other.")


def run(
    *,
    dataset: Annotated[str, DATASET],
    to: Annotated[str, _TO],
    as_of: Annotated[str | None, AS_OF] = None,
    depth: Annotated[Depth, DEPTH] = Depth.FULL,
    accepts_gaps: Annotated[bool, _ACCEPT] = False,
    reason: Annotated[str | None, REASON] = None,
    workers: Annotated[int, _WORKERS] = 4,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Copy what a restore needs to a folder, and prove every byte of it.

    Every file is verified on its way, and read from another place where one fails. Nothing there is overwritten.
    Interrupted or killed, it goes on where it was when run again. A plan with gaps is refused without --accept-gaps.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    plan = plan_of(session, PlanQuestion(dataset=dataset, as_of=as_of, depth=depth, accepts_gaps=accepts_gaps))
    if must_be_refused(plan.chain, accepts_gaps=accepts_gaps):
        document = refused_document(plan, target_location(session.settings, session.catalog, to).url)
        session.answer(document, "" if wants_json else refused_text(document))
        return int(ExitStatus.ERRORS)
    order = order_restore(session.settings, session.catalog, plan, to)
    with shown_progress() as progress:
        terms = RestoreTerms(
            restore_id=new_scan_id(),
            catalog=session.catalog,
            progress=progress,
            clock=utc_now,
            tool_version=tool_version(),
            workers=workers,
            by=who(),
            reason=reason,
        )
        restoring = Restoring(order, terms)
        result = restoring.run()
    judgement = Judgement(session.settings)
    judgement.restore(result)
    document = restore_run_document(result)
    session.answer(document, "" if wants_json else restore_text(document))
    restoring.record(result)
    return sealed(session, int(judgement.status))
