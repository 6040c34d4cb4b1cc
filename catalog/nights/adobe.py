"""What Adobe says, once a night: flows as they are now, their runs against what landed; on record, and as findings.

What is to be told of it, and to whom, is decided elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.adobe.calls import dataset_flows, eligible_datasets
from catalog.adobe.noticed import Noticed
from catalog.adobe.opening import flow_service
from catalog.adobe.reconcile_fetch import FetchedRuns, fetch_runs
from catalog.adobe.reconcile_gather import Gathering, facts_of, reconcile_flows
from catalog.adobe.reconcile_match import began_at
from catalog.adobe.reconcile_records import empty_slot_rows, run_rows
from catalog.adobe.reconcile_values import Reconciliation
from catalog.adobe.sync import Shown, plan_sync
from catalog.adobe.sync_fetch import fetch_flows
from catalog.adobe.sync_values import FlowParts
from catalog.adobe.told import quoted
from catalog.adobe.watch import FlowSeen, watch_flows
from catalog.judging.conditions import Noted
from catalog.judging.values import Period, Promise
from catalog.schedule import shift
from catalog.segments.names import SegmentKind
from catalog.settings.loading import DatasetSettings, Settings
from catalog.store.codec import Row
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.flows import recorded_flows, recorded_raws
from catalog.store.journal import record
from catalog.store.said import empty_slots
from verifier.backends.adobe_login import TABLE, has_login
from verifier.errors import SourceError, UsageError
from verifier.model import finding
from verifier.verdict import apply_levels
from verifier.zone_model import Trouble

_BEFORE = timedelta(days=1)
"""Runs recorded so long before the period are asked for, too: they may have begun in it."""
_NOBODY = "adobe"
"""What a notice is about where nobody could be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdobeNight:
    """What asking Adobe came to; `reconciliation` is None where it could not be asked, `trouble` says why.

    `noted` are all findings with what each is about, `looked` all that could be looked at, whatever was found. `flows`
    are rows of those seen otherwise than before: to be recorded once people were told, so that no change is lost.
    """

    reconciliation: Reconciliation | None = None
    trouble: Trouble | None = None
    noted: tuple[Noted, ...] = ()
    looked: frozenset[str] = frozenset()
    flows: tuple[Row, ...] = ()

    @property
    def is_in_the_dark(self) -> bool:
        """Tell whether something that was to be asked could not be."""
        flows = self.reconciliation.flows if self.reconciliation else ()
        return self.trouble is not None or any(flow.scope.trouble for flow in flows)


def flows_to_watch(settings: Settings) -> tuple[str, ...]:
    """Return the flows that the settings name, where they or the environment say as whom to ask; else none."""
    if not has_login({TABLE: settings.adobe.login()}, os.environ):
        return ()
    own = (dataset.flow for dataset in settings.datasets if dataset.flow)
    return tuple(dict.fromkeys((*settings.adobe.flows, *own)))


def ask_adobe(settings: Settings, catalog: Catalog, period: Period, names: tuple[str, str]) -> AdobeNight:
    """Ask Adobe for the flows of the settings, compare and record; where nobody can be asked that is a trouble.

    `names` are the id of what is recorded and the version of this program. Raises `CatalogError`.
    """
    try:
        asked = _asked(settings, period)
    except (SourceError, UsageError) as error:
        kind = error.kind if isinstance(error, SourceError) else "settings"
        trouble = Trouble(kind=kind, message=error.message, hint=error.hint)
        return AdobeNight(trouble=trouble, noted=tuple(_levelled(settings, [_unasked(_NOBODY, trouble)])))
    parts, runs = asked.parts, asked.runs
    result = reconcile_flows(Gathering(settings, catalog, period), [facts_of(p, settings) for p in parts], runs)
    before = {row["flow_id"]: FlowSeen.from_row(row) for row in recorded_flows(catalog)}
    seen = [FlowSeen.of(p, period.at) for p in parts]
    _record(catalog, result, runs, names)
    shown = Shown(flows=parts, is_all=False, eligible=asked.eligible)
    noted = [
        *_of_flows(settings, period.at, seen, before),
        *map(_not_shown, asked.gone),
        *_of_datasets(plan_sync(shown, settings).findings),
        *_of_runs(result),
    ]
    return AdobeNight(
        reconciliation=result,
        noted=tuple(_levelled(settings, noted)),
        looked=frozenset({_NOBODY, *(one.subject for one in noted), *_subjects(result, asked)}),
        flows=tuple(flow.row() for flow in seen if not flow.is_as(before.get(flow.flow_id))),
    )


