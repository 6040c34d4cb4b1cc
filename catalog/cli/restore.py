"""`landproof restore`: its commands; of `plan` arguments, one plan, its document or its words, its exit status."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from catalog.caller import who
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Json
from catalog.cli.restore_asked import AS_OF, DATASET, DEPTH, REASON
from catalog.cli.restore_run import run
from catalog.cli.restore_text import plan_text, sums_of
from catalog.cli.session import Session, open_session
from catalog.exit_status import ExitStatus
from catalog.judging.chain_values import ChainState
from catalog.questions.judgements import PlanQuestion
from catalog.questions.judgements import plan as plan_of
from catalog.questions.moments import parse_known_at
from catalog.restores.answers import restore_plan_document
from catalog.restores.formats import Format, written
from catalog.restores.order import as_restored, order_restore
from catalog.restores.plan import RestorePlan
from catalog.restores.run import acceptance_of
from catalog.store.restores import Acceptance, record_acceptance
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.errors import UsageError
from verifier.model import Depth

_ACCEPT = typer.Option(
    "--accept-gaps", help="Go on behind gaps; they stay in the plan, and who accepted them is recorded."
)
_FORMAT = typer.Option("--format", help="How the plan is written: for a person, or for what loads or copies the files.")
_KEY = typer.Option(
    "--key", metavar="COLUMN", help="With sql: only the last row of each key; repeatable, dots for fields."
)
_ORDER_BY = typer.Option("--order-by", metavar="COLUMN", help="With --key: which row of one export is the last.")
_AT = typer.Option("--at", metavar="URL", help="The files as they are in the folder that a restore went to.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    restore = typer.Typer(name="restore", help="Lead a moment in time to the right bytes.", no_args_is_help=True)
    restore.callback()(lambda: None)
    restore.command("plan")(plan)
    restore.command("run")(run)
    app.add_typer(restore)


def plan(
    *,
    dataset: Annotated[str, DATASET],
    as_of: Annotated[str | None, AS_OF] = None,
    depth: Annotated[Depth, DEPTH] = Depth.FULL,
    accepts_gaps: Annotated[bool, _ACCEPT] = False,
    reason: Annotated[str | None, REASON] = None,
    written_as: Annotated[Format, _FORMAT] = Format.TABLE,
    keys: Annotated[list[str] | None, _KEY] = None,
    order_by: Annotated[str | None, _ORDER_BY] = None,
    at: Annotated[str | None, _AT] = None,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Say what a restore needs, what is missing, how far it reaches.

    Nothing is read from the zone. Without --accept-gaps the plan ends before the first gap.
    """
    _refuse_idle(written_as, keys, order_by)
    known_at = parse_known_at(as_known_at)
    if accepts_gaps and known_at is not None:
        raise UsageError("--accept-gaps is recorded, and nothing is with --as-known-at")
    wants_json = wants_json or written_as is Format.JSON
    session = open_session(config, catalog, wants_json=wants_json, known_at=known_at)
    asked = PlanQuestion(dataset=dataset, as_of=as_of, depth=depth, accepts_gaps=accepts_gaps)
    found = plan_of(session, asked)
    if at is not None:
        found = as_restored(order_restore(session.settings, session.catalog, found, at))
    accepted = _record_acceptance(session, found, reason) if accepts_gaps else None
    state, document = found.chain.state, session.dated(restore_plan_document(found, accepted))
    if session.wants_json or written_as is Format.TABLE:
        session.answer(document, "" if session.wants_json else plan_text(document))
    else:
        text = written(found, written_as, keys or (), order_by)
        then = () if known_at is None else (f"as known at {document['as_known_at']}",)
        notes = (*then, *(sums_of(document) if state is not ChainState.COMPLETE else ()), *text.notes)
        sys.stderr.write("".join(f"landproof: {line}\n" for line in notes))
        sys.stdout.write(text.text)
    return int(ExitStatus.OK if state is ChainState.COMPLETE else ExitStatus.ERRORS)


def _record_acceptance(session: Session, found: RestorePlan, reason: str | None) -> Acceptance | None:
    """Record who goes on behind gaps: what is done with the plan then, nobody sees."""
    if found.chain.state is not ChainState.GAP:
        return None
    accepted = acceptance_of(found.chain, who(), utc_now(), reason)
    if accepted:
        dataset = (found.wish.zone, found.wish.dataset_id)
        record_acceptance(session.catalog, new_scan_id(), dataset, accepted, tool_version())
    return accepted


def _refuse_idle(written_as: Format, keys: list[str] | None, order_by: str | None) -> None:
    if keys and written_as is not Format.SQL:
        raise UsageError("--key goes with --format sql")
    if order_by and not keys:
        raise UsageError("--order-by goes with --key")
