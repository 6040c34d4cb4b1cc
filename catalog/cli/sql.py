"""`landproof sql`: one read-only question to the catalog."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.answers import sql_document
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.session import open_session
from catalog.questions.moments import parse_known_at
from catalog.store.sql import run_sql


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sql")(sql)


def sql(
    *,
    statement: Annotated[
        str, typer.Argument(metavar="SELECT", help="One SELECT; the views snapshots, files, findings and scans help.")
    ],
    as_known_at: AsKnownAt = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Ask the catalog one read-only question in SQL.

    It can reach nothing but the catalog.
    """
    session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
    answer = run_sql(session.catalog, statement)
    document = session.dated(sql_document(answer.columns, answer.rows, is_cut=answer.is_cut))
    text = "" if wants_json else text_of(table(document["columns"], document["rows"]))
    session.answer(document, text + (f"… only the first {len(answer.rows)} rows\n" if answer.is_cut and text else ""))
    return 0
