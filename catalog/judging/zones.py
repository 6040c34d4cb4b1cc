"""Judge what spans datasets: whether a zone was looked at in time, whether a flow stopped as one; no single slot.

Pure, like `catalog.judging.slots`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from catalog.judging.values import DatasetJudgement, Look, Promise, SlotStatus
from catalog.schedule import Schedule, format_duration, format_moment, shift
from verifier.model import Finding, finding

LEAST_STALE_LIMIT = timedelta(hours=26)
"""A nightly run may start two hours later than the night before."""
CREDENTIAL_WARNING = timedelta(days=7)


def stale_limit(schedules: Iterable[Schedule], at: datetime) -> timedelta:
    """Return how old a zone's newest complete listing may be: two of its shortest intervals, at least 26 hours."""
    intervals = [i for i in (s.interval_at(at) for s in schedules if not s.ended(at)) if i is not None]
    return max(LEAST_STALE_LIMIT, 2 * min(intervals, default=timedelta()))


def judge_zone(name: str, look: Look | None, limit: timedelta, at: datetime) -> tuple[Finding, ...]:
    """Say so when no complete listing of a zone started at or after `at - limit`."""
    if look is not None and look.started_at >= shift(at, -limit):
        return ()
    newest = (
        "no complete listing is recorded" if look is None else f"the newest started {format_moment(look.started_at)}"
    )
    message = f"zone {name} has no complete listing of the last {format_duration(limit)}: {newest}"
    return (finding("zone.stale", message, where={"zone": name}),)


def judge_credentials(ends_at: datetime | None, at: datetime) -> tuple[Finding, ...]:
    """Say so when the credentials of a zone end within seven days."""
    wanted = shift(at, CREDENTIAL_WARNING)
    if ends_at is None or ends_at > wanted:
        return ()
    ends, least = (format_moment(moment.replace(microsecond=0)) for moment in (ends_at, wanted))
    message = f"the credentials end {ends}"
    return (finding("zone.credential-expiring", message, expected=f"after {least}", actual=ends),)


def judge_flows(judgements: Iterable[DatasetJudgement], promises: Iterable[Promise]) -> tuple[Finding, ...]:
    """Say which flows stopped: two datasets or more, all of which came and then, from about one moment on, did not."""
    judged = {(j.zone, j.dataset_id): j for j in judgements}
    flows: dict[tuple[str, str], list[DatasetJudgement]] = {}
    for promise in promises:
        judgement = judged.get((promise.zone, promise.dataset_id))
        if promise.flow is not None and promise.enabled and promise.schedule is not None and judgement is not None:
            flows.setdefault((promise.zone, promise.flow), []).append(judgement)
    return tuple(f for key in sorted(flows) for f in _stopped(key, flows[key]))


def _stopped(flow: tuple[str, str], judgements: list[DatasetJudgement]) -> Iterable[Finding]:
    stops = [_stop(j) for j in judgements]
    known = [s for s in stops if s is not None]
    if len(known) < 2 or len(known) < len(stops):
        return
    missed = [first_missing for _, first_missing in known]
    shortest = min(first_missing - last_filled for last_filled, first_missing in known)
    if max(missed) - min(missed) < shortest:
        message = f"all {len(known)} datasets of flow {flow[1]} in zone {flow[0]} stopped"
        message = f"{message}: nothing came since {format_moment(min(missed))}"
        yield finding("schedule.stopped-together", message, where={"zone": flow[0], "flow": flow[1]})


def _stop(judgement: DatasetJudgement) -> tuple[datetime, datetime] | None:
    """Return the last slot that was filled and the first missing after it, where all since then are missing."""
    first_missing: datetime | None = None
    for slot in sorted(judgement.slots, key=lambda s: s.due_at, reverse=True):
        if slot.status is SlotStatus.MISSING:
            first_missing = slot.due_at
        elif slot.status.is_filled:
            return None if first_missing is None else (slot.due_at, first_missing)
        elif slot.status is SlotStatus.UNKNOWN or slot.snapshot is not None:
            return None
    return None
