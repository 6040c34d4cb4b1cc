"""`landproof hold`: snapshots that are kept whatever a policy says, with who said so, when and why."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.holding_answers import hold_document
from catalog.questions import decisions
from catalog.store.holds import list_holds
from catalog.words import plural, shown, when
from verifier.model import Presence

_SNAPSHOTS = typer.Argument(metavar="SNAPSHOT...", help="ZONE/DATASET_ID/EXPORT_TIME, or DATASET/latest.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; recorded and shown with it.")

_Snapshots = Annotated[list[str], _SNAPSHOTS]
_Reason = Annotated[str | None, _REASON]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="hold", help="Keep snapshots whatever a policy says.", no_args_is_help=True)
    group.callback()(lambda: None)
    for name, command in (("add", add_command), ("remove", remove_command), ("list", list_command)):
        group.command(name)(command)
    app.add_typer(group)


def add_command(
    *,
    snapshots: _Snapshots,
    reason: _Reason = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Put snapshots on hold, with a reason.

    They are never superseded or expired; nothing is protected in the store. A snapshot that is on hold already gets
    the new reason.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    return _recorded(session, decisions.HoldQuestion(snapshots=snapshots, reason=reason))


def remove_command(
    *,
    snapshots: _Snapshots,
    reason: _Reason = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Take holds back, with a reason.

    Who held what, when and why stays on record.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    return _recorded(session, decisions.HoldQuestion(snapshots=snapshots, reason=reason, lifted=True))


def list_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """List the snapshots that are on hold."""
    session = open_session(config, catalog, wants_json=wants_json)
    _tell(session, hold_document(list_holds(session.catalog), "on hold"))
    return 0


def _recorded(session: Session, asked: decisions.HoldQuestion) -> int:
    _tell(session, decisions.hold(session, asked, decisions.speaker()))
    return sealed(session, 0)


def _tell(session: Session, document: Document) -> None:
    """Print what became of the holds; of those of what is gone, say so on stderr, too."""
    what = document["state"]
    rows = [
        (shown(one["snapshot"]), one["presence"], when(one["at"]), shown(one["by"]), shown(one["reason"]))
        for one in document["holds"]
    ]
    head = f"{plural(len(rows), 'snapshot')} {what}"
    headings = ("snapshot", "presence", "since", "by", "reason")
    session.answer(document, "" if session.wants_json else text_of(head, *((table(headings, rows),) if rows else ())))
    for one in document["holds"]:
        if what == "on hold" and one["presence"] != Presence.PRESENT:
            gone = one["presence"] or "unknown"
            sys.stderr.write(f"landproof: {shown(one['snapshot'])} is on hold, and not there any more: {gone}\n")
