"""`landproof doctor`: can we reach a zone, list it, read from it; clock, credentials, versions, the catalog."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.session import open_session
from catalog.doctor import Check, examine_keys, examine_program, examine_zone
from catalog.exit_status import ExitStatus
from catalog.store.known import known_zones
from catalog.targets import find_targets
from verifier.errors import CatalogError

_PLACES = typer.Argument(metavar="ZONE|URL", help="Zones, URLs or paths; default: every configured zone.")

_SLOW_SECONDS = 3.0


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
    checks = examine_program(session.catalog) + examine_keys(session.settings.pgp_keys())
    for target in targets:
        with _told_if_slow(target.zone):
            checks += examine_zone(target)
    document: Document = {"schema": "landproof/doctor/1", "checks": [_object(c) for c in checks]}
    session.answer(document, "" if wants_json else _text(document))
    return int(max((_STATUS[c.status] for c in checks), default=ExitStatus.OK))


@contextmanager
def _told_if_slow(zone: str) -> Iterator[None]:
    """Say on stderr that a zone is being waited for when it is not done soon."""
    timer = Timer(_SLOW_SECONDS, sys.stderr.write, [f"landproof: {zone}: still waiting for the store\n"])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


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
