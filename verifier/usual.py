"""Tell whether a size is far from what is usual for a dataset at such a time; knows no snapshots and no findings.

Pure. The usual size is foretold by medians alone, on a scale of factors: the level of the last week, times the factor
of this hour of the week. How well the past was foretold so tells how far off is far; trends and odd exports in between
move none of it. What is far off is usual all the same where it was so on the same day of a month, or has been so since
some exports: a new level.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

ENOUGH = 5
"""How many sizes it takes to say anything."""
FEW = 28
"""How many of the last ones are looked at while the seasons are not known."""
SEASONED = timedelta(days=35)
"""From when on the seasons are known: a week for the level, three for every hour of it, one to see how that does."""
LONG_AGO = 600
"""How many sizes back anything is looked at: more than a year of days, ten weeks of three hours."""

_WEEK = timedelta(days=7)
_DAILY = 7
_LIKE = 8
_LEAST_LIKE = 3
_WEEKS_OF_NOISE = 12
_PLAIN_FACTOR, _PLAIN_BEYOND = 3, 2
_LEAST_DROP, _LEAST_GROWTH = math.log(2), math.log(3)
_SPREADS = 4.5
_ODD_ONES, _TAIL, _BEYOND_TAIL = 3, 0.05, 1.3
_SAME_AGAIN = math.log(1.5)
_NEW_LEVEL = 3
_OF_NORMAL = 1.4826
"""What the median of absolute deviations is multiplied by, to be the standard deviation of normal noise."""


class Way(Enum):
    """In which way a size is off: fallen or grown."""

    DROP = -1
    GROWTH = 1


class Size(NamedTuple):
    """How large an export was, and when it was exported."""

    at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class Odd:
    """A size far from the usual: which way, and about what was usual, by how many sizes before."""

    way: Way
    usual: float
    count: int


def odd_size(now: Size, past: Sequence[Size]) -> Odd | None:
    """Judge a size by those before it, which come in order of time; None where it is usual, or nobody can tell.

    Without rows is not far below: an export may bring nothing. It is odd where that has never happened in a long past.
    """
    past = past if len(past) <= LONG_AGO else past[-LONG_AGO:]
    if now.value == 0:
        never = len(past) >= FEW and _span(past) >= SEASONED and all(size.value for size in past)
        return Odd(Way.DROP, median(size.value for size in past[-FEW:]), len(past)) if never else None
    some = [size for size in past if size.value]
    if len(past) < ENOUGH or not some:
        return None
    end = _end_of_month(now.at)
    if end is not None and all(_end_of_month(size.at) != end for size in some[1:]):
        return None
    per_week = _per_week(some)
    if _span(some) < SEASONED or len(some) < _LEAST_LIKE * per_week:
        return _plainly_odd(now, past, per_week)
    return _seasonally_odd(now, some, per_week)


def _plainly_odd(now: Size, past: Sequence[Size], per_week: int) -> Odd | None:
    """Hold a size against those before it as they are: a third of the last ones' median and half of the least of all.

    Or the opposite. Where a day has several exports, nobody knows its nights and weekends before a week is over.
    """
    if per_week > _DAILY and _span(past) < _WEEK:
        return None
    values = [size.value for size in past]
    usual = median(values[-FEW:])
    if now.value * _PLAIN_FACTOR < usual and now.value * _PLAIN_BEYOND < min(values):
        return Odd(Way.DROP, usual, len(values[-FEW:]))
    if now.value > usual * _PLAIN_FACTOR and now.value > _PLAIN_BEYOND * max(values[-FEW:]):
        return Odd(Way.GROWTH, usual, len(values[-FEW:]))
    return None


@dataclass(frozen=True, slots=True)
class _Miss:
    """By which factor, as a logarithm, a size was off what was foretold; of its hour of the week too, or not yet."""

    at: datetime
    off: float
    is_foretold: bool = False


def _seasonally_odd(now: Size, past: Sequence[Size], per_week: int) -> Odd | None:
    values = [size.value for size in past]

    def missed(index: int) -> _Miss:
        return _Miss(past[index].at, math.log(values[index] / median(values[index - per_week : index])))

    hour, level = _hour_of_week(now.at), median(values[-per_week:])
    lately = range(max(per_week, len(past) - _LIKE * per_week), len(past))
    factor = _factor([missed(i).off for i in lately if _hour_of_week(past[i].at) == hour])
    off = math.log(now.value / level) - factor
    if -_LEAST_DROP < off < _LEAST_GROWTH:
        return None
    way = Way.DROP if off < 0 else Way.GROWTH
    misses = _adjusted([missed(i) for i in range(per_week, len(past))], way)
    far = off * way.value
    foretold = [m.off for m in misses if m.is_foretold]
    noise = foretold if len(foretold) >= per_week else [m.off for m in misses]
    if far < _limit(noise[-_WEEKS_OF_NOISE * per_week :], way) or _is_known(now.at, far, misses):
        return None
    return Odd(way, level * math.exp(factor), len(past))


def _factor(offs: Sequence[float]) -> float:
    """Return the factor of an hour of the week, none where that was not seen often enough."""
    return median(offs) if len(offs) >= _LEAST_LIKE else 0.0


def _adjusted(misses: Sequence[_Miss], way: Way) -> list[_Miss]:
    """Return by how much each size was off, in one way, what could be foretold then of its hour of the week.

    Of the first weeks, when nothing could be, that is told in hindsight.
    """
    like: dict[int, list[float]] = defaultdict(list)
    for miss in misses:
        like[_hour_of_week(miss.at)].append(miss.off)
    seen: Counter[int] = Counter()
    adjusted = []
    for miss in misses:
        hour = _hour_of_week(miss.at)
        before, is_foretold = seen[hour], seen[hour] >= _LEAST_LIKE
        known = like[hour][max(0, before - _LIKE) : before] if is_foretold else like[hour][:_LIKE]
        adjusted.append(_Miss(miss.at, (miss.off - _factor(known)) * way.value, is_foretold=is_foretold))
        seen[hour] += 1
    return adjusted


def _limit(offs: Sequence[float], way: Way) -> float:
    """Return how far off is far, by how far the past was off in the same way: noise, and its tail but for odd ones."""
    spread = _OF_NORMAL * median(abs(off) for off in offs)
    odd_ones = max(_ODD_ONES, math.ceil(len(offs) * _TAIL))
    tail = sorted(offs)[max(len(offs) - odd_ones, 1) - 1]
    least = _LEAST_DROP if way is Way.DROP else _LEAST_GROWTH
    return max(least, _SPREADS * spread, _BEYOND_TAIL * tail)


def _is_known(at: datetime, far: float, offs: Sequence[_Miss]) -> bool:
    """Tell whether sizes were as far off on the same day of a month, or have been so since some exports."""
    days = {_day_of_month(at), _day_from_end(at)}
    enough = far - _SAME_AGAIN
    in_month = any(m.off >= enough and days & {_day_of_month(m.at), _day_from_end(m.at)} for m in offs)
    return in_month or all(m.off >= enough for m in offs[-_NEW_LEVEL:])


def _per_week(past: Sequence[Size]) -> int:
    """Return how many exports a week has, and seven at least."""
    gaps = [later.at - earlier.at for earlier, later in pairwise(past[-FEW:])]
    usual = median(gap.total_seconds() for gap in gaps) if gaps else 0.0
    return max(_DAILY, round(_WEEK.total_seconds() / usual)) if usual else _DAILY


def _span(past: Sequence[Size]) -> timedelta:
    return past[-1].at - past[0].at if past else timedelta()


def _hour_of_week(at: datetime) -> int:
    """Return the hour of the week that is nearest."""
    return round(at.timestamp() / 3600) % 168


def _day_of_month(at: datetime) -> int:
    return at.day


def _day_from_end(at: datetime) -> int:
    """Return the day counted back from the end of its month, -1 for the last."""
    following = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (at.date() - following.date()).days


def _end_of_month(at: datetime) -> int | None:
    """Return 1 for the first day of a month, -1 for the last, None for any other."""
    return 1 if at.day == 1 else -1 if _day_from_end(at) == -1 else None
