"""What `restore plan` and `restore run` are both asked: the options, and the plan that answers them."""

from __future__ import annotations

import typer

from catalog.cli.options import parse_moment
from catalog.cli.session import Session
from catalog.restore_plan import RestorePlan, Wish, plan_restore
from verifier.errors import UsageError
from verifier.model import Depth

DATASET = typer.Argument(metavar="DATASET", help="Id, ZONE/ID or name.")
AS_OF = typer.Option("--as-of", metavar="TIME", help="The moment to go back to (default: now).")
DEPTH = typer.Option("--depth", help="How hard a snapshot was looked at, at least, to count.")
REASON = typer.Option("--reason", metavar="TEXT", help="Why the gaps are accepted; recorded with them.")


def planned(session: Session, dataset: str, as_of: str | None, depth: Depth, *, accepts_gaps: bool) -> RestorePlan:
    """Return the plan. Raises `UsageError` for a dataset that nobody knows."""
    now = session.now
    moment = parse_moment(as_of, "--as-of", is_end=True) if as_of else now
    zone, dataset_id = session.find_dataset(dataset)
    if zone is None:
        hint = "list what is known with: landproof datasets"
        raise UsageError(f"no dataset {dataset} in {session.catalog}", hint=hint)
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=moment, depth=depth, accepts_gaps=accepts_gaps)
    return plan_restore(session.settings, session.catalog, wish, now)
