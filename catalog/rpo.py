"""Measure a dataset's recovery point over a time: what the catalog recorded, judged; not how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.judge_chain_values import Attempt, Holding, Mode
from catalog.judge_rpo import judge_rpo
from catalog.judge_rpo_lives import stays_of
from catalog.judge_rpo_values import CopyLife, Life, Revision, RpoJudgement, RpoQuestion, Stay
from catalog.restore_plan import Known, Wish, gather, lifetimes
from catalog.settings import Settings
from catalog.store.database import Catalog
from catalog.store.lives import looks_at, recorded_states
from verifier.model import SnapshotId

_Looks = Mapping[tuple[str, str], Sequence[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RpoWish:
    """Of which dataset, from when to when (not included), and how old what can be recovered may be."""

    zone: str
    dataset_id: str
    since: datetime
    until: datetime
    objective: timedelta


@dataclass(frozen=True, slots=True)
class Rpo:
    """What was asked, and what it came to; `name` is None where the dataset has none."""

    wish: RpoWish
    name: str | None
    mode: Mode
    judgement: RpoJudgement


def measure(settings: Settings, catalog: Catalog, wish: RpoWish, now: datetime) -> Rpo:
    """Judge a time that ends by now, by all that is known now. Raises `UsageError` for a dataset nobody knows."""
    kept = lifetimes(settings, catalog)
    known = gather(settings, catalog, Wish(zone=wish.zone, dataset_id=wish.dataset_id, as_of=now), now)
    datasets = {(wish.zone, wish.dataset_id), *(_dataset(c.there.id) for a in known.attempts for c in a.copies)}
    states, looks = recorded_states(catalog, datasets, kept), looks_at(catalog, datasets)
    dataset = settings.dataset(wish.zone, wish.dataset_id)
    question = RpoQuestion(
        chain=known.question,
        since=wish.since,
        until=wish.until,
        objective=wish.objective,
        looks=tuple(looks[wish.zone, wish.dataset_id]),
        grace=timedelta() if known.schedule is None else known.schedule.grace,
        lifetime=kept.get(wish.zone),
        has_schedule=known.schedule is not None,
    )
    lives = [_life(attempt, known, states, looks) for attempt in known.attempts]
    judgement = judge_rpo(question, lives, known.slots)
    return Rpo(wish, None if dataset is None else dataset.name, known.question.mode, judgement)


def _life(attempt: Attempt, known: Known, states: Mapping[SnapshotId, list[Revision]], looks: _Looks) -> Life:
    def stays(holding: Holding) -> tuple[Stay, ...]:
        recorded = states.get(holding.id, [])
        # What stands is what is known now, whatever was recorded of it since.
        newest = [replace(r, holding=holding) for r in recorded[-1:]]
        return stays_of([*recorded[:-1], *newest], known.question, looks[_dataset(holding.id)])

    copies = tuple(CopyLife(copy, stays(copy.there)) for copy in attempt.copies)
    return Life(attempt, stays(attempt.here), copies)


def _dataset(snapshot: SnapshotId) -> tuple[str, str]:
    return snapshot.zone, snapshot.dataset_id
