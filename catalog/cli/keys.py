"""The commands `keys new`, `list` and `rotate`: who signs what is recorded."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.ledger.key_files import create_key, list_keys, prepare_key, replace_key
from catalog.ledger.notes import Signer, Verifier
from catalog.ledger_answers import keys_document
from catalog.questions.closing import occasion
from catalog.sealing import note_key
from catalog.shelving import keys_of
from catalog.workflow import utc_now
from verifier.errors import UsageError

_NAME = "What the key is to be called in notes (default: landproof-HOST-DATE)."
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help=_NAME)]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(help="The keys that sign the checkpoints of the ledger.", no_args_is_help=True)
    group.command("new")(new_command)
    group.command("list")(list_command)
    group.command("rotate")(rotate_command)
    app.add_typer(group, name="keys")


def new_command(
    *, name: Name = None, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False
) -> int:
    """Make the first key.

    Give its public half, or the fingerprint, to whoever is to check your evidence, by a way of its own.
    """
    session = _session(config, catalog, wants_json=wants_json)
    folder = keys_of(session.settings, session.catalog.path)
    made = create_key(folder, name or _usual_name(folder))
    note_key(session.catalog, made.verifier, None, occasion())
    status = sealed(session, 0)
    _tell(session, folder, made, None)
    return status


def list_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """List the keys, those that are no longer used included."""
    session = open_session(config, catalog, wants_json=wants_json)
    folder = keys_of(session.settings, session.catalog.path)
    keys = list_keys(folder)
    rows = [(one.verifier.name, one.state, one.verifier.fingerprint) for one in keys]
    text = table(("name", "state", "fingerprint"), rows) if rows else f"no keys in {folder}: checkpoints are unsigned"
    public = [one.verifier.text for one in keys]
    text = text_of(text, *(("", "public keys, for those who check:", *public) if public else ()))
    session.answer(keys_document(str(folder), keys), "" if wants_json else text)
    return 0


def rotate_command(
    *, name: Name = None, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False
) -> int:
    """Replace the key by a new one.

    The old one signs that it is followed by the new one, and nothing after that. What it signed stays verifiable.
    """
    session = _session(config, catalog, wants_json=wants_json)
    folder = keys_of(session.settings, session.catalog.path)
    old, made = prepare_key(folder, name or _usual_name(folder))
    note_key(session.catalog, made.verifier, old.verifier, occasion())
    status = sealed(session, 0)
    replace_key(folder, old, made)
    _tell(session, folder, made, old.verifier)
    return status


def _session(config: Path | None, catalog: Path | None, *, wants_json: bool) -> Session:
    session = open_session(config, catalog, wants_json=wants_json)
    if session.settings.signing_key:
        hint = "put another one where that comes from; it is recorded with the next scan"
        raise UsageError("the settings name a key: signing_key, which is not kept in a folder", hint=hint)
    return session


def _tell(session: Session, folder: Path, made: Signer, follows: Verifier | None) -> None:
    lines = [
        f"{made.name} signs from now on; its private half is in {folder / made.name}.key, for you alone",
        *([f"{follows.name} is retired: {folder / follows.name}.key.retired can be deleted"] if follows else []),
        "",
        f"fingerprint  {made.verifier.fingerprint}",
        f"public key   {made.verifier.text}",
        "",
        "Keep a copy of the public key where nobody who runs this can change it: it is what others check by.",
    ]
    done = "rotated" if follows else "made"
    session.answer(keys_document(str(folder), list_keys(folder), done), text_of(*lines))


def _usual_name(folder: Path) -> str:
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())
    name = f"landproof-{host}-{utc_now():%Y%m%d}"
    taken = {path.name.partition(".pub")[0] for path in folder.glob("*.pub")}
    return next(n for n in (name, *(f"{name}-{i}" for i in range(2, 10_000))) if n not in taken)
