"""The commands `ledger verify` and `ledger checkpoint`: what stands behind the evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.render import text_of
from catalog.cli.session import open_session
from catalog.exit_status import ExitStatus
from catalog.ledger.notes import Verifier, parse_verifier
from catalog.ledger_answers import checkpoint_document, verify_document
from catalog.ledger_verify import Verification, trust_of, verify_ledger
from catalog.questions.closing import seal_now, sealing_of
from catalog.words import number, plural
from verifier.errors import CatalogError, UsageError

_KEY = "Believe this public key: NAME+ID+KEY, or a file that holds it (default: those of the keys' folder)."
_MOST_SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    group = typer.Typer(help="Verify and sign the record behind the evidence.", no_args_is_help=True)
    group.command("verify")(verify_command)
    group.command("checkpoint")(checkpoint_command)
    app.add_typer(group, name="ledger")


def verify_command(
    *,
    key: Annotated[list[str] | None, typer.Option("--key", metavar="KEY", help=_KEY)] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Verify the ledger, its checkpoints, and what it tells.

    Every entry is held against its neighbours, the checkpoints here and outside, and the tables. Changes nothing.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    if not session.catalog.exists:
        raise CatalogError(
            f"catalog {session.catalog.path}: does not exist", hint="run a scan first, or name one with --catalog"
        )
    trust = trust_of(session.settings, session.catalog)
    if key:
        trust = replace(trust, keys=[parse_key(text) for text in key])
    found = verify_ledger(session.catalog, trust)
    session.answer(verify_document(found), "" if wants_json else _text(found))
    return int(_status(found))


def checkpoint_command(*, config: Config = None, catalog: CatalogPath = None, wants_json: Json = False) -> int:
    """Make a checkpoint now, and print it.

    Every command that records makes one at its end: this is for what was left by one that was killed, or when a
    place outside could not be reached.
    """
    session = open_session(config, catalog, wants_json=wants_json)
    made, signer = seal_now(session), sealing_of(session).signer
    lines = [made.note.rstrip("\n"), ""] if made else ["nothing was recorded yet"]
    if made and not signer:
        lines.append("UNSIGNED: make a key with: landproof keys new")
    if made and made.trouble:
        lines.append(f"not brought outside: {made.trouble.message}")
    session.answer(checkpoint_document(made, signer), text_of(*lines))
    return int(ExitStatus.NOT_LOOKED if made and made.trouble else ExitStatus.OK)


def parse_key(text: str) -> Verifier:
    """Read a public key, given itself or as a file that holds it. Raises UsageError."""
    path = Path(text)
    try:
        return parse_verifier(path.read_text(encoding="utf-8") if path.is_file() else text)
    except (OSError, ValueError) as error:
        raise UsageError(f"--key {text}: {error}", hint="list keys with: landproof keys list") from None


def _status(found: Verification) -> ExitStatus:
    if found.dark:
        return ExitStatus.NOT_LOOKED
    if found.flaws:
        return ExitStatus.ERRORS
    return ExitStatus.WARNINGS if found.doubts or not found.entries else ExitStatus.OK


def _text(found: Verification) -> str:
    lines = [f"ledger {found.origin or 'none yet: it begins with the next scan'}"]
    if found.entries:
        lines += [f"entries {number(found.entries)}, of which {number(found.facts)} compared with what is recorded"]
    outside = "none read outside" if found.outside is None else f"{found.outside} outside"
    lines.append(f"{plural(found.checkpoints, 'checkpoint')}, {found.signed} signed; {outside}")
    lines += [_signature(found)] if found.newest else []
    lines += [f"other ledger, taken in with segments: {origin}" for origin in found.others]
    shown = [f"MISMATCH  {flaw.message}" for flaw in found.flaws[:_MOST_SHOWN]]
    if len(found.flaws) > _MOST_SHOWN:
        shown.append(f"and {len(found.flaws) - _MOST_SHOWN} more mismatches; all of them with --json")
    doubts = [f"in doubt  {doubt}" for doubt in found.doubts]
    dark = [f"could not look outside: {found.dark.message}"] if found.dark else []
    end = f"mismatches {len(found.flaws)}" if found.flaws else "no mismatch"
    return text_of(*lines, *shown, *doubts, *dark, end)


def _signature(found: Verification) -> str:
    newest, key = found.newest, found.newest_signer
    if newest is None or key is None:
        return "newest checkpoint UNSIGNED: it proves nothing against whoever can write the catalog"
    return f"newest checkpoint covers {newest.size} of them, signed by {key.name}, fingerprint {key.fingerprint}"
