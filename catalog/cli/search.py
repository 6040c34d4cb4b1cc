"""`landproof diff` and `find`: what differs between two snapshots, and where a text occurs."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.cli import search_text
from catalog.cli.naming import find_contents
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Dataset, Json, Offset, Zone, parse_known_at
from catalog.cli.session import open_session
from catalog.difference import difference
from catalog.lookup_answers import diff_document, find_document
from catalog.store.search import Search, find_all
from verifier.errors import UsageError

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
    before, after = find_contents(session, a, b)
    document = session.dated(diff_document(difference(before, after)))
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
    if not text:
        raise UsageError("nothing to find: the text is empty", hint="see: landproof find --help")
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    of_zone, dataset_id = session.find_dataset(dataset, [zone] if zone else []) if dataset else (None, None)
    search = Search(text=text, zone=zone or of_zone, dataset_id=dataset_id, limit=limit, offset=offset)
    names = {(d.zone, d.id): d.name for d in session.settings.datasets}
    named = [
        place
        for place, name in names.items()
        if text.lower() in (name or "").lower() and search.zone in (None, place[0]) and dataset_id in (None, place[1])
    ]
    document = session.dated(find_document(text, find_all(session.catalog, search, named), names))
    session.answer(document, "" if wants_json else search_text.find_text(document))
    return 0
