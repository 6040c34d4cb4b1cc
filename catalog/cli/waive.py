"""`landproof waive`: slots of which nothing is asked for a while, with who said so and why; or that taken back."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.questions import decisions
from catalog.words import plural, shown, when

_DATASET = typer.Argument(metavar="[DATASET]", help="Id, ZONE/ID or name.")
_FROM = typer.Option("--from", metavar="TIME", help="The first slot that is waived, by when it is due.")
_TO = typer.Option("--to", metavar="TIME", help="The last one, included.")
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; recorded, and shown with every slot.")
_LIFT = typer.Option("--lift", help="Take waivers back: all of the dataset, or those that meet the period.")
_LIST = typer.Option("--list", help="List what is waived, of all datasets or of one.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("waive")(waive)


def waive(
    *,
    dataset: Annotated[str | None, _DATASET] = None,
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    reason: Annotated[str | None, _REASON] = None,
    is_lifted: Annotated[bool, _LIFT] = False,
    wants_list: Annotated[bool, _LIST] = False,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Pause the slots of a dataset, with a reason.

    Nothing is missing or late in the meantime, and nobody is told. It quiets notices and restores nothing: slots stay
    in every report as paused, and a chain through them has gaps. What comes all the same is verified and judged as
    ever.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    asked = decisions.WaiveQuestion(dataset=dataset, start=start, end=end, reason=reason, lifted=is_lifted)
    if wants_list:
        return _tell(session, decisions.waived(session, asked))
    return sealed(session, _tell(session, decisions.waive(session, asked, decisions.speaker())))


def _tell(session: Session, document: Document) -> int:
    rows = [
        (
            shown(w["name"] or f"{w['zone']}/{w['dataset_id']}"),
            when(w["from"]),
            when(w["to"]),
            w["by"],
            shown(w["reason"]),
        )
        for w in document["waivers"]
    ]
    head = f"{plural(len(rows), 'period')} {document['state']}"
    text = text_of(head, *((table(("dataset", "from", "to", "by", "reason"), rows),) if rows else ()))
    session.answer(document, "" if session.wants_json else text)
    return 0
