"""`landproof init`: look at a zone and write starter settings."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from catalog.answers import Document, moment
from catalog.cli.options import Json
from catalog.cli.render import table, text_of
from catalog.cli.session import Session
from catalog.proposal import Proposal, empty_settings_text, propose, settings_text
from catalog.settings.loading import FILE_NAME, Settings, load_settings
from catalog.store.database import Catalog
from catalog.targets import find_targets
from catalog.words import plural, when
from verifier.errors import UsageError

_URL = typer.Argument(metavar="URL", help="The landing zone; without one an empty file to fill in is written.")
_OUTPUT = typer.Option("--output", metavar="FILE", help="Where to write; a file that is there is never overwritten.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    *,
    url: Annotated[str | None, _URL] = None,
    output: Annotated[Path, _OUTPUT] = Path(FILE_NAME),
    wants_json: Json = False,
) -> int:
    """Look at a zone and write starter settings for it.

    Proposed are the datasets found, their apparent schedule, format and manifest habit.
    """
    if output.exists():
        raise UsageError(f"{output} is there already and is not overwritten", hint="name another with --output")
    proposal = propose(find_targets([url], load_settings(None, os.environ), {})[0]) if url else None
    text = settings_text(proposal) if proposal else empty_settings_text()
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {(error.strerror or '').lower()}") from error
    session = Session(Settings(), Catalog(Path()), wants_json)
    document: Document = {"schema": "landproof/init/1", "written": str(output), "zone": None, "datasets": []}
    if proposal:
        document |= {"zone": proposal.zone, "url": proposal.url, "datasets": _datasets(proposal)}
    session.answer(document, "" if wants_json else _text(document, proposal))
    return 0


def _datasets(proposal: Proposal) -> list[Document]:
    found = []
    for dataset in proposal.datasets:
        one = asdict(dataset)
        found.append(one | {key: moment(one[key]) for key in ("first_at", "last_at", "starts_at")})
    return found


def _text(document: Document, proposal: Proposal | None) -> str:
    written = f"written: {document['written']}"
    if proposal is None:
        return text_of(written, "fill in a zone and its datasets, then run: landproof nightly")
    rows = [
        (
            d["id"],
            d["exports"],
            f"{d['every_hours']}h" if d["every_hours"] else "not clear",
            when(d["starts_at"]),
            d["format"] or "mixed",
            {True: "yes", False: "no", None: "some"}[d["manifest"]],
            when(d["last_at"]),
        )
        for d in document["datasets"]
    ]
    headings = ("dataset", "exports", "every", "due from", "format", "manifest", "newest")
    seen = f"{proposal.url}: {plural(proposal.files, 'file')}, {plural(proposal.strays, 'stray')}"
    return text_of(table(headings, rows, right=(1,)), "", seen, written, "check it, then run: landproof nightly")
