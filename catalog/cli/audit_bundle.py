"""`landproof audit bundle`: arguments, one bundle, its document or its words; what is in it is no business of this."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.audit_asked import asked_datasets, asked_period, asked_zone, judged_at, refuse_no_catalog
from catalog.cli.audit_bundle_text import bundle_text
from catalog.cli.options import CatalogPath, Config, Json, Zone
from catalog.cli.session import Session, open_session
from catalog.evidence.asked import Asked
from catalog.evidence.bundle_answers import bundle_document
from catalog.evidence.container import write_bundle
from catalog.evidence.gather.bundle import gather
from catalog.evidence.previous import read_previous
from catalog.questions.closing import sealing_of
from catalog.scratch_folder import scratch_folder
from catalog.workflow import tool_version
from verifier.errors import UsageError

_FROM = typer.Option("--from", metavar="TIME", help="Slots due and exports from here on.")
_TO = typer.Option("--to", metavar="TIME", help="Up to here, a whole day where it is a date.")
_DATASET = typer.Option("--dataset", metavar="DATASET", help="Only this dataset: id, ZONE/ID or name; may be repeated.")
_PREVIOUS = typer.Option("--previous", metavar="FILE", help="The bundle before, whose ledger this one goes on from.")
_TIMESTAMP = typer.Option("--timestamp", metavar="URL", help="Have it timestamped by this authority (RFC 3161).")
_OUT = typer.Option(
    "--out",
    metavar="FILE",
    help="The bundle to write (default: landproof-evidence-FROM-TO.zip here); nothing is overwritten.",
)
_SCRATCH = typer.Option("--scratch", metavar="DIR", help="Where its files are gathered meanwhile (default: TMPDIR).")


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("bundle")(bundle)


def bundle(
    *,
    start: Annotated[str, _FROM],
    end: Annotated[str, _TO],
    out: Annotated[Path | None, _OUT] = None,
    datasets: Annotated[list[str] | None, _DATASET] = None,
    zone: Zone = None,
    previous: Annotated[Path | None, _PREVIOUS] = None,
    timestamp: Annotated[str | None, _TIMESTAMP] = None,
    scratch: Annotated[Path | None, _SCRATCH] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Write all evidence of a period into one file.

    Every slot, snapshot, file and finding, with proofs that the ledger tells of them. Nothing is read from the zone,
    and nothing recorded. The same catalog, settings and period give the same bytes, but for a timestamp.
    """
    since, until = asked_period(start, end)
    session = open_session(config, catalog, wants_json=wants_json)
    refuse_no_catalog(session)
    out = out or Path(f"landproof-evidence-{since:%Y%m%d}-{until:%Y%m%d}.zip")
    if os.path.lexists(out):
        raise UsageError(f"--out: {out} is there already, and nothing is overwritten", hint="name another file")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"--out: {out.parent} is no folder", hint="name a file in a folder that is there")
    signer = sealing_of(session).signer
    asked = Asked(
        since=since,
        until=until,
        judged_at=max(since, judged_at(session, until)),
        tool_version=tool_version(),
        datasets=asked_datasets(session, datasets or (), zone),
        zone=asked_zone(session, zone),
        previous=None if previous is None else read_previous(previous),
        verifier=None if signer is None else signer.verifier.text,
    )
    with scratch_folder(scratch or Path(tempfile.gettempdir()), _needed(session)) as folder:
        gathered = gather(session.settings, session.catalog, asked, folder)
        written = write_bundle(out, gathered.data, signer=signer, timestamp_url=timestamp)
    document = bundle_document(gathered, written)
    session.answer(document, "" if wants_json else bundle_text(document))
    return 0


def _needed(session: Session) -> int:
    """Return how much room the copy of the catalog takes, and its rows, which are rarely more than twice as much."""
    return 3 * session.catalog.file.stat().st_size
