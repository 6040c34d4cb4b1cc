"""How far back each dataset would fall if all had to be restored now, for all datasets at once; tells nobody.

The same as the `recovers_to` of a restore plan at full depth, read in one go: planning dataset by dataset takes as long
as many of them do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, Chain, ChainQuestion, ChainSlot, Holding, Mode
from catalog.judging.values import SlotStatus
from catalog.restores.plan import Wish, gather
from catalog.schedule import EARLY, Schedule, shift
from catalog.settings.loading import DatasetSettings, Settings
from catalog.store.database import Catalog
from catalog.store.said import empty_slots
from catalog.store.series import DatasetPlace, Reach, copied_datasets, counting

_INSTANT = timedelta(microseconds=1)

Recoveries = dict[DatasetPlace, datetime | None]
"""To which moment each dataset can be restored without a gap; None where it cannot be at all."""


def recoveries(settings: Settings, catalog: Catalog, now: datetime) -> Recoveries:
    """Return how far each configured dataset can be restored, by what is known now. Raises `CatalogError`."""
    copied, empty = copied_datasets(catalog), empty_slots(catalog)
    configured = {(d.zone, d.id): d for d in settings.datasets}
    exports = counting(catalog, {place: _reach(one) for place, one in configured.items()})
    found: Recoveries = {}
    for place, one in configured.items():
        there = exports.get(place, [])
        reached = _reached(one, there, empty.get(place, {}), now)
        # Copies may count in place of what is bad where it landed, but no chain reaches beyond the newest export.
        newest = max((h.id.export_at for h in there), default=None)
        may_reach_on = place in copied and (newest is None or reached != newest)
        # Without a full in its flow a chain may begin with what came before it.
        may_begin_before = reached is None and (bool(there) or not _reach(one).is_newest_only)
        if may_reach_on or may_begin_before:
            reached = chain_of(settings, catalog, place, now).recovers_to
        found[place] = reached
    return found


def _reach(one: DatasetSettings) -> Reach:
    if one.mode == "full":
        return Reach(is_newest_only=True)
    schedule = _schedule(one)
    starts_at = None if schedule is None else schedule.cadence.starts_at
    return Reach(None if starts_at is None else shift(starts_at, -EARLY))


def _reached(
    one: DatasetSettings, exports: Iterable[Holding], empty: Mapping[datetime, str], now: datetime
) -> datetime | None:
    schedule = _schedule(one)
    attempts = [
        Attempt(here=here, due_at=None if schedule is None else schedule.slot_of(here.id.export_at)) for here in exports
    ]
    starts_at = None if schedule is None else schedule.cadence.starts_at
    question = ChainQuestion(
        mode=Mode(one.mode),
        as_of=now,
        now=now,
        allow_empty=one.allow_empty,
        flow_starts=_first(schedule, starts_at),
    )
    since = starts_at
    if one.mode == "full" or starts_at is None:
        since = min((a.at for a in attempts), default=None)
    due = [] if schedule is None or since is None or since > now else schedule.due_between(since, now)
    slots = [ChainSlot(at, SlotStatus.UNKNOWN, at in empty) for at in due]
    return judge_chain(question, attempts, slots).recovers_to


def _first(schedule: Schedule | None, starts_at: datetime | None) -> tuple[datetime, ...]:
    first = None if schedule is None or starts_at is None else schedule.next_after(shift(starts_at, -_INSTANT))
    return () if first is None else (first,)


def _schedule(one: DatasetSettings) -> Schedule | None:
    return one.schedule() if one.enabled else None


def chain_of(settings: Settings, catalog: Catalog, place: DatasetPlace, now: datetime) -> Chain:
    """Return what a restore of a dataset to now takes, but for its files. Raises `UsageError` for an unknown one."""
    known = gather(settings, catalog, Wish(zone=place[0], dataset_id=place[1], as_of=now), now)
    return judge_chain(known.question, known.attempts, known.slots)
