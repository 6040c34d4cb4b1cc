"""A month of days, each with what a restore to its end comes to; how the month is drawn is not its business."""

from __future__ import annotations

from calendar import Calendar
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from catalog.answers import Document, moment
from catalog.judging.chain_days import judge_days
from catalog.judging.chain_values import ChainState
from catalog.restores.plan import Known
from verifier.errors import UsageError

_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def parse_month(text: str) -> date | None:
    """Return the first day of a month as `2026-11`, None where none is given; raises UsageError for anything else."""
    if not text:
        return None
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = date.min
    if not _FIRST_YEAR <= first.year <= _LAST_YEAR:
        raise UsageError(f"month: expected a month such as 2026-11, got {text!r}")
    return first


def calendar_object(known: Known, asked: date | None, as_of: datetime, now: datetime) -> Document:
    """Return the weeks of a month, Monday first: each day with its state, null before anything and in the future.

    Without a month that of the moment, or the nearest in which anything is known. `before` and `after` are the months
    beside it, null where nothing is known there.
    """
    today = now.astimezone(UTC).date()
    first = min(known.attempts[0].export_at.date(), today) if known.attempts else today
    month = (asked or max(min(as_of.astimezone(UTC).date(), today), first)).replace(day=1)
    days = [d for d in Calendar().itermonthdates(month.year, month.month) if d.month == month.month]
    judged = [d for d in days if d <= today]
    moments = [datetime.combine(d, time.max, UTC) for d in judged]
    states = dict(zip(judged, judge_days(known.question, known.attempts, known.slots, moments), strict=True))
    digits = f"{month:%Y%m}"
    came = Counter(a.export_at.date() for a in known.attempts if a.here.id.export_time.startswith(digits))
    before, after = (month - timedelta(days=1)).replace(day=1), (month + timedelta(days=31)).replace(day=1)
    weeks: list[list[Document | None]] = []
    for week in Calendar().monthdatescalendar(month.year, month.month):
        weeks.append([_day(d, states, came, as_of) if d.month == month.month else None for d in week])
    return {
        "month": f"{month:%Y-%m}",
        "today": today.isoformat(),
        "before": f"{before:%Y-%m}" if before >= first.replace(day=1) else None,
        "after": f"{after:%Y-%m}" if after <= today else None,
        "chosen_at": moment(as_of),
        "weeks": weeks,
    }


def _day(day: date, states: Mapping[date, ChainState | None], came: Counter[date], as_of: datetime) -> Document:
    state = states.get(day)
    return {
        "date": day.isoformat(),
        "day": day.day,
        "state": None if state is None else state.value,
        "is_future": day not in states,
        "exports": came[day],
        "is_chosen": day == as_of.astimezone(UTC).date(),
    }
