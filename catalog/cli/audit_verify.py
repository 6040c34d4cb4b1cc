"""`landproof audit verify`: checks a bundle by the program that is in every bundle; needs no catalog and no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import Json
from catalog.cli.session import print_document
from catalog.evidence import verify as program
from verifier.errors import SourceError, UsageError

_BUNDLE = typer.Argument(metavar="FILE.zip", help="A bundle, or the folder of one that was unpacked.")
_KEY = typer.Option("--key", metavar="KEY", help="Trust this verifier key only, or those in this file.")
_TSA = typer.Option(
    "--tsa-certificate", metavar="FILE", help="Check the timestamp against its authority's certificates, in PEM."
)


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("verify")(verify)


def verify(
    *,
    bundle: Annotated[Path, _BUNDLE],
    key: Annotated[str | None, _KEY] = None,
    tsa_certificate: Annotated[Path | None, _TSA] = None,
    wants_json: Json = False,
) -> int:
    """Check a bundle, with no catalog and no network.

    The same as its own verify.py does, and its timestamp besides. Exits with 1 where nobody signed it.
    """
    trusted = None if key is None else _keys(key)
    certificate = None if tsa_certificate is None else _certificate(tsa_certificate)
    try:
        report = program.check(bundle, trusted)
    except OSError as error:
        raise SourceError(f"{bundle}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from error
    at = None if certificate is None else _check_timestamp(report, certificate)
    if wants_json:
        document: Document = {**program.document(report), "bundle": str(bundle), "timestamp_at": at}
        print_document(document)
    else:
        sys.stdout.writelines(f"{line}\n" for line in report.lines())
    return report.status


def _keys(text: str) -> set[bytes]:
    try:
        return program.keys_given(text)
    except (program.Mismatch, OSError, ValueError) as error:
        hint = "give the line of a verifier key, NAME+ID+KEY, or a file with such lines"
        raise UsageError(f"--key: expected a verifier key: {_why(error)}", hint=hint) from None


def _certificate(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"--tsa-certificate: {path}: cannot be read: {_why(error)}") from None


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else str(error)


def _check_timestamp(report: program.Report, certificate: bytes) -> str | None:
    """Check the timestamp and take it into the report; return when it says the statement was there."""
    from catalog.evidence.timestamp import verify_timestamp  # on use: few have one

    held = report.bundle
    if held is None:
        return None
    try:
        answer = held.read("timestamp.tsr", report)
        at = verify_timestamp(answer, held.read("statement.dsse.json", report), certificate)
    except (program.Mismatch, ValueError) as error:
        report.mismatch("timestamp.tsr", str(error))
        return None
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    report.checked.append(f"timestamp (RFC 3161): the statement was there at {moment}, by the authority that was given")
    return moment
