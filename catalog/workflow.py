"""The use cases, one short function each: observe, judge, keep watch; prints nothing and parses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from catalog.judge import judge_dataset
from catalog.judge_transitions import transitions
from catalog.judge_values import (
    Arrival,
    DatasetJudgement,
    Lifetime,
    Look,
    Period,
    Promise,
)
from catalog.judge_zones import judge_flows, judge_zone, stale_limit
from catalog.observe import ZoneScan
from catalog.results import ScanResult, Watch
from catalog.run import Run
from catalog.scope import covers
from catalog.settings import DatasetSettings, Settings
from catalog.store.database import Catalog
from catalog.store.known import RecordedLook, known_snapshots, looks
from catalog.store.promises import (
    ScheduleRecord,
    SlotRecord,
    last_schedules,
    record_schedules,
    record_slots,
    slot_statuses,
)
from catalog.tally import add
from catalog.targets import Target
from verifier.model import Finding, SnapshotReport
from verifier.verdict import apply_levels

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
        """Look at every zone in turn and yield each snapshot as it is judged."""
        for target in self.targets:
            look = ZoneScan(target, self.run)
            self._looks.append(look)
            yield from look.snapshots()

    def result(self) -> ScanResult:
        """Return everything but the snapshots."""
        run = self.run
        return ScanResult(
            scan_id=run.scan_id,
            tool_version=run.tool_version,
            depth=run.depth,
            started_at=self.started_at,
            finished_at=run.clock(),
            zones=tuple(look.report for look in self._looks),
            counts=add(look.tally.counts for look in self._looks),
            strays=tuple((look.target.zone, stray) for look in self._looks for stray in look.strays),
        )


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


class _Judge:
    """One judging: gathers what each dataset promised and what was seen of it."""

    def __init__(self, settings: Settings, catalog: Catalog, question: Question) -> None:
        self._settings, self._catalog, self._question = settings, catalog, question
        chosen = question.zones
        self._datasets = [d for d in settings.datasets if chosen is None or d.zone in chosen]
        self._zones = [z for z in settings.zones if chosen is None or z in chosen]
        self._schedules = last_schedules(catalog)

    def watch(self) -> Watch:
        period = self._question.period
        judgements: list[DatasetJudgement] = []
        promises: list[Promise] = []
        findings: list[Finding] = []
        for zone in self._zones:
            recorded = looks(self._catalog, zone)
            snapshots = known_snapshots(self._catalog, zone)
            schedules = [s for d in self._datasets if d.zone == zone and (s := d.schedule())]
            limit = self._settings.zones[zone].stale_after or stale_limit(schedules, period.at)
            findings += judge_zone(zone, _newest(recorded, None), limit, period.at)
            for dataset in (d for d in self._datasets if d.zone == zone):
                promise = self._promise(dataset)
                arrivals = [_arrival(r) for k, r in snapshots.items() if k[0] == dataset.id]
                promises.append(promise)
                judgements.append(judge_dataset(promise, arrivals, _newest(recorded, dataset.id), period))
        findings += judge_flows(judgements, promises)
        levels = self._settings.levels
        levelled = tuple(j.with_levels(levels) for j in judgements)
        return Watch(period.at, levelled, apply_levels(findings, levels))

    def record(self, watch: Watch) -> None:
        """Record the slots whose status changed, and the schedules as they are now."""
        known = slot_statuses(self._catalog, self._question.period.since)
        slots = []
        for judged in watch.datasets:
            by_due = {slot.due_at: slot for slot in judged.slots}
            for change in transitions(known.get((judged.zone, judged.dataset_id), {}), judged.slots):
                slot = by_due[change.due_at]
                slots.append(
                    SlotRecord(
                        zone=judged.zone,
                        dataset_id=judged.dataset_id,
                        transition=change,
                        snapshot=slot.snapshot,
                        verdict=slot.verdict,
                    )
                )
        record_slots(self._catalog, slots, watch.at)
        record_schedules(self._catalog, [_schedule_record(d) for d in self._datasets], watch.at)

    def _promise(self, dataset: DatasetSettings) -> Promise:
        zone = self._settings.zones[dataset.zone]
        recorded = self._schedules.get((dataset.zone, dataset.id))
        return Promise(
            zone=dataset.zone,
            dataset_id=dataset.id,
            name=dataset.name,
            schedule=dataset.schedule(),
            enabled=dataset.enabled,
            flow=dataset.flow,
            encrypted=dataset.encrypted,
            lifetime=Lifetime(zone.lifetime, zone.expiry_warning) if zone.lifetime else None,
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


def _arrival(report: SnapshotReport) -> Arrival:
    return Arrival(
        id=report.id,
        verdict=report.verdict,
        landed_at=report.landed_at,
        data_files=report.data_files,
        presence=report.presence,
        findings=(*report.findings, *report.file_findings),
    )
