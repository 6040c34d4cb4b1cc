"""`landproof doctor`: can we reach a zone, list it and read from it; clock, versions, the catalog."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.session import open_session
from catalog.doctor import Check, examine
from catalog.exit_status import ExitStatus
from catalog.store.known import known_zones
from catalog.targets import find_targets
from verifier.errors import CatalogError

_PLACES = typer.Argument(metavar="ZONE|URL", help="Zones, URLs or paths; default: every configured zone.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    *,
    places: Annotated[list[str] | None, _PLACES] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Examine what a scan depends on, from access to clock."""
    session = open_session(config, catalog, wants_json=wants_json)
    try:
        known = known_zones(session.catalog)
    except CatalogError:
        known = {}  # one of the checks says so
    targets = find_targets(places or [], session.settings, known) if places or session.settings.zones else []
    checks = examine(targets, session.catalog)
    document: Document = {"schema": "landproof/doctor/1", "checks": [_object(c) for c in checks]}
    session.answer(document, "" if wants_json else _text(document))
    return int(max((_STATUS[c.status] for c in checks), default=ExitStatus.OK))


_STATUS = {
    "ok": ExitStatus.OK,
    "warn": ExitStatus.WARNINGS,
    "error": ExitStatus.NOT_LOOKED,
    "catalog": ExitStatus.CATALOG,
}


def _object(check: Check) -> Document:
    return {
        "subject": check.subject,
        "name": check.name,
        "status": "error" if check.status == "catalog" else check.status,
        "message": check.message,
        "hint": check.hint,
    }


def _text(document: Document) -> str:
    rows = [(c["status"], c["subject"], c["name"], c["message"]) for c in document["checks"]]
    hints = [f"hint: {c['hint']}" for c in document["checks"] if c["hint"]]
    return text_of(table(("", "of", "check", "what was seen"), rows), *(["", *hints] if hints else []))
