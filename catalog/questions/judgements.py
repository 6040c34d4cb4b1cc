"""The questions that take judging, one function each: a question in words, what it came to and its document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from catalog.answers import Document, check_document
from catalog.judging.retention_policy import Policy, parse_policy
from catalog.judging.rpo_values import RpoJudgement
from catalog.judging.values import Period
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_moment
from catalog.restores.plan import RestorePlan, Wish, plan_restore
from catalog.retention.answers import retention_document
from catalog.retention.needed import Retention, RetentionWish, judge_dataset
from catalog.retention.stores import StoreRules, ask_stores
from catalog.rpo import RpoWish, measure
from catalog.rpo_answers import rpo_document
from catalog.scans.results import Watch
from catalog.schedule import parse_duration, shift
from catalog.store.holds import list_holds
from catalog.store.known import known_zones
from catalog.store.queries import dataset_names
from catalog.workflow import DEFAULT_PERIOD, Question
from catalog.workflow import check as judge
from verifier.errors import UnknownError, UsageError
from verifier.model import Depth

_RPO_PERIOD = timedelta(days=30)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckQuestion:
    """Which slots to judge, and as of when; times as asked. `records` puts on record what has changed since."""

    zones: Sequence[str] = ()
    at: str | None = None
    start: str | None = None
    records: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """Which dataset to restore, to when, by snapshots looked at how hard; times as asked."""

    dataset: str
    as_of: str | None = None
    depth: Depth = Depth.FULL
    accepts_gaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RpoQuestion:
    """Of which dataset, over which time, by which objective; all as asked."""

    dataset: str
    start: str | None = None
    end: str | None = None
    objective: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionQuestion:
    """Of which datasets, by which policy, as of when; all as asked. `asks_stores` reaches for the stores' rules."""

    policy: str | None = None
    dataset: str | None = None
    zone: str | None = None
    at: str | None = None
    asks_stores: bool = False


def check(inquiry: Inquiry, asked: CheckQuestion) -> tuple[Watch, Document]:
    """Judge the schedules; return that and the document of `check`. Raises `UsageError` where there are none."""
    moment = parse_moment(asked.at, inquiry.spell("at")) if asked.at else inquiry.now
    since = parse_moment(asked.start, inquiry.spell("from")) if asked.start else shift(moment, -DEFAULT_PERIOD)
    if since > moment:
        raise UsageError(f"{inquiry.spell('from')} is after {inquiry.spell('at')}")
    question = Question(Period(since, moment), _zones(inquiry, asked.zones), records=asked.records)
    watch = judge(inquiry.settings, inquiry.catalog, question)
    return watch, inquiry.dated(check_document(watch))


def plan(inquiry: Inquiry, asked: PlanQuestion) -> RestorePlan:
    """Return the plan. Raises `UsageError` for a dataset that nobody knows."""
    now = inquiry.now
    moment = parse_moment(asked.as_of, inquiry.spell("as_of"), is_end=True) if asked.as_of else now
    zone, dataset_id = inquiry.known_dataset(asked.dataset)
    wish = Wish(zone=zone, dataset_id=dataset_id, as_of=moment, depth=asked.depth, accepts_gaps=asked.accepts_gaps)
    return plan_restore(inquiry.settings, inquiry.catalog, wish, now)


def rpo(inquiry: Inquiry, asked: RpoQuestion) -> tuple[RpoJudgement, Document]:
    """Measure recovery points; return that and the document of `rpo`. Raises `UsageError` where none can be known."""
    zone, dataset_id = inquiry.known_dataset(asked.dataset)
    now = inquiry.now
    since, until = _period(inquiry, asked, now)
    wish = RpoWish(
        zone=zone,
        dataset_id=dataset_id,
        since=since,
        until=min(until, now),
        objective=_objective(inquiry, asked.objective, zone, dataset_id),
    )
    found = measure(inquiry.settings, inquiry.catalog, wish, now)
    return found.judgement, inquiry.dated(rpo_document(found, until))


