"""`landproof hold`: snapshots that are kept whatever a policy says, with who said so, when and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from catalog.caller import who
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.holding import hold as record_holds
from catalog.holding_answers import hold_document
from catalog.naming import find_snapshot
from catalog.saying import Speaker
from catalog.store.holds import Hold, list_holds
from catalog.words import plural, shown, when
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.errors import UsageError
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
    asked = _reason(reason, "add")
    speaker = _speaker()
    done = []
    for recorded in [find_snapshot(session, text) for text in dict.fromkeys(snapshots)]:
        report = recorded.report
        done.append(
            Hold(snapshot=report.id, reason=asked, said_by=speaker.by, said_at=speaker.at, presence=report.presence)
        )
    return _recorded(session, _each_once(done), speaker, lifted=False)


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
    asked = _reason(reason, "remove")
    speaker = _speaker()
    standing = {one.snapshot: one for one in list_holds(session.catalog)}
    done = []
    for text in dict.fromkeys(snapshots):
        wanted = find_snapshot(session, text).report.id
        if wanted not in standing:
            raise UsageError(f"snapshot {wanted} is not on hold", hint="list what is with: landproof hold list")
        done.append(replace(standing[wanted], reason=asked, said_by=speaker.by, said_at=speaker.at))
    return _recorded(session, _each_once(done), speaker, lifted=True)


def list_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """List the snapshots that are on hold."""
    session = open_session(config, catalog, wants_json=wants_json)
    _tell(session, list_holds(session.catalog), "on hold")
    return 0


def _recorded(session: Session, holds: Sequence[Hold], speaker: Speaker, *, lifted: bool) -> int:
    record_holds(session.catalog, holds, speaker, lifted=lifted)
    _tell(session, holds, "not on hold any more" if lifted else "on hold")
    return sealed(session, 0)


def _tell(session: Session, holds: Sequence[Hold], what: str) -> None:
    """Print what became of the holds; of those of what is gone, say so on stderr, too."""
    document = hold_document(holds, what)
    rows = [
        (shown(one["snapshot"]), one["presence"], when(one["at"]), shown(one["by"]), shown(one["reason"]))
        for one in document["holds"]
    ]
    head = f"{plural(len(rows), 'snapshot')} {what}"
    headings = ("snapshot", "presence", "since", "by", "reason")
    session.answer(document, "" if session.wants_json else text_of(head, *((table(headings, rows),) if rows else ())))
    for one in holds:
        if what == "on hold" and one.presence is not Presence.PRESENT:
            gone = "unknown" if one.presence is None else one.presence.value
            sys.stderr.write(f"landproof: {shown(str(one.snapshot))} is on hold, and not there any more: {gone}\n")


def _reason(text: str | None, command: str) -> str:
    if text is None or not text.strip():
        raise UsageError("a hold needs a --reason", hint=f"landproof hold {command} SNAPSHOT --reason TEXT")
    return text


def _speaker() -> Speaker:
    return Speaker(by=who(), at=utc_now(), entry_id=new_scan_id(), tool_version=tool_version())


def _each_once(holds: Sequence[Hold]) -> list[Hold]:
    """A snapshot may go by its id and by a shortcut."""
    return list({one.snapshot: one for one in holds}.values())
