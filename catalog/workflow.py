"""The use cases, one short function each: observe, judge, keep watch; prints nothing and parses nothing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from catalog.judging.copies import arrival_of
from catalog.judging.slots import judge_dataset, judge_expiry
from catalog.judging.values import (
    DatasetJudgement,
    Drills,
    Lifetime,
    Look,
    Period,
    Place,
    Promise,
)
from catalog.judging.zones import judge_flows, judge_zone, stale_limit
from catalog.noting import noticed
from catalog.scans.observe import ZoneScan
from catalog.scans.results import ScanResult, Watch
from catalog.scans.run import Run
from catalog.scans.tally import add
from catalog.scope import covers
from catalog.settings.loading import DatasetSettings, Settings
from catalog.store.database import Catalog
from catalog.store.drills import last_drills
from catalog.store.journal import record
from catalog.store.known import (
    RecordedLook,
    known_snapshots,
    known_zones,
    looks,
    newest_zone_findings,
    recorded_kinds,
)
from catalog.store.places import places_elsewhere
from catalog.store.promises import ScheduleRecord, last_schedules, slot_statuses
from catalog.store.reads import dataset_reads
from catalog.store.said import acceptances_at, pauses
from catalog.targets import Target
from verifier.backends.registry import lifetime_of, open_backend
from verifier.errors import UsageError
from verifier.groups import Key
from verifier.model import Finding, SnapshotId, SnapshotReport
from verifier.verdict import apply_levels
from verifier.zone_model import Trouble, ZoneReport

DEFAULT_PERIOD = timedelta(days=35)


def tool_version() -> str:
    """Return the version of this program."""
    return version("landproof")


def utc_now() -> datetime:
    """Return now, aware, in UTC; the one place that reads the clock."""
    return datetime.now(UTC)


def new_scan_id() -> str:
    """Return a fresh id that sorts by time."""
    moment = int(utc_now().timestamp() * 1000)
    return f"{moment:012x}{uuid.uuid4().hex[:12]}"


@dataclass(slots=True)
class Scan:
    """One scan over some zones: iterate `snapshots` to its end, then ask for the result."""

    run: Run
    targets: Sequence[Target]
    started_at: datetime = field(default_factory=utc_now)
    _looks: list[ZoneScan] = field(default_factory=list)

    def snapshots(self) -> Generator[SnapshotReport]:
        """Look at every zone in turn and yield each snapshot as it is judged.

        Raises `UsageError` with all that is wrong with their options before anything is asked of any.
        """
        if len(self.targets) > 1:
            _refuse_unusable(self.targets)
        for target in self.targets:
            look = ZoneScan(target, self.run)
            self._looks.append(look)
            yield from look.snapshots()

    def result(self, cut: Trouble | None = None) -> ScanResult:
        """Return everything but the snapshots; `cut` says of zones that were not looked at to their end why."""
        run = self.run
        seen = [look.report for look in self._looks]
        if cut:
            seen += [ZoneReport(zone=t.zone, url=t.location.url, complete=False) for t in self.targets[len(seen) :]]
            seen = [replace(r, error=cut) if not r.complete and r.error is None else r for r in seen]
        return ScanResult(
            scan_id=run.scan_id,
            tool_version=run.tool_version,
            depth=run.depth,
            started_at=self.started_at,
            finished_at=run.clock(),
            zones=tuple(seen),
            counts=add(look.tally.counts for look in self._looks),
            strays=tuple((look.target.zone, stray) for look in self._looks for stray in look.strays),
            reverify=run.reverify,
        )


def _refuse_unusable(targets: Sequence[Target]) -> None:
    mistakes = []
    for target in targets:
        try:
            open_backend(target.location).close()
        except UsageError as error:
            mistakes.append(f"zone {target.zone}: {error.message}" + (f"; {error.hint}" if error.hint else ""))
    if mistakes:
        raise UsageError("\n  ".join(mistakes))


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be judged: the slots due in a period, of all zones or some; `records` what has changed since."""

    period: Period
    zones: frozenset[str] | None = None
    records: bool = False


def check(settings: Settings, catalog: Catalog, question: Question) -> Watch:
    """Judge the schedules of the settings against the catalog as of the period's end."""
    judge = _Judge(settings, catalog, question)
    watch = judge.watch()
    if question.records:
        judge.record(watch)
    return watch


def note(settings: Settings, catalog: Catalog, question: Question, watch: Watch) -> None:
    """Record what a check came to: the slots whose status changed, and the schedules as they are now."""
    _Judge(settings, catalog, question).record(watch)


