"""`landproof adobe reconcile`: what Adobe says it exported against what landed; its document or words, exit status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from catalog.adobe.opening import flow_service
from catalog.adobe.reconcile_answers import reconcile_document
from catalog.adobe.reconcile_fetch import FetchedRuns, fetch_runs, saved_runs
from catalog.adobe.reconcile_gather import FlowFacts, Gathering, facts_of, reconcile_flows
from catalog.adobe.reconcile_match import began_at
from catalog.adobe.reconcile_values import Reconciliation
from catalog.adobe.sync_fetch import fetch_flows
from catalog.cli.adobe_reconcile_text import reconcile_text
from catalog.cli.options import CatalogPath, Config, FailOn, Json, parse_fail_on
from catalog.cli.session import Session, final_status, open_session
from catalog.exit_status import ExitStatus, Judgement
from catalog.judging.values import Period
from catalog.questions.moments import parse_period
from catalog.schedule import shift
from catalog.workflow import DEFAULT_PERIOD, utc_now
from verifier.errors import UsageError

_FLOWS = typer.Argument(metavar="FLOW", help="Only these dataflows, by id or name (default: adobe.flows, or all).")
_RUNS = typer.Option("--runs", metavar="FILE", help="Runs saved by adobe runs --output; Adobe is not asked.")
_FROM = typer.Option("--from", metavar="TIME", help="Runs begun from here on (default: 35 days back; saved: all).")
_TO = typer.Option("--to", metavar="TIME", help="Runs begun until here (default: now).")
_BEFORE = timedelta(days=1)
"""Runs recorded so long before the time that is asked about are asked for, too: they may have begun in it."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reconcile")(reconcile)


def reconcile(
    *,
    flows: Annotated[list[str] | None, _FLOWS] = None,
    runs: Annotated[list[Path] | None, _RUNS] = None,
    start: Annotated[str | None, _FROM] = None,
    end: Annotated[str | None, _TO] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
    fail_on: FailOn = "warn",
) -> int:
    """Compare runs at Adobe with what landed.

    Files, rows and bytes of each run against its snapshots in the catalog. Nothing is read from the zone.
    """
    fails_on_warnings = parse_fail_on(fail_on)
    first, last = parse_period(start, end)
    session = open_session(config, catalog, wants_json=wants_json)
    now = utc_now()
    at = min(last, now) if last else now
    fetched = saved_runs(runs) if runs else None
    earliest = _first_run(fetched) if fetched else shift(at, -DEFAULT_PERIOD)
    period = Period(first or earliest, at)
    gathering = Gathering(session.settings, session.catalog, period)
    if fetched is None:
        facts, fetched = _asked(session, flows or session.settings.adobe.flows, period, now)
    else:
        facts = _saved_facts(fetched, flows or ())
    result = reconcile_flows(gathering, facts, fetched)
    document = reconcile_document(result, since=period.since, source="files" if runs else "adobe")
    session.answer(document, "" if wants_json else reconcile_text(document))
    return final_status(_status(result, session), fails_on_warnings=fails_on_warnings)


def _asked(
    session: Session, wanted: Sequence[str], period: Period, now: datetime
) -> tuple[list[FlowFacts], FetchedRuns]:
    with flow_service(session.settings) as client:
        found = fetch_flows(client, wanted)
        ids = [parts.flow.id for parts in found]
        fetched = fetch_runs(client, ids, shift(period.since, -_BEFORE), now)
    return [facts_of(parts, session.settings) for parts in found], fetched


def _saved_facts(fetched: FetchedRuns, wanted: Sequence[str]) -> list[FlowFacts]:
    """Return the flows of saved runs: those asked for by id, or all."""
    unknown = [flow for flow in wanted if flow not in fetched.runs]
    if unknown and len(unknown) == len(wanted):
        known = ", ".join(sorted(flow for flow in fetched.runs if flow)) or "none"
        raise UsageError(f"the saved runs have none of dataflow {', '.join(unknown)}", hint=f"they have: {known}")
    chosen = [flow for flow in fetched.runs if not wanted or flow in wanted]
    return [FlowFacts(flow_id=flow_id) for flow_id in sorted(chosen)]


def _first_run(fetched: FetchedRuns) -> datetime:
    began = [moment for runs in fetched.runs.values() for run in runs if (moment := began_at(run))]
    return min(began, default=fetched.until)


def _status(result: Reconciliation, session: Session) -> ExitStatus:
    """Where nothing was compared, or runs could not be asked for, nobody looked."""
    judgement = Judgement(session.settings)
    judgement.findings(noticed.finding for noticed in result.findings)
    in_the_dark = not result.is_compared or any(flow.scope.trouble for flow in result.flows)
    return max(judgement.status, ExitStatus.NOT_LOOKED if in_the_dark else ExitStatus.OK)