def _record(catalog: Catalog, result: Reconciliation, runs: FetchedRuns, names: tuple[str, str]) -> None:
    """Record the runs that are new or otherwise than before, and the slots that had nothing to export."""
    known = [(*place, due_at) for place, slots in empty_slots(catalog).items() for due_at in slots]
    entry = Entry(
        kind=SegmentKind.FLOW,
        id=names[0],
        zone="",
        tool_version=names[1],
        written_at=result.at,
        rows={
            "run": run_rows((r for some in runs.runs.values() for r in some), result.at, recorded_raws(catalog)),
            "empty-slot": empty_slot_rows(result, known),
        },
    )
    if entry.count:
        record(catalog, entry)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The flows of the settings that Adobe shows, with their runs, names of those it does not, what may be exported.

    `eligible` is None where that may not be asked.
    """

    parts: tuple[FlowParts, ...]
    runs: FetchedRuns
    gone: tuple[str, ...]
    eligible: frozenset[str] | None


def _asked(settings: Settings, period: Period) -> _Asked:
    with flow_service(settings) as client:
        shown = {name for flow in dataset_flows(client) for name in (flow.id, flow.name)}
        wanted = flows_to_watch(settings)
        there = [flow for flow in wanted if flow in shown]
        parts = fetch_flows(client, there) if there else ()
        runs = fetch_runs(client, [p.flow.id for p in parts], shift(period.since, -_BEFORE), period.at)
        try:
            eligible = frozenset(dataset.id for dataset in eligible_datasets(client)) if parts else None
        except SourceError:
            eligible = None  # a role may see dataflows and no datasets
    return _Asked(parts, runs, tuple(flow for flow in wanted if flow not in shown), eligible)


def _of_flows(
    settings: Settings, at: datetime, seen: Sequence[FlowSeen], before: Mapping[str, FlowSeen]
) -> Iterator[Noted]:
    promises = [_promise(dataset) for dataset in settings.datasets]
    for flow in seen:
        known = {flow.flow_id: before[flow.flow_id]} if flow.flow_id in before else {}
        for found in watch_flows(at, [flow], known, promises):
            yield Noted(subject=f"flow {flow.flow_id}", zone="", dataset_id=None, finding=found)


def _not_shown(flow: str) -> Noted:
    """A flow that the settings wait for may have been deleted, or a label hides it."""
    message = f"Adobe shows no dataflow {quoted(flow)}: it was deleted, or a label hides it"
    found = finding("schedule.disabled", message, expected="the dataflow of the settings", actual="nothing")
    return Noted(subject=f"flow {flow}", zone="", dataset_id=None, finding=found)


def _promise(dataset: DatasetSettings) -> Promise:
    return Promise(
        zone=dataset.zone,
        dataset_id=dataset.id,
        name=dataset.name,
        schedule=dataset.schedule(),
        enabled=dataset.enabled,
        flow=dataset.flow,
    )


def _of_datasets(findings: Sequence[Noticed]) -> Iterator[Noted]:
    for noticed in findings:
        subject = _offer(noticed.zone or "", noticed.dataset_id or "")
        yield Noted(subject=subject, zone=noticed.zone or "", dataset_id=noticed.dataset_id, finding=noticed.finding)


def _of_runs(result: Reconciliation) -> Iterator[Noted]:
    began = {compared.run.id: began_at(compared.run) for flow in result.flows for compared in flow.runs}
    for noticed in result.findings:
        subject = f"run {noticed.run_id}" if noticed.run_id else _exports(noticed.flow_id)
        yield Noted(
            subject=subject,
            zone=noticed.zone or "",
            dataset_id=noticed.dataset_id,
            finding=noticed.finding,
            happened_at=began.get(noticed.run_id or ""),
        )
    for flow in result.flows:
        if flow.scope.trouble:
            yield _unasked(f"flow {flow.scope.flow_id}", flow.scope.trouble)


def _subjects(result: Reconciliation, asked: _Asked) -> Iterator[str]:
    """Yield all that was looked at: flows whose runs could be asked for, these runs, and what they exported."""
    if asked.eligible is not None:
        yield from (_offer(s.zone, s.dataset_id) for flow in result.flows for s in flow.scope.streams)
    for flow in result.flows:
        if not flow.scope.trouble:
            yield f"flow {flow.scope.flow_id}"
            yield _exports(flow.scope.flow_id)
            yield from (f"run {compared.run.id}" for compared in flow.runs)


def _exports(flow_id: str | None) -> str:
    return f"exports {flow_id or 'of no flow'}"


def _offer(zone: str, dataset_id: str) -> str:
    return f"offer {zone}/{dataset_id}"


def _unasked(subject: str, trouble: Trouble) -> Noted:
    found = finding("flow.unreachable", f"Adobe could not be asked: {trouble.message}")
    return Noted(subject=subject, zone="", dataset_id=None, finding=found)


def _levelled(settings: Settings, noted: Sequence[Noted]) -> Iterator[Noted]:
    for one in noted:
        (found,) = apply_levels([one.finding], settings.levels)
        yield replace(one, finding=found)
