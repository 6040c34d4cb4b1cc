"""`landproof restore plan`: arguments, one plan, its document or its words, its exit status."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json, parse_moment
from catalog.cli.restore_text import paths_text, plan_text, sums_of
from catalog.cli.session import open_session
from catalog.exit_status import ExitStatus
from catalog.judge_chain_values import ChainState
from catalog.restore_answers import restore_plan_document
from catalog.restore_plan import Wish, plan_restore
from catalog.workflow import utc_now
from verifier.errors import UsageError
from verifier.model import Depth


class Format(StrEnum):
    """How a plan is written."""

    TABLE = "table"
    JSON = "json"
    PATHS = "paths"


_DATASET = typer.Argument(metavar="DATASET", help="Id, ZONE/ID or name.")
_AS_OF = typer.Option("--as-of", metavar="TIME", help="The moment to go back to (default: now).")
_DEPTH = typer.Option("--depth", help="How hard a snapshot was looked at, at least, to count.")
_ACCEPT = typer.Option("--accept-gaps", help="Go on behind gaps; they stay in the plan and in the exit status.")
_FORMAT = typer.Option("--format", help="A table, the document, or the URL of every file.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    restore = typer.Typer(name="restore", help="Lead a moment in time to the right bytes.", no_args_is_help=True)
    restore.callback()(lambda: None)
    restore.command("plan")(plan)
    app.add_typer(restore)


def plan(
    *,
    dataset: Annotated[str, _DATASET],
    as_of: Annotated[str | None, _AS_OF] = None,
    depth: Annotated[Depth, _DEPTH] = Depth.FULL,
    accepts_gaps: Annotated[bool, _ACCEPT] = False,
    written_as: Annotated[Format, _FORMAT] = Format.TABLE,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Say what a restore needs, what is missing, how far it reaches.

    Nothing is read from the zone. Without --accept-gaps the plan ends before the first gap.
    """
    now = utc_now()
    session = open_session(config, catalog, wants_json=wants_json or written_as is Format.JSON)
    moment = parse_moment(as_of, "--as-of", is_end=True) if as_of else now
    zone, dataset_id = session.find_dataset(dataset)
    if zone is None:
        hint = "list what is known with: landproof datasets"
        raise UsageError(f"no dataset {dataset} in catalog {session.catalog.path}", hint=hint)
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=moment, depth=depth, accepts_gaps=accepts_gaps)
    planned = plan_restore(session.settings, session.catalog, wish, now)
    document = restore_plan_document(planned)
    if written_as is Format.PATHS and planned.chain.state is not ChainState.COMPLETE:
        sys.stderr.write("".join(f"landproof: {line}\n" for line in sums_of(document)))
    session.answer(document, paths_text(document) if written_as is Format.PATHS else plan_text(document))
    return int(ExitStatus.OK if planned.chain.state is ChainState.COMPLETE else ExitStatus.ERRORS)
