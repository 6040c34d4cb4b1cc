"""Measure a dataset's recovery point over a time: what the catalog recorded, judged; not how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from catalog.judging.chain_values import Attempt, ChainSlot, Holding, Mode
from catalog.judging.rpo import judge_rpo
from catalog.judging.rpo_lives import stays_of
from catalog.judging.rpo_values import CopyLife, Life, Revision, RpoJudgement, RpoQuestion, Stay
from catalog.restores.plan import Wish, gather, lifetimes
from catalog.settings.loading import Settings
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """A snapshot as known now, and every state recorded of it: where it landed, and of each of its copies."""

    attempt: Attempt
    here: tuple[Revision, ...]
    copies: tuple[tuple[Revision, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class RpoFacts:
    """All that the recovery point of a dataset, as (zone, id), is judged from.

    `looks` are the starts of the complete listings that show it or a dataset that holds its copies.
    """

    dataset: tuple[str, str]
    question: RpoQuestion
    recorded: tuple[Recorded, ...]
    slots: tuple[ChainSlot, ...]
    looks: _Looks


def measure(settings: Settings, catalog: Catalog, wish: RpoWish, now: datetime) -> Rpo:
    """Judge a time that ends by now, by all that is known now. Raises `UsageError` for a dataset nobody knows."""
    facts = facts_of(settings, catalog, wish, now)
    dataset = settings.dataset(wish.zone, wish.dataset_id)
    name = None if dataset is None else dataset.name
    return Rpo(wish, name, facts.question.chain.mode, judge_facts(facts))


def facts_of(settings: Settings, catalog: Catalog, wish: RpoWish, now: datetime) -> RpoFacts:
    """Return what a recovery point is judged from. Raises `UsageError` for a dataset nobody knows."""
    kept = lifetimes(settings, catalog)
    known = gather(settings, catalog, Wish(zone=wish.zone, dataset_id=wish.dataset_id, as_of=now), now)
    datasets = {(wish.zone, wish.dataset_id), *(_dataset(c.there.id) for a in known.attempts for c in a.copies)}
    states, looks = recorded_states(catalog, datasets, kept), looks_at(catalog, datasets)
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
    recorded = (_recorded(attempt, states) for attempt in known.attempts)
    return RpoFacts((wish.zone, wish.dataset_id), question, tuple(recorded), known.slots, looks)


def judge_facts(facts: RpoFacts) -> RpoJudgement:
    """Judge by nothing but these facts."""
    return judge_rpo(facts.question, [_life(one, facts) for one in facts.recorded], facts.slots)


def _recorded(attempt: Attempt, states: Mapping[SnapshotId, list[Revision]]) -> Recorded:
    copies = (tuple(states.get(copy.there.id, ())) for copy in attempt.copies)
    return Recorded(attempt, tuple(states.get(attempt.here.id, ())), tuple(copies))


def _life(one: Recorded, facts: RpoFacts) -> Life:
    def stays(holding: Holding, recorded: tuple[Revision, ...]) -> tuple[Stay, ...]:
        # What stands is what is known now, whatever was recorded of it since.
        newest = [replace(r, holding=holding) for r in recorded[-1:]]
        return stays_of([*recorded[:-1], *newest], facts.question.chain, facts.looks[_dataset(holding.id)])

    pairs = zip(one.attempt.copies, one.copies, strict=True)
    copies = tuple(CopyLife(copy, stays(copy.there, states)) for copy, states in pairs)
    return Life(one.attempt, stays(one.attempt.here, one.here), copies)


def _dataset(snapshot: SnapshotId) -> tuple[str, str]:
    return snapshot.zone, snapshot.dataset_id
