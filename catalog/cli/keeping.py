"""`landproof catalog …`: look after the catalog itself; arguments, one use, its document or its words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.exit_status import ExitStatus
from catalog.keeping_answers import ingest_document, rebuild_document, verify_document, written_document
from catalog.segments.shelf import Shelf, open_shelf
from catalog.store.backup import LIST, Written, back_up, export
from catalog.store.examine import examine
from catalog.store.ingest import Ingestion, ingest
from catalog.store.ledger import Telling
from catalog.store.rebuild import rebuild
from catalog.words import number, plural, size
from catalog.workflow import tool_version, utc_now
from verifier.errors import CatalogError

_FOLDER = typer.Argument(metavar="DIR", help="A new folder.")
_BACKUP = typer.Option("--backup", metavar="DIR", help="Start from this backup; then segments are taken in.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    catalog = typer.Typer(name="catalog", help="Look after the catalog itself.", no_args_is_help=True)
    catalog.callback()(lambda: None)
    for name, command in (
        ("verify", verify_command),
        ("rebuild", rebuild_command),
        ("ingest", ingest_command),
        ("backup", backup_command),
        ("export", export_command),
    ):
        catalog.command(name)(command)
    app.add_typer(catalog)


def verify_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """Compare the catalog with its segments, and with itself.

    A second one is made of the segments in a scratch folder; every row of both is compared.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    with _shelf(session) as shelf:
        seen = examine(session.catalog, shelf)
    lines = [f"{m.kind}: {m.subject}: {m.message}" for m in seen.mismatches]
    what = f"{plural(seen.segments, 'segment')}, {number(seen.rows)} records"
    end = (
        f"{number(len(lines)) + (' mismatch' if len(lines) == 1 else ' mismatches')}; {what}"
        if lines
        else f"the same as its segments: {what}"
    )
    session.answer(verify_document(session.catalog, seen), text_of(*lines, end))
    return int(ExitStatus.ERRORS if lines else ExitStatus.OK)


def rebuild_command(
    *,
    backup: Annotated[Path | None, _BACKUP] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Make the catalog again from its segments.

    The one that is there is moved aside, never deleted. One that opens and has what no segment brings back stays.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    with _shelf(session) as shelf:
        rebuilt = rebuild(session.catalog, shelf, Telling(utc_now(), tool_version()), backup)
    aside = [f"the catalog that was there is now {rebuilt.aside}"] if rebuilt.aside else []
    text = text_of(f"made {session.catalog.path}: {_sums(rebuilt.ingestion)}", *aside)
    session.answer(rebuild_document(session.catalog, rebuilt), text)
    return sealed(session, _tell_refused(rebuilt.ingestion))


def ingest_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """Take in segments that others wrote to the same place.

    Each is taken in once, in any order, to the same result.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    with _shelf(session) as shelf:
        done = ingest(session.catalog, shelf, Telling(utc_now(), tool_version()))
    session.answer(ingest_document(session.catalog, done), _sums(done))
    return sealed(session, _tell_refused(done))


def backup_command(
    *,
    folder: Annotated[Path, _FOLDER],
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Write all tables of the catalog as Parquet files.

    Make a catalog of them again with: landproof catalog rebuild --backup DIR
    """
    session = open_session(config, catalog, wants_json=wants_json)
    written = back_up(session.catalog, folder)
    return _answer_written(session, "backup", folder, written, also=[str(folder / LIST)])


def export_command(
    *,
    folder: Annotated[Path, _FOLDER],
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Write what the catalog knows now as Parquet files.

    For other tools: one file for each view that `landproof sql` knows.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    return _answer_written(session, "export", folder, export(session.catalog, folder), also=[])


@contextmanager
def _shelf(session: Session) -> Iterator[Shelf]:
    place = session.catalog.segments
    if place is None:
        raise CatalogError("this catalog has no segments")
    with closing(open_shelf(place)) as shelf:
        yield shelf


def _sums(done: Ingestion) -> str:
    there = f", {number(done.already_there)} already there" if done.already_there else ""
    return f"{plural(done.taken, 'segment')} taken in, {number(done.rows)} records{there}"


def _tell_refused(done: Ingestion) -> int:
    """Say on stderr which segments were not taken in, and what lies among them."""
    for one in done.refused:
        sys.stderr.write(f"landproof: not taken in: {one.path}: {one.message}\n")
    if done.unknown:
        count = plural(len(done.unknown), "file")
        sys.stderr.write(f"landproof: {count} among the segments that are none: {done.unknown[0]}\n")
    return int(ExitStatus.ERRORS if done.refused else ExitStatus.OK)


def _answer_written(session: Session, command: str, folder: Path, written: list[Written], *, also: list[str]) -> int:
    rows = [(w.name, number(w.rows), size(w.size), w.sha256[:16]) for w in written]
    text = text_of(table(("file", "rows", "size", "sha256"), rows, right=(1, 2)), *also)
    session.answer(written_document(command, folder, written), text)
    return 0
