"""Ask Adobe for the runs of flows, or take them from documents that were saved; one flow does not hide the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from catalog.adobe.calls import runs as ask_for_runs
from catalog.adobe.client import FlowClient
from catalog.adobe.model import Run
from catalog.adobe.parse import load_runs
from catalog.adobe.reconcile import unique_runs
from catalog.adobe.reconcile_match import began_at, ended_at
from verifier.errors import SourceError, UsageError
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedRuns:
    """The runs of flows, by the flow's id; `troubles` are those of flows whose runs could not be asked for.

    No run that began after `until` is among them, and none before `since`; None: nobody can tell since when.
    """

    runs: Mapping[str, tuple[Run, ...]]
    until: datetime
    since: datetime | None = None
    troubles: Mapping[str, Trouble] = field(default_factory=dict)


def fetch_runs(client: FlowClient, flow_ids: Iterable[str], since: datetime, now: datetime) -> FetchedRuns:
    """Ask for the runs that were recorded after a moment, flow by flow; `now` is when the asking begins.

    A flow that cannot be asked for is a trouble; the others are asked for all the same.
    """
    runs: dict[str, tuple[Run, ...]] = {}
    troubles: dict[str, Trouble] = {}
    for flow_id in dict.fromkeys(flow_ids):
        try:
            runs[flow_id] = unique_runs(ask_for_runs(client, flow_id, since=since))
        except SourceError as error:
            troubles[flow_id] = Trouble(kind=error.kind, message=error.message, hint=error.hint)
    return FetchedRuns(runs=runs, until=now, since=since, troubles=troubles)


def saved_runs(paths: Sequence[Path]) -> FetchedRuns:
    """Read saved `/runs` documents; the newest moment in them stands for when they were saved.

    Raises `UsageError` for a file that cannot be read, and `AnswerError` for one that holds something else.
    """
    found: list[Run] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror or "").lower() if isinstance(error, OSError) else "not UTF-8 text"
            raise UsageError(f"{path} cannot be read: {reason}") from error
        found += load_runs(text, str(path))
    return recorded_runs(found)


def recorded_runs(found: Iterable[Run]) -> FetchedRuns:
    """Return runs from a record by their flows, as of the newest moment in them."""
    by_flow: dict[str, list[Run]] = {}
    moments: list[datetime] = []
    for run in unique_runs(list(found)):
        by_flow.setdefault(run.flow_id or "", []).append(run)
        moments += [moment for moment in (began_at(run), ended_at(run), run.updated_at) if moment]
    if not moments:
        raise UsageError("there is no run that says when it was", hint="save runs with: landproof adobe runs FLOW")
    return FetchedRuns(runs={flow: tuple(runs) for flow, runs in by_flow.items()}, until=max(moments))
