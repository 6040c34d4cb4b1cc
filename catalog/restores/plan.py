"""Plan a restore: what catalog and settings know of a dataset, judged as a chain, with its files; copies none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, Chain, ChainQuestion, ChainSlot, Mode
from catalog.judging.slots import judge_dataset
from catalog.judging.values import Arrival, Look, Period, Promise, Slot
from catalog.schedule import Schedule, shift
from catalog.scope import covers
from catalog.settings.loading import Settings
from catalog.store.chains import KnownExport, known_exports, present_files
from catalog.store.database import Catalog
from catalog.store.known import known_zones, looks, recorded_kinds
from catalog.store.restores import bytes_per_second
from catalog.store.said import empty_slots, pauses
from verifier.backends.registry import lifetime_of
from verifier.backends.urls import join
from verifier.errors import UsageError
from verifier.model import Depth, FileKind, FileReport, SnapshotId, StoredFile

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be restored: a dataset as of a moment, from files looked at this hard."""

    zone: str
    dataset_id: str
    as_of: datetime
    depth: Depth = Depth.FULL
    accepts_gaps: bool = False


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of a chain, in the snapshot it is read from, as it was listed there; `root` is the URL of that zone.

    `sha256` is None where not all of it was ever read.
    """

    snapshot: SnapshotId
    root: str
    stored: StoredFile
    sha256: str | None
    kind: FileKind

    @property
    def url(self) -> str:
        """The URL of the file."""
        return join(self.root, self.stored.path)

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self.stored.size


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """A chain and its files, in the order in which they are to be read.

    `estimated_seconds` is how long a restore of them takes by what earlier ones took, None where none was measured.
    """

    wish: Wish
    mode: Mode
    chain: Chain
    files: tuple[PlannedFile, ...]
    estimated_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of one dataset for a chain through it: what is asked, what came, what was promised."""

    question: ChainQuestion
    attempts: tuple[Attempt, ...]
    slots: tuple[ChainSlot, ...]
    schedule: Schedule | None


def plan_restore(settings: Settings, catalog: Catalog, wish: Wish, now: datetime) -> RestorePlan:
    """Return the chain of a dataset to a moment, by all that is known now. Raises `UsageError` for an unknown one."""
    known = gather(settings, catalog, wish, now)
    chain = judge_chain(known.question, known.attempts, known.slots)
    return RestorePlan(
        wish=wish,
        mode=known.question.mode,
        chain=chain,
        files=tuple(_files(catalog, chain)),
        estimated_seconds=_estimate(catalog, wish, chain),
    )


def gather(settings: Settings, catalog: Catalog, wish: Wish, now: datetime) -> Known:
    """Return what a chain through a dataset is judged from. Raises `UsageError` for a dataset nobody knows."""
    exports = known_exports(catalog, wish.zone, wish.dataset_id, lifetimes(settings, catalog))
    dataset = settings.dataset(wish.zone, wish.dataset_id)
    if not exports and dataset is None:
        hint = "list what is known with: landproof datasets"
        raise UsageError(f"no dataset {wish.zone}/{wish.dataset_id} in catalog {catalog.path}", hint=hint)
    schedule = dataset.schedule() if dataset is not None and dataset.enabled else None
    question = ChainQuestion(
        mode=Mode(dataset.mode) if dataset is not None else Mode.FULL_THEN_INCREMENTAL,
        as_of=wish.as_of,
        now=now,
        depth=wish.depth,
        allow_empty=dataset is None or dataset.allow_empty,
        accepts_gaps=wish.accepts_gaps,
        flow_starts=_flow_starts(schedule),
    )
    slots: list[ChainSlot] = []
    if schedule is not None:
        key = (wish.zone, wish.dataset_id)
        promise = Promise(zone="", dataset_id="", schedule=schedule, pauses=pauses(catalog).get(key, ()))
        empty = empty_slots(catalog).get(key, {})
        judged = _slots(promise, exports, _newest_look(catalog, wish), now)
        slots = [ChainSlot(s.due_at, s.status, s.due_at in empty) for s in judged]
    attempts = tuple(_attempt(e, schedule) for e in exports)
    return Known(question=question, attempts=attempts, slots=tuple(slots), schedule=schedule)


def _attempt(export: KnownExport, schedule: Schedule | None) -> Attempt:
    due_at = schedule.slot_of(export.here.id.export_at) if schedule is not None else None
    return Attempt(here=export.here, events=export.events, due_at=due_at, copies=export.copies)


def _flow_starts(schedule: Schedule | None) -> tuple[datetime, ...]:
    """A cron expression without a start does not say when its flow began."""
    if schedule is None or schedule.cadence.starts_at is None:
        return ()
    first = schedule.next_after(shift(schedule.cadence.starts_at, -_INSTANT))
    return () if first is None else (first,)


def _slots(promise: Promise, exports: Iterable[KnownExport], look: Look | None, now: datetime) -> tuple[Slot, ...]:
    """Judge all slots from the first one, or from the first export of a schedule that has none."""
    schedule = promise.schedule
    arrivals = [
        Arrival(
            id=e.here.id,
            verdict=e.here.verdict,
            landed_at=e.landed_at,
            data_files=e.data_files,
            presence=e.here.presence,
        )
        for e in exports
    ]
    if schedule is None:
        return ()
    since = schedule.cadence.starts_at
    if since is None and arrivals:
        since = schedule.slot_of(arrivals[0].id.export_at)
    if since is None or since > now:
        return ()
    return judge_dataset(promise, arrivals, look, Period(since, now)).slots


def _newest_look(catalog: Catalog, wish: Wish) -> Look | None:
    found = (r for r in looks(catalog, wish.zone) if covers(r.scope, wish.dataset_id))
    return next((Look(r.started_at) for r in found), None)


def lifetimes(settings: Settings, catalog: Catalog) -> dict[str, timedelta]:
    """Return how long the zones that delete by themselves keep what landed."""
    found = {zone: lifetime_of(kind) for zone, kind in recorded_kinds(catalog).items()}
    found |= {name: zone.lifetime for name, zone in settings.zones.items()}
    return {zone: length for zone, length in found.items() if length is not None}


def _estimate(catalog: Catalog, wish: Wish, chain: Chain) -> float | None:
    rate = bytes_per_second(catalog, wish.zone) if chain.members else None
    return None if rate is None else chain.bytes / rate


def _files(catalog: Catalog, chain: Chain) -> Iterable[PlannedFile]:
    places, urls = [m.source.id for m in chain.members], known_zones(catalog)
    files = present_files(catalog, places)
    for place in places:
        for known in files.get(place, ()):
            report = known.report
            if is_restored(report):
                yield PlannedFile(place, urls[place.zone], report.file, report.content.sha256, report.kind)


def is_restored(report: FileReport) -> bool:
    """Tell whether a restore takes this file of a snapshot: data and manifests."""
    return report.kind.is_data or report.kind is FileKind.MANIFEST
