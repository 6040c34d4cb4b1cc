"""`landproof retention`: which snapshots are still needed; the document or its words, its exit status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import (
    AsKnownAt,
    CatalogPath,
    Config,
    Dataset,
    FailOn,
    Json,
    Zone,
    parse_fail_on,
    parse_known_at,
    parse_moment,
)
from catalog.cli.retention_text import retention_text
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import ExitStatus
from catalog.judge_retention_values import RetentionStatus
from catalog.retention import Retention, RetentionWish, judge_dataset
from catalog.retention_answers import retention_document
from catalog.retention_policy import Policy, parse_policy
from catalog.retention_stores import StoreRules, ask_stores
from catalog.store.holds import list_holds
from catalog.store.known import known_zones
from catalog.store.queries import dataset_names
from verifier.backends.retention import Blindness
from verifier.errors import UsageError

_POLICY = typer.Option(
    "--policy", metavar="RULES", help="Such as keep-within=90d or keep-daily=30,keep-weekly=8 (default: retain)."
)
_AT = typer.Option("--at", metavar="TIME", help="Judge as of this moment (default: now).")
_STORE = typer.Option("--store", help="Ask the stores for their lifecycle rules and locks, too.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("retention")(retention)


def retention(
    *,
    policy: Annotated[str | None, _POLICY] = None,
    dataset: Dataset = None,
    zone: Zone = None,
    at: Annotated[str | None, _AT] = None,
    asks_stores: Annotated[bool, _STORE] = False,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    fail_on: FailOn = "warn",
) -> int:
    """Tell which snapshots are still needed, and why.

    By the policy, counting verified chains only; nothing is deleted. Answers from the catalog alone unless --store is
    given.
    """
    fails_on_warnings = parse_fail_on(fail_on)
    rules = _policy(policy)
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    judged_at = min(parse_moment(at, "--at", is_end=True), session.now) if at else session.now
    found = _judged(session, _datasets(session, dataset, zone), rules, judged_at)
    stores = None
    if asks_stores:
        zones = {place for one in found for place in one.places}
        stores = ask_stores(zones, session.settings, known_zones(session.catalog))
    document = session.dated(retention_document(found, stores, judged_at))
    session.answer(document, "" if wants_json else retention_text(document))
    return final_status(_status(document, stores), fails_on_warnings=fails_on_warnings)


def _judged(
    session: Session, datasets: Sequence[tuple[str, str]], policy: Policy | None, at: datetime
) -> list[Retention]:
    holds, now = list_holds(session.catalog), session.now
    wishes = [RetentionWish(zone=z, dataset_id=i, at=at, policy=policy) for z, i in datasets]
    return [judge_dataset(session.settings, session.catalog, wish, now, holds) for wish in wishes]


def _policy(text: str | None) -> Policy | None:
    try:
        return None if text is None else parse_policy(text)
    except ValueError as error:
        raise UsageError(f"--policy: {error}") from None


def _datasets(session: Session, dataset: str | None, zone: str | None) -> list[tuple[str, str]]:
    """Return the recorded datasets that are asked about, by zone and id. Raises `UsageError` where there is none."""
    recorded = [(z, i) for z, i, _ in dataset_names(session.catalog)]
    if dataset is None:
        found = [one for one in recorded if zone in (None, one[0])]
    else:
        wanted = session.find_dataset(dataset, [zone] if zone else [])
        found = [one for one in recorded if one == wanted and zone in (None, one[0])]
    if not found:
        what = f"dataset {dataset}" if dataset else f"snapshot of zone {zone}" if zone else "snapshot"
        raise UsageError(f"no {what} in {session.catalog}", hint="list what is known with: landproof datasets")
    return found


def _status(document: Document, stores: Sequence[StoreRules] | None) -> ExitStatus:
    for one in stores or ():
        unseen = () if one.rules is None else one.rules.unseen
        if one.error is not None or any(u.blindness is Blindness.DENIED for u in unseen):
            return ExitStatus.NOT_LOOKED
    if document["counts"][RetentionStatus.GONE_EARLY.value]:
        return ExitStatus.ERRORS
    warns = any(note["level"] == "warn" for note in document["notes"])
    return ExitStatus.WARNINGS if warns else ExitStatus.OK