class _Judge:
    """One judging: gathers what each dataset promised and what was seen of it."""

    def __init__(self, settings: Settings, catalog: Catalog, question: Question) -> None:
        self._settings, self._catalog, self._question = settings, catalog, question
        chosen = question.zones
        self._datasets = [d for d in settings.datasets if chosen is None or d.zone in chosen]
        self._zones = [z for z in settings.zones if chosen is None or z in chosen]
        self._schedules = last_schedules(catalog)
        self._kinds = recorded_kinds(catalog)
        self._drills = last_drills(catalog, question.period.at)
        self._pauses = pauses(catalog)
        self._accepted = acceptances_at(catalog, question.period.at)

    def watch(self) -> Watch:
        period = self._question.period
        judgements: list[DatasetJudgement] = []
        promises: list[Promise] = []
        findings: list[Finding] = []
        places = places_elsewhere(self._catalog)
        for zone in self._zones:
            recorded = looks(self._catalog, zone)
            known = known_snapshots(self._catalog, zone)
            snapshots = {key: self._accepted.applied(report) for key, report in known.items()}
            schedules = [s for d in self._datasets if d.zone == zone and (s := d.schedule())]
            reads = self._reads(zone)
            limit = self._settings.zones[zone].stale_after or stale_limit(schedules, period.at)
            findings += judge_zone(zone, _newest(recorded, None), limit, period.at)
            by_dataset = defaultdict[str, list[SnapshotReport]](list)
            for report in snapshots.values():
                by_dataset[report.id.dataset_id].append(report)
            for dataset in (d for d in self._datasets if d.zone == zone):
                promise = self._promise(dataset)
                arrivals = [
                    arrival_of(r, places.get(r.id, ()), encrypted=dataset.encrypted, read_at=reads.get(_key(r)))
                    for r in by_dataset[dataset.id]
                ]
                promises.append(promise)
                judgements.append(judge_dataset(promise, arrivals, _newest(recorded, dataset.id), period))
            findings += self._expiring(zone, snapshots.values(), places)
        for zone in self._unconfigured():
            findings += self._expiring(zone, known_snapshots(self._catalog, zone).values(), places)
        findings += self._ending_credentials()
        findings += judge_flows(judgements, promises)
        levels = self._settings.levels
        levelled = tuple(j.with_levels(levels) for j in judgements)
        return Watch(period.at, levelled, apply_levels(findings, levels))

    def record(self, watch: Watch) -> None:
        """Record the slots whose status changed, and the schedules as they are now."""
        known = slot_statuses(self._catalog, self._question.period.since)
        schedules = [_schedule_record(dataset) for dataset in self._datasets]
        entry = noticed(watch, known, schedules, self._schedules, (new_scan_id(), tool_version()))
        if entry:
            record(self._catalog, entry)

    def _reads(self, zone: str) -> Mapping[Key, datetime]:
        """Return when each snapshot of the datasets that want it known was last read in full, by the period's end."""
        asked = [d.id for d in self._datasets if d.zone == zone and d.verify_every]
        return dataset_reads(self._catalog, zone, asked, self._question.period.at)

    def _lifetime(self, zone: str) -> Lifetime | None:
        settings = self._settings.zones.get(zone)
        length = settings.lifetime if settings else lifetime_of(self._kinds[zone])
        if length is None:
            return None
        return Lifetime(length, settings.expiry_warning) if settings else Lifetime(length)

    def _unconfigured(self) -> list[str]:
        """Return the zones that the catalog knows by their URL alone, where all zones are asked about."""
        if self._question.zones is not None:
            return []
        configured = {zone.location().url for zone in self._settings.zones.values()}
        known = known_zones(self._catalog)
        return [zone for zone, url in known.items() if zone in self._kinds and url not in configured]

    def _expiring(
        self, zone: str, snapshots: Iterable[SnapshotReport], places: Mapping[SnapshotId, Sequence[Place]]
    ) -> Iterable[Finding]:
        """Yield what is about to be deleted of datasets that nobody configured."""
        lifetime, at = self._lifetime(zone), self._question.period.at
        if lifetime is None:
            return ()
        judged = {d.id for d in self._datasets if d.zone == zone}
        others = [
            arrival_of(r, places.get(r.id, ()), encrypted=False) for r in snapshots if r.id.dataset_id not in judged
        ]
        return judge_expiry((a for a in others if a.landed_at is None or a.landed_at <= at), lifetime, at)

    def _ending_credentials(self) -> Iterable[Finding]:
        found = newest_zone_findings(self._catalog, "zone.credential-expiring")
        return [
            replace(f, message=f"zone {z}: {f.message}", where={"zone": z})
            for z, f in found.items()
            if z in self._zones
        ]

    def _promise(self, dataset: DatasetSettings) -> Promise:
        recorded = self._schedules.get((dataset.zone, dataset.id))
        return Promise(
            zone=dataset.zone,
            dataset_id=dataset.id,
            name=dataset.name,
            schedule=dataset.schedule(),
            enabled=dataset.enabled,
            flow=dataset.flow,
            encrypted=dataset.encrypted,
            lifetime=self._lifetime(dataset.zone),
            min_good_copies=dataset.min_good_copies,
            verify_every=dataset.verify_every,
            drill_every=dataset.drill_every,
            drills=self._drills.get((dataset.zone, dataset.id), Drills()),
            pauses=self._pauses.get((dataset.zone, dataset.id), ()),
            recorded_schedule=recorded.schedule if recorded else None,
        )


def _schedule_record(dataset: DatasetSettings) -> ScheduleRecord:
    schedule = dataset.schedule()
    text = schedule.describe() if schedule else "none"
    return ScheduleRecord(zone=dataset.zone, dataset_id=dataset.id, name=dataset.name, schedule=text)


def _newest(recorded: Sequence[RecordedLook], dataset_id: str | None) -> Look | None:
    """Return the newest complete listing of a whole zone, or of what covers one dataset."""
    for look in recorded:
        if look.scope == "" or (dataset_id is not None and covers(look.scope, dataset_id)):
            return Look(look.started_at)
    return None


def _key(report: SnapshotReport) -> Key:
    return report.id.dataset_id, report.id.export_time
