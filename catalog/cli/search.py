"""`landproof diff` and `find`: what differs between two snapshots, and where a text occurs."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli import search_text
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Dataset, Json, Offset, Zone
from catalog.cli.session import open_session
from catalog.questions import lookups
from catalog.questions.lookups import FindQuestion
from catalog.questions.moments import parse_known_at

_A = typer.Argument(metavar="A", help="A snapshot: ZONE/DATASET_ID/EXPORT_TIME, or DATASET/latest.")
_B = typer.Argument(metavar="B", help="Another one.")
_TEXT = typer.Argument(metavar="TEXT", help="A part of an id, a name or a path, or the start of a SHA-256.")
_LIMIT = typer.Option("--limit", metavar="N", min=1, max=10**6, help="At most so many of each kind.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (diff, find):
        app.command(command.__name__)(command)


def diff(
    *,
    a: Annotated[str, _A],
    b: Annotated[str, _B],
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Tell how snapshot B differs from snapshot A.

    Files by name, by SHA-256 where both have one; rows, bytes, columns and event times. For the export time may stand
    latest, latest-good or last-full.
    """
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    document = lookups.diff(session, a, b)
    session.answer(document, "" if wants_json else search_text.diff_text(document))
    return 0


def find(
    *,
    text: Annotated[str, _TEXT],
    zone: Zone = None,
    dataset: Dataset = None,
    limit: Annotated[int, _LIMIT] = 20,
    offset: Offset = 0,
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Find datasets, snapshots and files.

    Files by the beginning of their path; where there are none, of their SHA-256 (8 hex digits or more); where there
    are none either, by any part of their path, unless the text is the whole id or name of something else.
    """
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    asked = FindQuestion(text=text, zone=zone, dataset=dataset, limit=limit, offset=offset)
    document = lookups.find(session, asked)
    session.answer(document, "" if wants_json else search_text.find_text(document))
    return 0