def retention(inquiry: Inquiry, asked: RetentionQuestion) -> tuple[list[StoreRules] | None, Document]:
    """Tell what is still needed; return what the stores said, None unasked, and the document of `retention`.

    Raises `UsageError` where nothing of the kind is recorded.
    """
    now = inquiry.now
    rules = _policy(inquiry, asked.policy)
    judged_at = min(parse_moment(asked.at, inquiry.spell("at"), is_end=True), now) if asked.at else now
    found = _retained(inquiry, _recorded(inquiry, asked.dataset, asked.zone), rules, judged_at)
    stores = None
    if asked.asks_stores:
        zones = {place for one in found for place in one.places}
        stores = ask_stores(zones, inquiry.settings, known_zones(inquiry.catalog))
    return stores, inquiry.dated(retention_document(found, stores, judged_at))


def _zones(inquiry: Inquiry, names: Sequence[str]) -> frozenset[str] | None:
    settings = inquiry.settings
    unknown = [name for name in names if name not in settings.zones]
    if unknown:
        known = ", ".join(settings.zones) or "none"
        raise UsageError(f"no zone named {', '.join(unknown)} in the settings", hint=f"configured are: {known}")
    if not any(d.zone in names if names else True for d in settings.datasets):
        where = f" of zone {', '.join(names)}" if names else ""
        hint = "write them with: landproof init URL"
        raise UsageError(f"nothing to check: the settings have no datasets{where}", hint=hint)
    return frozenset(names) if names else None


def _period(inquiry: Inquiry, asked: RpoQuestion, now: datetime) -> tuple[datetime, datetime]:
    """Read from when to when; the end is not included, and a date stands for all of its day."""
    first, last = inquiry.spell("from"), inquiry.spell("to")
    until = parse_moment(asked.end, last, is_end=True) if asked.end else now
    if until.time() == time.max:
        until = shift(until, _INSTANT)
    since = parse_moment(asked.start, first) if asked.start else shift(min(until, now), -_RPO_PERIOD)
    if since >= until:
        raise UsageError(f"{last} {asked.end or 'now'} is not after {first} {asked.start}")
    if since >= now:
        raise UsageError(f"{first} {asked.start} is in the future, of which nothing is known")
    return since, until


def _objective(inquiry: Inquiry, text: str | None, zone: str, dataset_id: str) -> timedelta:
    """Return how old a chain may be: as asked for, else as the settings say. Raises `UsageError` where neither does."""
    name = inquiry.spell("objective")
    if text is None:
        dataset = inquiry.settings.dataset(zone, dataset_id)
        if dataset is None or dataset.recovery_point is None:
            hint = f"set recovery_point in the settings, or give {name} 36h"
            raise UsageError(f"dataset {zone}/{dataset_id} has no objective for its recovery point", hint=hint)
        return dataset.recovery_point
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from None
    if not length:
        raise UsageError(f"{name}: expected a duration longer than none, got {text!r}")
    return length


def _retained(
    inquiry: Inquiry, datasets: Sequence[tuple[str, str]], policy: Policy | None, at: datetime
) -> list[Retention]:
    holds, now = list_holds(inquiry.catalog), inquiry.now
    wishes = [RetentionWish(zone=z, dataset_id=i, at=at, policy=policy) for z, i in datasets]
    return [judge_dataset(inquiry.settings, inquiry.catalog, wish, now, holds) for wish in wishes]


def _policy(inquiry: Inquiry, text: str | None) -> Policy | None:
    try:
        return None if text is None else parse_policy(text)
    except ValueError as error:
        raise UsageError(f"{inquiry.spell('policy')}: {error}") from None


def _recorded(inquiry: Inquiry, dataset: str | None, zone: str | None) -> list[tuple[str, str]]:
    """Return the recorded datasets that are asked about, by zone and id. Raises `UsageError` where there is none."""
    recorded = [(z, i) for z, i, _ in dataset_names(inquiry.catalog)]
    if dataset is None:
        found = [one for one in recorded if zone in (None, one[0])]
    else:
        wanted = inquiry.find_dataset(dataset, [zone] if zone else [])
        found = [one for one in recorded if one == wanted and zone in (None, one[0])]
    if not found:
        what = f"dataset {dataset}" if dataset else f"snapshot of zone {zone}" if zone else "snapshot"
        raise UnknownError(f"no {what} in {inquiry.catalog}", hint="list what is known with: landproof datasets")
    return found
