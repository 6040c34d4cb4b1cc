"""`landproof retention`: which snapshots are still needed; the document or its words, its exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Dataset, FailOn, Json, Zone, parse_fail_on
from catalog.cli.retention_text import retention_text
from catalog.cli.session import final_status, open_session
from catalog.exit_status import ExitStatus
from catalog.judging.retention_values import RetentionStatus
from catalog.questions.judgements import RetentionQuestion
from catalog.questions.judgements import retention as judge
from catalog.questions.moments import parse_known_at
from catalog.retention.stores import StoreRules
from verifier.backends.retention import Blindness

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
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    asked = RetentionQuestion(policy=policy, dataset=dataset, zone=zone, at=at, asks_stores=asks_stores)
    stores, document = judge(session, asked)
    session.answer(document, "" if wants_json else retention_text(document))
    return final_status(_status(document, stores), fails_on_warnings=fails_on_warnings)


def _status(document: Document, stores: Sequence[StoreRules] | None) -> ExitStatus:
    for one in stores or ():
        unseen = () if one.rules is None else one.rules.unseen
        if one.error is not None or any(u.blindness is Blindness.DENIED for u in unseen):
            return ExitStatus.NOT_LOOKED
    if document["counts"][RetentionStatus.GONE_EARLY.value]:
        return ExitStatus.ERRORS
    warns = any(note["level"] == "warn" for note in document["notes"])
    return ExitStatus.WARNINGS if warns else ExitStatus.OK
