"""The commands `tokens new`, `list` and `revoke`: who is let in by the service."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

from catalog.caller import who
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import table, text_of
from catalog.cli.session import open_session
from catalog.questions.moments import parse_moment
from catalog.schedule import parse_duration
from catalog.service.access.tokens import create_token, read_tokens, revoke_token, tokens_document
from catalog.service.values import Role
from catalog.words import shown, when
from catalog.workflow import utc_now
from verifier.errors import UsageError

_NAME = typer.Argument(metavar="NAME", help="Whose it is: a person or a program, as records are to call it.")
_WHICH = typer.Argument(metavar="TOKEN", help="The id or name of an active token, or the token itself.")
_ROLE = typer.Option(
    "--role", metavar="ROLE", help="viewer, auditor or operator; each may do what those before it may."
)
_EXPIRES = typer.Option("--expires", metavar="WHEN", help="After so long (90d) or at a time (default: never).")


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The tokens by which the service lets people and programs in.", no_args_is_help=True)
    for name, command in (("new", new), ("list", list_command), ("revoke", revoke_command)):
        group.command(name)(command)
    app.add_typer(group, name="tokens")


def new(
    *,
    name: Annotated[str, _NAME],
    role: Annotated[str | None, _ROLE] = None,
    expires: Annotated[str | None, _EXPIRES] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Make a token, and print it once.

    Only its digest is kept. A service that runs lets it in at once; with the first token, only who has one is let in.
    """
    wanted, now = _role(role), utc_now()
    ends = _end(expires, now)
    session = open_session(config, catalog, wants_json=wants_json)
    folder = session.settings.service_state(session.catalog.path)
    text = create_token(folder, name, wanted, ends, (who(), now))
    made = (read_tokens(folder) or ())[-1:]
    document = tokens_document(made, now, "made", text)
    session.answer(document, text)
    if not wants_json:
        until = f"until {when(document['tokens'][0]['expires_at'])}" if ends else "until it is revoked"
        sys.stderr.write(f"landproof: {shown(name)} is {wanted} {until}; the token is not shown again\n")
    return 0


def list_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """List all tokens, those that let nobody in any more included."""
    session = open_session(config, catalog, wants_json=wants_json)
    folder, now = session.settings.service_state(session.catalog.path), utc_now()
    document = tokens_document(read_tokens(folder) or (), now, "listed")
    rows = [
        (one["id"], shown(one["name"]), one["role"], one["state"], when(one["created_at"]), when(one["expires_at"]))
        for one in document["tokens"]
    ]
    text = table(("id", "name", "role", "state", "made", "expires"), rows) if rows else f"no tokens in {folder}"
    session.answer(document, "" if wants_json else text_of(text))
    return 0


def revoke_command(
    *, which: Annotated[str, _WHICH], config: Config = None, catalog: CatalogPath = None, wants_json: Json = False
) -> int:
    """Revoke a token.

    A service that runs lets it in no more, and ends the logins made with it, within a second.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    folder, now = session.settings.service_state(session.catalog.path), utc_now()
    revoked = revoke_token(folder, which, now)
    text = f"revoked: {shown(revoked.name)}, {revoked.role} ({revoked.id})"
    session.answer(tokens_document([revoked], now, "revoked"), "" if wants_json else text)
    return 0


def _role(text: str | None) -> Role:
    if text not in list(Role):
        got = "none" if text is None else repr(text)
        raise UsageError(f"--role: expected {', '.join(list(Role)[:-1])} or {list(Role)[-1]}, got {got}")
    return Role(text)


def _end(text: str | None, now: datetime) -> datetime | None:
    """Read how long a token is good for, or until when."""
    if text is None:
        return None
    try:
        end = now + parse_duration(text)
    except ValueError:
        end = parse_moment(text, "--expires", is_end=True)
    if end <= now:
        raise UsageError(f"--expires: expected a time to come, got {text!r}")
    return end
