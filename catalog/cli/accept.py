"""`landproof accept`: a known finding, with who accepted it, why and until when; or that taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json, Zone
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.questions import decisions
from catalog.saying_answers import accept_document
from catalog.store.said import list_acceptances
from catalog.words import plural, shown, when

_SUBJECT = typer.Argument(metavar="[SNAPSHOT|PATH]", help="ZONE/DATASET_ID/EXPORT_TIME, or a file below its zone.")
_CODE = typer.Option("--code", metavar="CODE", help="The code of the finding; may be given several times.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why it is accepted; recorded and shown with it.")
_UNTIL = typer.Option("--until", metavar="TIME", help="When that ends (default: never).")
_LIFT = typer.Option("--lift", help="Take it back.")
_LIST = typer.Option("--list", help="List what is accepted.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept")(accept)


def accept(
    *,
    subject: Annotated[str | None, _SUBJECT] = None,
    codes: Annotated[list[str] | None, _CODE] = None,
    reason: Annotated[str | None, _REASON] = None,
    until: Annotated[str | None, _UNTIL] = None,
    is_lifted: Annotated[bool, _LIFT] = False,
    wants_list: Annotated[bool, _LIST] = False,
    zone: Zone = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Accept a known finding, with a reason and an end.

    It stays in every report and count, and raises no status and no notice any more. What is found otherwise later (at
    another place, of other bytes) is not accepted. A snapshot whose errors are all accepted counts as good, also for a
    restore.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    if wants_list:
        return _tell(session, accept_document(list_acceptances(session.catalog), "accepted"))
    asked = decisions.AcceptQuestion(
        subject=subject, codes=codes or (), reason=reason, until=until, zone=zone, lifted=is_lifted
    )
    return sealed(session, _tell(session, decisions.accept(session, asked, decisions.speaker())))


def _tell(session: Session, document: Document) -> int:
    rows = [
        (one["code"], shown(one["subject"]), when(one["until"]), shown(one["by"]), shown(one["reason"]))
        for one in document["acceptances"]
    ]
    head = f"{plural(len(rows), 'finding')} {document['state']}"
    text = text_of(head, *((table(("code", "about", "until", "by", "reason"), rows),) if rows else ()))
    session.answer(document, "" if session.wants_json else text)
    return 0
