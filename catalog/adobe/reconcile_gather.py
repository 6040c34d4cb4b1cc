"""What catalog and settings have of the datasets of flows, as it is held against their runs; compares nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from catalog.adobe.model import DatasetRef, Run
from catalog.adobe.reconcile import reconcile
from catalog.adobe.reconcile_fetch import FetchedRuns
from catalog.adobe.reconcile_values import Export, FlowScope, Reconciliation, Stream
from catalog.adobe.schedules import schedule_of
from catalog.adobe.sync_places import NoPlaceError, place_of, zone_at
from catalog.adobe.sync_values import FlowParts, is_flow_id
from catalog.adobe.told import quoted
from catalog.judging.values import Period
from catalog.schedule import Schedule, shift
from catalog.scope import covers
from catalog.settings.loading import DatasetSettings, Settings
from catalog.store.database import Catalog
from catalog.store.known import known_files, known_marks, known_zones, recorded_kinds
from catalog.store.queries import SnapshotFilter, list_snapshots
from catalog.store.scans import RecordedScan, list_scans
from verifier.backends.registry import lifetime_of
from verifier.backends.urls import relative_to
from verifier.layout import is_dataset_id, parse_manifest_name
from verifier.model import FileKind, KnownFile, Presence, SnapshotReport, export_moment

_AROUND = timedelta(days=2)
"""Snapshots so far beside the time that is asked about may still be of its runs."""
_ALL_SCANS = 1_000_000
_SNAPSHOTS_AT_ONCE = 200
_QUIET = timedelta(minutes=30)
_Known = tuple[str, str, str | None]
"""A dataset of a flow: its zone, its id, and its id at Adobe where that is another."""
_UNREADABLE = ("manifest.invalid", "manifest.too-large", "manifest.unsafe-path")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFacts:
    """What is known of a flow beside its runs; `datasets` is None where nobody was asked for them.

    `url` is the place that it exports to, where Adobe tells.
    """

    flow_id: str
    name: str | None = None
    schedule: Schedule | None = None
    datasets: tuple[DatasetRef, ...] | None = None
    url: str | None = None
    zone: str | None = None


def facts_of(parts: FlowParts, settings: Settings) -> FlowFacts:
    """Return what Adobe tells of a flow."""
    url, zone = None, None
    try:
        place = place_of(parts, settings.adobe.sandbox, settings.zones)
    except NoPlaceError:
        pass
    else:
        url, zone = place.url, zone_at(place, settings.zones)
    return FlowFacts(
        flow_id=parts.flow.id,
        name=parts.flow.name or None,
        schedule=schedule_of(parts.flow.schedule),
        datasets=parts.datasets if parts.sources else None,
        url=url,
        zone=zone,
    )


def reconcile_flows(gathering: Gathering, facts: Sequence[FlowFacts], fetched: FetchedRuns) -> Reconciliation:
    """Compare the runs of these flows with what the catalog has of their datasets."""
    scopes = [gathering.scope(one, fetched) for one in facts]
    places = Counter((stream.zone, stream.dataset_id) for scope in scopes for stream in scope.streams)
    shared = frozenset(place for place, flows in places.items() if flows > 1)
    scopes = [replace(scope, shared=shared) for scope in scopes]
    return reconcile(scopes, gathering.period, gathering.settings.levels)


class Gathering:
    """Reads the catalog for flow after flow; what several of them need is read once. Raises `CatalogError`."""

    def __init__(self, settings: Settings, catalog: Catalog, period: Period) -> None:
        self.settings, self.period = settings, period
        self._catalog = catalog
        self._urls = known_zones(catalog)
        self._kinds = recorded_kinds(catalog)
        self._zones: dict[str, _ZoneFacts] = {}

    def scope(self, facts: FlowFacts, fetched: FetchedRuns) -> FlowScope:
        """Return a flow with its runs and what the catalog has of its datasets."""
        runs = fetched.runs.get(facts.flow_id, ())
        own = [d for d in self.settings.datasets if d.flow and d.flow in (facts.flow_id, facts.name)]
        found, missing, assumed = list[_Known](), None, None
        if facts.datasets is not None:
            found, missing = self._told(facts, facts.datasets, own)
        elif own:
            found = [(d.zone, d.id, None) for d in own]
        else:
            found, assumed = self._guessed(runs, is_alone=len(fetched.runs) == 1)
            missing = None if found else "which datasets it exports is not known"
        return FlowScope(
            flow_id=facts.flow_id,
            name=facts.name,
            streams=tuple(self._stream(*place) for place in found),
            runs=runs,
            missing=missing,
            assumed=assumed,
            trouble=fetched.troubles.get(facts.flow_id),
            schedule=facts.schedule,
            since=fetched.since,
            until=fetched.until,
        )

    def _told(
        self, facts: FlowFacts, datasets: Iterable[DatasetRef], own: Sequence[DatasetSettings]
    ) -> tuple[list[_Known], str | None]:
        """Return the datasets that Adobe tells of, and why these are not all, if so."""
        found, lost = list[_Known](), list[str]()
        for dataset in datasets:
            place = self._place(dataset, facts, own)
            if place is None:
                lost.append(quoted(dataset.name or dataset.id))
            else:
                found.append((*place, dataset.id if place[1] != dataset.id else None))
        if lost and found:
            are = "is" if len(lost) == 1 else "are"
            return found, f"seen only in part: {', '.join(lost)} {are} in no zone that is known"
        if lost:
            return found, f"none of its datasets is in a zone that is known: {', '.join(lost)}"
        return found, None if found else "Adobe shows no dataset of it"

    def _place(self, dataset: DatasetRef, facts: FlowFacts, own: Iterable[DatasetSettings]) -> tuple[str, str] | None:
        """Return zone and id of a dataset: as configured for the flow, else where that exports to, else by its id.

        A folder template may call folders by the dataset's name, which is its id here then.
        """
        for one in own:
            if one.id in (dataset.id, dataset.name):
                return one.zone, one.id
        if facts.zone is not None:
            is_named = dataset.name in self._zone(facts.zone).first and dataset.id not in self._zone(facts.zone).first
            return facts.zone, dataset.name if is_named and dataset.name else dataset.id
        recorded = [zone for zone in self._urls if dataset.id in self._zone(zone).first]
        if facts.url is not None:
            recorded = [zone for zone in recorded if relative_to(facts.url, self._urls[zone]) is not None]
        return (recorded[0], dataset.id) if len(recorded) == 1 else None

    def _guessed(self, runs: Sequence[Run], *, is_alone: bool) -> tuple[list[_Known], str | None]:
        """Return the datasets that runs are of, where nobody tells, and what is taken for granted so.

        Those whose id a run names, else those in whose manifests runs are named, else the only one that may be meant.
        """
        configured = [(d.zone, d.id) for d in self.settings.datasets]
        recorded = [(zone, dataset_id) for zone in self._urls for dataset_id in sorted(self._zone(zone).first)]
        every = list(dict.fromkeys([*configured, *recorded]))
        taken = {(d.zone, d.id) for d in self.settings.datasets if d.flow and is_flow_id(d.flow)}
        free = [place for place in every if place not in taken]
        named = [place for place in free if is_dataset_id(place[1]) and any(place[1] in run.raw for run in runs)]
        if not named:
            ids = {run.id.lower() for run in runs}
            named = [place for place in free if any(ids & export.run_ids for export in self._exports(*place))]
        if not named and len(free) == 1 and is_alone:
            zone, dataset_id = free[0]
            return [(zone, dataset_id, None)], f"taken to export {zone}/{dataset_id}, the only dataset that is known"
        return [(zone, dataset_id, None) for zone, dataset_id in named], None

    def _stream(self, zone: str, dataset_id: str, source_id: str | None) -> Stream:
        settings = self.settings.zones.get(zone)
        dataset = self.settings.dataset(zone, dataset_id)
        facts = self._zone(zone)
        kind = self._kinds.get(zone)
        lifetime = settings.lifetime if settings else lifetime_of(kind) if kind else None
        return Stream(
            zone=zone,
            dataset_id=dataset_id,
            name=dataset.name if dataset else None,
            source_id=source_id,
            schedule=dataset.schedule() if dataset else None,
            exports=self._exports(zone, dataset_id),
            first_export_at=facts.first.get(dataset_id),
            looks=facts.looks(dataset_id),
            quiet=settings.quiet if settings else _QUIET,
            lifetime=lifetime,
        )

    def _zone(self, zone: str) -> _ZoneFacts:
        if zone not in self._zones:
            facts = _ZoneFacts()
            if zone in self._urls:
                for mark in known_marks(self._catalog, zone):
                    dataset_id, export_time = mark.key
                    at = export_moment(export_time)
                    facts.first[dataset_id] = min(at, facts.first.get(dataset_id, at))
                facts.scans = list_scans(self._catalog, zone, _ALL_SCANS)
            self._zones[zone] = facts
        return self._zones[zone]

    def _exports(self, zone: str, dataset_id: str) -> tuple[Export, ...]:
        facts = self._zone(zone)
        if dataset_id not in facts.exports:
            facts.exports[dataset_id] = tuple(self._read_exports(zone, dataset_id))
        return facts.exports[dataset_id]

    def _read_exports(self, zone: str, dataset_id: str) -> Iterator[Export]:
        if dataset_id not in self._zone(zone).first:
            return
        period = self.period
        wanted = SnapshotFilter(
            zone=zone,
            dataset_ids=(dataset_id,),
            from_at=shift(period.since, -_AROUND),
            to_at=shift(period.at, _AROUND),
        )
        reports = [recorded.report for recorded in list_snapshots(self._catalog, wanted)]
        for start in range(0, len(reports), _SNAPSHOTS_AT_ONCE):
            some = reports[start : start + _SNAPSHOTS_AT_ONCE]
            files = known_files(self._catalog, zone, [(r.id.dataset_id, r.id.export_time) for r in some])
            for report in some:
                yield export_of(report, files.get((report.id.dataset_id, report.id.export_time), {}).values())


@dataclass(slots=True)
class _ZoneFacts:
    """Of a zone: its looks, and the first export time and the exports of each dataset."""

    first: dict[str, datetime] = field(default_factory=dict)
    scans: list[RecordedScan] = field(default_factory=list)
    exports: dict[str, tuple[Export, ...]] = field(default_factory=dict)

    def looks(self, dataset_id: str) -> tuple[datetime, ...]:
        """Return the starts of the complete listings that cover a dataset, in order."""
        trusted = [s for s in self.scans if s.complete and not s.suspect and covers(s.scope, dataset_id)]
        return tuple(sorted(s.started_at for s in trusted))


def export_of(report: SnapshotReport, files: Iterable[KnownFile]) -> Export:
    """Return a recorded snapshot as it is held against a run."""
    known = list(files)
    data = [f for f in known if f.report.kind.is_data and f.presence is Presence.PRESENT]
    manifests = [f for f in known if f.report.kind is FileKind.MANIFEST]
    run_ids = (parse_manifest_name(f.report.file.path.rsplit("/", 1)[-1]) for f in manifests)
    return Export(
        id=report.id,
        verdict=report.verdict,
        presence=report.presence,
        data_files=report.data_files,
        data_bytes=sum(f.report.file.size for f in data) if len(data) == report.data_files else None,
        rows=report.rows,
        has_manifest=report.manifest is not None,
        listed_files=_listed(report),
        run_ids=frozenset(run_id.lower() for run_id in run_ids if run_id),
    )


def _listed(report: SnapshotReport) -> int | None:
    """Return how many data files manifests list: those there, less the unlisted, and those that are not there."""
    found = (*report.findings, *report.file_findings)
    if report.manifest is None or any(f.code in _UNREADABLE for f in found):
        return None
    counts: Mapping[str, int] = {
        code: sum(f.count for f in found if f.code == code)
        for code in ("manifest.unlisted-file", "manifest.file-missing")
    }
    return report.data_files - counts["manifest.unlisted-file"] + counts["manifest.file-missing"]
