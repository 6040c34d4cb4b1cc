"""`landproof audit report`: arguments, one report of a bundle or of the catalog, in the format asked for."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.cli.audit_asked import asked_datasets, asked_period, asked_zone, judged_at, refuse_no_catalog
from catalog.cli.options import AsKnownAt, CatalogPath, Config, Json, Zone
from catalog.cli.session import Session, open_session, print_document
from catalog.cli.spool import indented
from catalog.evidence import verify as program
from catalog.evidence.asked import Asked
from catalog.evidence.contents import Contents
from catalog.evidence.gather.bundle import gather
from catalog.evidence.report.document import report_document, report_of
from catalog.exit_status import ExitStatus
from catalog.questions.moments import parse_known_at
from catalog.scratch_folder import scratch_folder
from catalog.workflow import tool_version
from verifier.errors import SourceError, UsageError

if TYPE_CHECKING:
    from catalog.evidence.report.values import Report

_FROM = typer.Option("--from", metavar="TIME", help="Slots due and exports from here on.")
_TO = typer.Option("--to", metavar="TIME", help="Up to here, a whole day where it is a date.")
_DATASET = typer.Option("--dataset", metavar="DATASET", help="Only this dataset: id, ZONE/ID or name; may be repeated.")
_BUNDLE = typer.Option(
    "--bundle", metavar="FILE", help="Report on this bundle, once it was verified; needs no catalog."
)
_FORMAT = typer.Option("--format", metavar="FORMAT", help="html, pdf, json or csv (default: as --out ends, or html).")
_OUT = typer.Option("--out", metavar="FILE", help="Write to this file, which is not there yet (default: print it).")
_SCRATCH = typer.Option("--scratch", metavar="DIR", help="Where rows are gathered meanwhile (default: TMPDIR).")


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("report")(report)


def report(
    *,
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    datasets: Annotated[list[str] | None, _DATASET] = None,
    zone: Zone = None,
    bundle: Annotated[Path | None, _BUNDLE] = None,
    form: Annotated[str | None, _FORMAT] = None,
    out: Annotated[Path | None, _OUT] = None,
    as_known_at: AsKnownAt = None,
    scratch: Annotated[Path | None, _SCRATCH] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Report on a period, for an auditor.

    Coverage, exceptions and their closure, restore tests, recovery points, retention, and what this does not prove.
    All of it is counted from the rows of a bundle. Exits with 0 once it is written, whatever it says.
    """
    write = _writer(_format(form, out, wants_json=wants_json), out)
    if bundle is not None:
        if start or end or datasets or zone or as_known_at:
            raise UsageError("--bundle says itself what it is about: it goes with --format, --out and --json only")
        if not _is_whole(bundle):
            return int(ExitStatus.ERRORS)
        told = report_of(Contents(bundle))
    else:
        session = open_session(config, catalog, wants_json=wants_json, known_at=parse_known_at(as_known_at))
        refuse_no_catalog(session)
        since, until = asked_period(start, end)
        asked = Asked(
            since=since,
            until=until,
            judged_at=max(since, judged_at(session, until)),
            tool_version=tool_version(),
            datasets=asked_datasets(session, datasets or (), zone),
            zone=asked_zone(session, zone),
            proved=False,
        )
        with _folder(session, scratch) as folder:
            told = report_of(gather(session.settings, session.catalog, asked, folder).contents)
    write(told)
    if wants_json and out is not None:
        print_document(report_document(told))
    return int(ExitStatus.OK)


def _is_whole(bundle: Path) -> bool:
    """Verify a bundle, and say on stderr what is wrong with it."""
    try:
        checked = program.check(bundle)
    except OSError as error:
        raise SourceError(f"{bundle}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from error
    if checked.status in (0, 1):
        return True
    sys.stderr.writelines(f"landproof: {line}\n" for line in checked.lines())
    sys.stderr.write(f"landproof: {bundle} does not verify: there is no report of it\n")
    return False


@contextmanager
def _folder(session: Session, scratch: Path | None) -> Iterator[Path]:
    needed = 2 * session.catalog.file.stat().st_size
    with scratch_folder(scratch or Path(tempfile.gettempdir()), needed) as folder:
        yield folder


def _format(form: str | None, out: Path | None, *, wants_json: bool) -> str:
    """Return the format asked for; `--json` alone is that format."""
    suffix = "" if out is None else out.suffix.lstrip(".").lower()
    found = form or ("json" if wants_json and out is None else _SUFFIXES.get(suffix, "html"))
    if found not in _FORMATS:
        raise UsageError(f"--format: expected one of {', '.join(_FORMATS)}, got {found!r}")
    if wants_json and out is None and found != "json":
        raise UsageError(f"--json prints a document, --format {found} another: name a file for one with --out")
    return found


def _writer(form: str, out: Path | None) -> Callable[[Report], None]:
    """Refuse what cannot be written before anything is gathered; return what writes a report."""
    if out is None:
        if form == "pdf" and sys.stdout.isatty():
            raise UsageError("a PDF is nothing for a terminal", hint="name a file with --out")
        return lambda told: _print(_FORMATS[form](told), is_text=form != "pdf")
    if os.path.lexists(out):
        raise UsageError(f"--out: {out} is there already, and nothing is overwritten", hint="name another file")
    return lambda told: _write(out, _FORMATS[form](told))


def _print(content: bytes, *, is_text: bool) -> None:
    if is_text:
        sys.stdout.write(content.decode("utf-8"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


def _write(out: Path, content: bytes) -> None:
    """Write a new file, whole or not at all. Raises `UsageError` where it is there already or cannot be written."""
    try:
        with out.open("xb") as file:
            try:
                file.write(content)
            except BaseException:
                with suppress(OSError):
                    out.unlink()
                raise
    except FileExistsError:
        raise UsageError(f"--out: {out} is there already, and nothing is overwritten") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(
            f"--out: {out}: cannot be written: {reason}", hint="name a file in a folder that is there"
        ) from error


def _html(told: Report) -> bytes:
    from catalog.evidence.report.html import report_html  # what lays out is loaded on use, each alone

    return report_html(told).encode("utf-8")


def _pdf(told: Report) -> bytes:
    from catalog.evidence.report.pdf import report_pdf

    return report_pdf(told)


def _json(told: Report) -> bytes:
    return ("".join(indented(report_document(told))) + "\n").encode("utf-8")


def _csv(told: Report) -> bytes:
    from catalog.evidence.report.csv import report_csv

    return report_csv(told).encode("utf-8-sig")


_FORMATS: dict[str, Callable[[Report], bytes]] = {"html": _html, "pdf": _pdf, "json": _json, "csv": _csv}
_SUFFIXES = {"html": "html", "htm": "html", "pdf": "pdf", "json": "json", "csv": "csv"}
