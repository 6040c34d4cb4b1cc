"""`landproof metrics`: the watch in the format of Prometheus, printed, written to a file, or served."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.session import open_session
from catalog.metrics.answers import metrics_document
from catalog.metrics.facts import gather_facts
from catalog.metrics.families import exposition
from catalog.metrics.file import write_metrics
from catalog.metrics.server import Metrics, parse_address, serve
from catalog.workflow import utc_now
from verifier.errors import UsageError

_FILE = typer.Option("--file", metavar="FILE", help="Write to this file, for node_exporter's textfile collector.")
_LISTEN = typer.Option("--listen", metavar="HOST:PORT", help="Serve /metrics until told to end; :PORT is loopback.")
_WAIT_SECONDS = 3.0
"""For a catalog that somebody writes to: who scrapes waits ten."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("metrics")(metrics)


def metrics(
    *,
    file: Annotated[Path | None, _FILE] = None,
    listen: Annotated[str | None, _LISTEN] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Tell the state of the watch as Prometheus metrics.

    When it last ran, how old the newest good snapshot of each dataset is, what is missing, what was not read for long.
    """
    if sum((file is not None, listen is not None, wants_json)) > 1:
        raise UsageError("--file, --listen and --json exclude each other")
    address = parse_address(listen) if listen else None
    session = open_session(config, catalog, wants_json=wants_json)
    if address:
        patient = replace(session.catalog, wait_seconds=_WAIT_SECONDS)
        serve(Metrics(lambda: gather_facts(session.settings, patient, utc_now())), address, _say_where)
        return 0
    facts = gather_facts(session.settings, session.catalog, utc_now())
    if file:
        write_metrics(file, facts)
    else:
        session.answer(metrics_document(facts) if wants_json else {}, exposition(facts).decode("utf-8"))
    return 0


def _say_where(url: str) -> None:
    sys.stderr.write(f"landproof: metrics at {url}\n")
    sys.stderr.flush()
